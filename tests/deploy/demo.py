"""The main job, shown: `app.py` deployed by the real CDK CLI to an AWS on this machine, used, renewed and taken down."""

import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.deploy.local_aws import LocalAws, local_aws

ROOT = Path(__file__).parents[2]
STACK = "SesSecureUser"
CONTEXT = {"identity": "example.com", "from_address": "noreply@example.com", "allowed_cidrs": "203.0.113.0/24"}


def main() -> None:
    started = time.monotonic()
    with TemporaryDirectory() as folder, local_aws() as aws:
        empty = aws.leftovers()
        step("Starting an AWS on this machine", f"{aws.env['AWS_ENDPOINT_URL']}, with an SES SMTP endpoint beside it")
        step("Bootstrapping it for the CDK")
        aws.bootstrap()
        step("Deploying app.py with the real CDK CLI")
        outputs = deploy(aws, Path(folder))
        step("Reading the secret")
        first = read(aws, outputs["SecretArn"])
        print(json.dumps(first | {"password": f"{first['password'][0]}{'•' * 43}"}, indent=2, ensure_ascii=False))
        step("Logging in with it, over TLS")
        check("the login is accepted", log_in(aws, first))
        check("a wrong password is refused", not log_in(aws, first | {"password": "B" + "A" * 43}))
        step("Rotating: a new login becomes current, the one before goes on working")
        second = rotate(aws, outputs["SecretArn"])
        check("the new login is accepted", log_in(aws, second))
        check("so is the previous one", log_in(aws, first))
        third = rotate(aws, outputs["SecretArn"])
        check("after the next rotation the first login is refused", not log_in(aws, first))
        check("and the two that came after it are accepted", log_in(aws, second) and log_in(aws, third))
        step("Destroying the stack")
        cdk(aws, Path(folder), "destroy", "--force")
        check("no user, key, secret, role or policy is left", aws.leftovers() == empty)
        check("the last login is refused", not log_in(aws, third))
        step("Searching logs, events and template for every key and password that was made")
        check(f"{len(aws.every_key_ever_made())} keys, none found", not leaked(aws, Path(folder)))
    print(f"\nAll as it should be, in {time.monotonic() - started:.0f} s. Nothing is left running.")


def step(title: str, detail: str = "") -> None:
    print(f"\n▸ {title}{f': {detail}' if detail else ''}", flush=True)


def check(what: str, holds: bool) -> None:  # noqa: FBT001 - reads as a sentence
    print(f"  {'✓' if holds else '✗'} {what}", flush=True)
    if not holds:
        sys.exit(f"not so: {what}")


def deploy(aws: LocalAws, folder: Path) -> dict[str, str]:
    context = [word for name, value in CONTEXT.items() for word in ("-c", f"{name}={value}")]
    context += ["-c", f"smtp_host={aws.smtp_host}", "-c", f"smtp_port={aws.smtp_port()}"]
    cdk(aws, folder, "deploy", "--require-approval", "never", "--outputs-file", str(folder / "outputs"), *context)
    return dict(json.loads((folder / "outputs").read_text())[STACK])


def cdk(aws: LocalAws, folder: Path, command: str, *arguments: str) -> None:
    """Run the CLI for all to see; a destroy takes the app as it was synthesized for the deployment."""
    app = ["--app", str(folder / "cdk.out")] if command == "destroy" else ["--output", str(folder / "cdk.out")]
    done = subprocess.run(["cdk", command, STACK, *arguments, *app, "--no-notices"], env=aws.env, cwd=ROOT, check=False)
    if done.returncode:
        sys.exit(f"cdk {command} failed")


def read(aws: LocalAws, secret: str) -> dict[str, Any]:
    return dict(json.loads(aws.client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"]))


def rotate(aws: LocalAws, secret: str) -> dict[str, Any]:
    aws.rotate(secret)
    return read(aws, secret)


def log_in(aws: LocalAws, login: dict[str, Any]) -> bool:
    return aws.login(login["username"], login["password"])


def leaked(aws: LocalAws, folder: Path) -> bool:
    template = next((folder / "cdk.out").glob("*.template.json")).read_text()
    text = "\n".join([template, aws.logs(), json.dumps(aws.events(STACK), default=str)])
    keys = aws.every_key_ever_made()
    return any(secret in text for key in keys for secret in (key.secret_access_key, *key.smtp_passwords.values()))


if __name__ == "__main__":
    main()
