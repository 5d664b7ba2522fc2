"""A demonstration: `app.py` is deployed to a local AWS with the real CDK CLI, used, rotated and destroyed."""

import html
import json
import subprocess
import sys
import time
from email.message import EmailMessage
from pathlib import Path
from string import Template
from tempfile import TemporaryDirectory
from typing import Any

from local_aws.aws import REGION, LocalAws, local_aws
from local_aws.ses.password import smtp_password

ROOT = Path(__file__).parent
PAGE = ROOT / "build" / "demo.html"
STACK = "SesSecureUser"
INSIDE, ELSEWHERE = "203.0.113.7", "198.51.100.99"
CONTEXT = {"identity": "example.com", "from_address": "noreply@example.com", "allowed_cidrs": "203.0.113.0/24"}
PLAIN = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "ses:SendRawEmail", "Resource": "*"}],
}
"""The policy of an SMTP user that the SES console creates
(https://docs.aws.amazon.com/ses/latest/dg/smtp-credentials.html)."""

ADDED = Template("""<p>Created by <code>make demo</code> on a local AWS. The stack is deleted.</p>
$picture
<h2>The deployed policy</h2>
<p>It is the policy of the user's group, and the user's permissions boundary.</p>
<pre>$policy</pre>
</main>""")
"""The end of the page, which replaces the one that `verify` writes."""


def main() -> None:
    started = time.monotonic()
    with TemporaryDirectory() as folder, local_aws() as aws:
        step("Starting a local AWS with an SES SMTP endpoint")
        for identity in ("example.com", "example.org"):
            aws.client("sesv2").create_email_identity(EmailIdentity=identity)
        plain = plain_login(aws)
        aws.bootstrap()
        empty = aws.leftovers()
        step("Deploying app.py with the real CDK CLI")
        outputs = deploy(aws, Path(folder))
        secret, first = outputs["SecretArn"], aws.value(outputs["SecretArn"])
        step("Two logins leak, and a thief sends from outside the network")
        answer = send(aws, plain, sent_as="ceo@example.com", origin=ELSEWHERE)
        check("with a plain SMTP user: mail as anyone is accepted", answer.startswith("250"), sign="✗", answer=answer)
        answer = send(aws, first, origin=ELSEWHERE)
        check("with this user: all mail is refused", answer.startswith("554"), answer=answer)
        step("Your application sends from the allowed network")
        check("mail as noreply@example.com is accepted", send(aws, first).startswith("250"))
        check("mail as another address of the domain is refused", refused(aws, first, "ceo@example.com"))
        check("mail as another identity of the account is refused", refused(aws, first, "noreply@example.org"))
        step("Logging in with the login in the secret")
        print(f"  {first['host']}:{first['port']}\n  …{first['username'][-4:]} {'•' * 44}")
        check("the login is accepted", log_in(aws, first))
        check("a wrong password is refused", not log_in(aws, first | {"password": "B" + "A" * 43}))
        step("Rotating: a new login becomes current, the previous one still works")
        second = rotate(aws, secret)
        check("the new login is accepted", log_in(aws, second))
        check("the previous login is accepted", log_in(aws, first))
        third = rotate(aws, secret)
        check("after the next rotation the first login is refused", not log_in(aws, first))
        check("the two later logins are accepted", log_in(aws, second) and log_in(aws, third))
        step("Proving this: ses-secure-user verify SECRET --inside")
        report(aws, secret, outputs["UserName"])
        step("Destroying the stack")
        cdk(aws, Path(folder), "destroy", "--force")
        check("no user, key, secret, role or policy is left", aws.leftovers() == empty)
        check("the last login is refused", not log_in(aws, third))
        step("Searching logs, events, template and report for all keys and passwords")
        check(f"{len(aws.every_key_ever_made())} keys were created, and none is found", not leaked(aws, Path(folder)))
    print(f"\nAll checks passed in {time.monotonic() - started:.0f} s. Nothing is left running. Report:")
    print(PAGE.relative_to(ROOT))


def step(title: str) -> None:
    print(f"\n▸ {title}", flush=True)


def check(what: str, holds: bool, *, sign: str = "✓", answer: str = "") -> None:  # noqa: FBT001 - reads as a sentence
    shown = f" ({' '.join(answer.split()[:3]).rstrip(':')})" if answer.startswith("5") else ""
    print(f"  {sign if holds else '!'} {what}{shown}", flush=True)
    if not holds:
        sys.exit(f"failed: {what}")


def plain_login(aws: LocalAws) -> dict[str, Any]:
    """Create a plain SMTP user, as the SES console does."""
    iam = aws.client("iam")
    iam.create_user(UserName="plain")
    iam.put_user_policy(UserName="plain", PolicyName="AmazonSesSendingAccess", PolicyDocument=json.dumps(PLAIN))
    key = iam.create_access_key(UserName="plain")["AccessKey"]
    return {"username": key["AccessKeyId"], "password": smtp_password(key["SecretAccessKey"], REGION)}


def deploy(aws: LocalAws, folder: Path) -> dict[str, str]:
    """Deploy the app, and print the number of CloudFormation's events."""
    started = time.monotonic()
    context = [word for name, value in CONTEXT.items() for word in ("-c", f"{name}={value}")]
    cdk(aws, folder, "deploy", "--require-approval", "never", "--outputs-file", str(folder / "outputs"), *context)
    events = aws.events(STACK)
    made = {one["LogicalResourceId"] for one in events if one["ResourceStatus"] == "CREATE_COMPLETE"} - {STACK}
    seconds = time.monotonic() - started
    check(f"CloudFormation created {len(made)} resources, in {len(events)} events and {seconds:.0f} s", bool(made))
    return dict(json.loads((folder / "outputs").read_text(encoding="utf-8"))[STACK])


def cdk(aws: LocalAws, folder: Path, command: str, *arguments: str) -> None:
    """Run the CLI, and print its output if it fails. A destroy uses the cloud assembly of the deployment."""
    app = ["--app", str(folder / "cdk.out")] if command == "destroy" else ["--output", str(folder / "cdk.out")]
    done = run(aws, ["cdk", command, STACK, *arguments, *app, "--no-notices"])
    if done.returncode:
        sys.exit(f"{done.stdout}\ncdk {command} failed")


def run(aws: LocalAws, command: list[str], **env: str) -> subprocess.CompletedProcess[str]:
    pipe, one = subprocess.PIPE, subprocess.STDOUT
    return subprocess.run(command, env=aws.env | env, cwd=ROOT, stdout=pipe, stderr=one, encoding="utf-8", check=False)


def rotate(aws: LocalAws, secret: str) -> dict[str, Any]:
    aws.rotate(secret)
    return aws.value(secret)


def log_in(aws: LocalAws, login: dict[str, Any]) -> bool:
    return aws.login(login["username"], login["password"])


def send(aws: LocalAws, login: dict[str, Any], sent_as: str = CONTEXT["from_address"], origin: str = INSIDE) -> str:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sent_as, "person@example.net", "Hello"
    aws.send_from(origin)
    return aws.send(login["username"], login["password"], message)


def refused(aws: LocalAws, login: dict[str, Any], sent_as: str) -> bool:
    return send(aws, login, sent_as).startswith("554 Access denied")


def report(aws: LocalAws, secret: str, user: str) -> None:
    """Run `verify` in a process, and add the policy and the picture to its page."""
    aws.send_from(INSIDE)
    PAGE.parent.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "ses_secure_user", "verify", secret, "--inside", "--html", str(PAGE)]
    done = run(aws, command, COLUMNS="110", SSL_CERT_FILE=str(aws.ca_file))
    if done.returncode:
        sys.exit(f"{done.stdout}\nverify failed")
    check(done.stdout.rstrip().splitlines()[-1], holds=True)
    iam = aws.client("iam")
    policy = iam.get_user(UserName=user)["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"]
    version = iam.get_policy(PolicyArn=policy)["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=policy, VersionId=version)["PolicyVersion"]["Document"]
    picture = (ROOT / "docs" / "how-it-works.svg").read_text(encoding="utf-8")
    added = ADDED.substitute(picture=picture, policy=html.escape(json.dumps(document, indent=2)))
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(page.replace("</main>", added), encoding="utf-8")


def leaked(aws: LocalAws, folder: Path) -> bool:
    template = next((folder / "cdk.out").glob("*.template.json")).read_text(encoding="utf-8")
    page, events = PAGE.read_text(encoding="utf-8"), json.dumps(aws.events(STACK), default=str)
    return bool(aws.leaked_in(f"{template}\n{page}\n{events}\n{aws.logs()}"))


if __name__ == "__main__":
    main()
