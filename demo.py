"""The main job: `app.py` deployed by the real CDK CLI to an AWS on this machine, used, renewed and taken down."""

import json
import os
import re
import subprocess
import sys
import time
from email.message import EmailMessage
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from local_aws.aws import LocalAws, local_aws

ROOT = Path(__file__).parent
STACK = "SesSecureUser"
INSIDE = "203.0.113.7"
CONTEXT = {"identity": "example.com", "from_address": "noreply@example.com", "allowed_cidrs": "203.0.113.0/24"}


def main() -> None:
    started = time.monotonic()
    with TemporaryDirectory() as folder, local_aws() as aws:
        empty = aws.leftovers()
        step("Starting an AWS on this machine", f"{aws.env['AWS_ENDPOINT_URL']}, with an SES SMTP endpoint beside it")
        step("Bootstrapping it for the CDK")
        aws.bootstrap()
        for identity in ("example.com", "example.org"):
            aws.client("sesv2").create_email_identity(EmailIdentity=identity)
        step("Deploying app.py with the real CDK CLI")
        outputs = deploy(aws, Path(folder))
        step("Reading the secret")
        first = aws.value(outputs["SecretArn"])
        print(json.dumps(first | {"password": f"{first['password'][0]}{'•' * 43}"}, indent=2, ensure_ascii=False))
        step("Logging in with it, over TLS")
        check("the login is accepted", log_in(aws, first))
        check("a wrong password is refused", not log_in(aws, first | {"password": "B" + "A" * 43}))
        step("Sending with it, from inside the allowed network and from elsewhere")
        check("mail as noreply@example.com is accepted", send(aws, first).startswith("250"))
        check("as another address of the domain it is refused", refused(aws, first, sent_as="ceo@example.com"))
        check("as another identity of the account it is refused", refused(aws, first, sent_as="noreply@example.org"))
        check("from another network it is refused", refused(aws, first, origin="198.51.100.99"))
        step("Proving all of it: ses-secure-user verify SECRET --inside")
        check("everything is proved", verify(aws, outputs["SecretArn"]))
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
    cdk(aws, folder, "deploy", "--require-approval", "never", "--outputs-file", str(folder / "outputs"), *context)
    return dict(json.loads((folder / "outputs").read_text(encoding="utf-8"))[STACK])


def cdk(aws: LocalAws, folder: Path, command: str, *arguments: str) -> None:
    """Run the CLI for all to see; a destroy takes the app as it was synthesized for the deployment."""
    app = ["--app", str(folder / "cdk.out")] if command == "destroy" else ["--output", str(folder / "cdk.out")]
    done = subprocess.run(["cdk", command, STACK, *arguments, *app, "--no-notices"], env=aws.env, cwd=ROOT, check=False)
    if done.returncode:
        sys.exit(f"cdk {command} failed")


def rotate(aws: LocalAws, secret: str) -> dict[str, Any]:
    aws.rotate(secret)
    return aws.value(secret)


def log_in(aws: LocalAws, login: dict[str, Any]) -> bool:
    return aws.login(login["username"], login["password"])


def send(aws: LocalAws, login: dict[str, Any], sent_as: str = "noreply@example.com", origin: str = INSIDE) -> str:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sent_as, "somebody@example.net", "Hello"
    aws.send_from(origin)
    return aws.send(login["username"], login["password"], message)


def refused(aws: LocalAws, login: dict[str, Any], **changed: str) -> bool:
    answer = send(aws, login, **changed)
    shortened = re.sub(r"arn:[^ ]*:(user|identity)/", r"…\1/", answer)
    print(f"    {shortened}", flush=True)
    return answer.startswith("554 Access denied")


def verify(aws: LocalAws, secret: str) -> bool:
    """Run the command line as people do."""
    aws.send_from(INSIDE)
    env = {"COLUMNS": "118", **os.environ, **aws.env, "SSL_CERT_FILE": str(aws.ca_file)}
    command = [sys.executable, "-m", "ses_secure_user", "verify", secret, "--inside"]
    return subprocess.run(command, env=env, cwd=ROOT, check=False).returncode == 0


def leaked(aws: LocalAws, folder: Path) -> bool:
    template = next((folder / "cdk.out").glob("*.template.json")).read_text(encoding="utf-8")
    text = "\n".join([template, aws.logs(), json.dumps(aws.events(STACK), default=str)])
    return bool(aws.leaked_in(text))


if __name__ == "__main__":
    main()
