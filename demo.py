"""The main job: `app.py` deployed by the real CDK CLI to an AWS on this machine, used, renewed and taken down."""

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
"""The policy of an SMTP user that SES's console makes
(https://docs.aws.amazon.com/ses/latest/dg/smtp-credentials.html)."""

ADDED = Template("""<p>Made by <code>make demo</code> on an AWS on this machine. The stack is deleted.</p>
$picture
<h2>The policy as it was deployed</h2>
<p>It is the policy of the user's group, and the user's permissions boundary.</p>
<pre>$policy</pre>
</main>""")
"""The end of the page that `verify` writes."""


def main() -> None:
    started = time.monotonic()
    with TemporaryDirectory() as folder, local_aws() as aws:
        step("Starting an AWS on this machine, with an SES SMTP endpoint")
        for identity in ("example.com", "example.org"):
            aws.client("sesv2").create_email_identity(EmailIdentity=identity)
        plain = plain_login(aws)
        aws.bootstrap()
        empty = aws.leftovers()
        step("Deploying app.py to it with the real CDK CLI")
        outputs = deploy(aws, Path(folder))
        secret, first = outputs["SecretArn"], aws.value(outputs["SecretArn"])
        step("Two logins leak. A thief elsewhere sends with")
        answer = send(aws, plain, sent_as="ceo@example.com", origin=ELSEWHERE)
        check("a plain SMTP user's: mail as anybody is accepted", answer.startswith("250"), sign="✗", answer=answer)
        answer = send(aws, first, origin=ELSEWHERE)
        check("this one: all mail is refused", answer.startswith("554"), answer=answer)
        step("Your application sends, from the allowed network")
        check("mail as noreply@example.com is accepted", send(aws, first).startswith("250"))
        check("as another address of the domain it is refused", refused(aws, first, "ceo@example.com"))
        check("as another identity of the account it is refused", refused(aws, first, "noreply@example.org"))
        step("It has the login from the secret")
        print(f"  {first['host']}:{first['port']}\n  …{first['username'][-4:]} {'•' * 44}")
        check("the login is accepted", log_in(aws, first))
        check("a wrong password is refused", not log_in(aws, first | {"password": "B" + "A" * 43}))
        step("Rotating: a new login becomes current, the one before goes on working")
        second = rotate(aws, secret)
        check("the new login is accepted", log_in(aws, second))
        check("so is the previous one", log_in(aws, first))
        third = rotate(aws, secret)
        check("after the next rotation the first login is refused", not log_in(aws, first))
        check("and the two that came after it are accepted", log_in(aws, second) and log_in(aws, third))
        step("Proving all of it: ses-secure-user verify SECRET --inside")
        report(aws, secret, outputs["UserName"])
        step("Destroying the stack")
        cdk(aws, Path(folder), "destroy", "--force")
        check("no user, key, secret, role or policy is left", aws.leftovers() == empty)
        check("the last login is refused", not log_in(aws, third))
        step("Searching logs, events, template and report for every key and password")
        check(f"{len(aws.every_key_ever_made())} keys were made, none is found", not leaked(aws, Path(folder)))
    print(f"\nAll as it should be, in {time.monotonic() - started:.0f} s. Nothing is left running. The report stays:")
    print(PAGE.relative_to(ROOT))


def step(title: str) -> None:
    print(f"\n▸ {title}", flush=True)


def check(what: str, holds: bool, *, sign: str = "✓", answer: str = "") -> None:  # noqa: FBT001 - reads as a sentence
    shown = f" ({' '.join(answer.split()[:3]).rstrip(':')})" if answer.startswith("5") else ""
    print(f"  {sign if holds else '!'} {what}{shown}", flush=True)
    if not holds:
        sys.exit(f"not so: {what}")


def plain_login(aws: LocalAws) -> dict[str, Any]:
    """Make an SMTP user as it is commonly made, without this construct."""
    iam = aws.client("iam")
    iam.create_user(UserName="plain")
    iam.put_user_policy(UserName="plain", PolicyName="AmazonSesSendingAccess", PolicyDocument=json.dumps(PLAIN))
    key = iam.create_access_key(UserName="plain")["AccessKey"]
    return {"username": key["AccessKeyId"], "password": smtp_password(key["SecretAccessKey"], REGION)}


def deploy(aws: LocalAws, folder: Path) -> dict[str, str]:
    """Deploy the app; of CloudFormation's events their number is shown."""
    started = time.monotonic()
    context = [word for name, value in CONTEXT.items() for word in ("-c", f"{name}={value}")]
    cdk(aws, folder, "deploy", "--require-approval", "never", "--outputs-file", str(folder / "outputs"), *context)
    events = aws.events(STACK)
    made = {one["LogicalResourceId"] for one in events if one["ResourceStatus"] == "CREATE_COMPLETE"} - {STACK}
    seconds = time.monotonic() - started
    check(f"CloudFormation made {len(made)} resources, in {len(events)} events and {seconds:.0f} s", bool(made))
    return dict(json.loads((folder / "outputs").read_text(encoding="utf-8"))[STACK])


def cdk(aws: LocalAws, folder: Path, command: str, *arguments: str) -> None:
    """Run the CLI, and show what it prints if it fails; a destroy takes the app as it was synthesized to deploy."""
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
    message["From"], message["To"], message["Subject"] = sent_as, "somebody@example.net", "Hello"
    aws.send_from(origin)
    return aws.send(login["username"], login["password"], message)


def refused(aws: LocalAws, login: dict[str, Any], sent_as: str) -> bool:
    return send(aws, login, sent_as).startswith("554 Access denied")


def report(aws: LocalAws, secret: str, user: str) -> None:
    """Run `verify` as people do, and add the policy and the picture to its page."""
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
