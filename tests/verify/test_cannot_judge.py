"""Whatever keeps a login from being judged is one clear sentence, and exit code 2."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from botocore.exceptions import ClientError, SSLError

from ses_secure_user.cli.errors import CannotJudgeError, explained
from tests.deploy.local_aws import LocalAws
from tests.verify.command import ELSEWHERE, INSIDE, Command, evidence

UNUSED = "http://127.0.0.1:9"

pytestmark = pytest.mark.usefixtures("sent_from_inside")


def sentence(command: Command, *arguments: str, env: dict[str, str] | None = None) -> str:
    done = command.run("verify", *(arguments or (command.secret,)), env=env)
    assert done.exit_code == 2, done.output
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    return line.removeprefix("Error: ")


def test_no_such_secret(plain: Command) -> None:
    assert sentence(plain, "nothing") == "there is no secret nothing in us-east-1"
    arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:nothing"
    assert sentence(plain, arn) == f"there is no secret {arn.replace('111122223333', '************')} in eu-west-1"


def test_a_secret_of_something_else(aws: LocalAws, plain: Command) -> None:
    aws.client("secretsmanager").create_secret(Name="database", SecretString="{}")
    assert sentence(plain, "database") == (
        "the secret database is not one of SecureSesSmtpUser: it has no tag ses-secure-user:user-name,"
        " ses-secure-user:region, ses-secure-user:host, ses-secure-user:port, ses-secure-user:from-address,"
        " ses-secure-user:verify-login"
    )


def _tags(user: str, **changed: str) -> list[dict[str, str]]:
    values = {"user-name": user, "region": "us-east-1", "host": "localhost", "port": "465"}
    values |= {"from-address": "noreply@example.com", "verify-login": "true"} | changed
    return [{"Key": f"ses-secure-user:{name}", "Value": value} for name, value in values.items()]


def test_a_secret_that_is_being_deleted(aws: LocalAws, plain: Command) -> None:
    secrets = aws.client("secretsmanager")
    secrets.create_secret(Name="doomed", SecretString="{}", Tags=_tags(plain.user))
    secrets.delete_secret(SecretId="doomed", RecoveryWindowInDays=7)
    assert sentence(plain, "doomed") == "the secret doomed is marked for deletion"


@pytest.mark.parametrize(
    ("name", "user", "value"), [("orphan", "nobody", "{}"), ("empty", "", "{}"), ("garbled", "", "plain text")]
)
def test_a_secret_without_a_login(aws: LocalAws, plain: Command, name: str, user: str, value: str) -> None:
    aws.client("secretsmanager").create_secret(Name=name, SecretString=value, Tags=_tags(user or plain.user))
    assert sentence(plain, name) == (
        f"the IAM user {user}, whom the secret's tags name, does not exist"
        if user
        else "the secret's AWSCURRENT version holds no SMTP login"
    )


def test_a_user_without_the_policy(aws: LocalAws, plain: Command) -> None:
    aws.client("iam").create_user(UserName="bare")
    aws.client("secretsmanager").create_secret(Name="bare", SecretString="{}", Tags=_tags("bare"))
    assert "has no policy that SecureSesSmtpUser writes" in sentence(plain, "bare")


def test_no_permission(aws: LocalAws, plain: Command) -> None:
    aws.client("iam").create_user(UserName="powerless")
    key = aws.client("iam").create_access_key(UserName="powerless")["AccessKey"]
    env = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    assert sentence(plain, plain.secret, env=env) == (
        "these credentials may not call DescribeSecret: `mailer.grant_verify(role)` grants what is needed"
    )


@contextmanager
def paused(aws: LocalAws) -> Iterator[None]:
    aws.client("sesv2").put_account_sending_attributes(SendingEnabled=False)
    try:
        yield
    finally:
        aws.client("sesv2").put_account_sending_attributes(SendingEnabled=True)


def test_a_paused_account(aws: LocalAws, plain: Command) -> None:
    with paused(aws):
        assert "SES sends nothing for this account in us-east-1: sending is paused" in sentence(plain)


@contextmanager
def sandboxed(aws: LocalAws, *, judged: bool) -> Iterator[None]:
    details = {"MailType": "TRANSACTIONAL", "WebsiteURL": "https://example.com"}
    aws.client("sesv2").put_account_details(**details, ProductionAccessEnabled=False)
    aws.judge_simulator_in_sandbox(judged=judged)
    try:
        yield
    finally:
        aws.client("sesv2").put_account_details(**details, ProductionAccessEnabled=True)
        aws.judge_simulator_in_sandbox(judged=False)


def test_a_sandbox_that_judges_the_mailbox_simulator_too(aws: LocalAws, plain: Command) -> None:
    with sandboxed(aws, judged=True):
        assert "the account is in SES's sandbox and cannot send to success+" in sentence(plain)


def test_a_sandbox_that_does_not(aws: LocalAws, plain: Command) -> None:
    with sandboxed(aws, judged=False):
        assert plain.verify()["exit"] == 0


def test_an_identity_that_is_not_verified(aws: LocalAws, plain: Command) -> None:
    ses = aws.client("sesv2")
    ses.delete_email_identity(EmailIdentity="example.com")
    try:
        expected = "neither noreply@example.com nor its domain is a verified identity in us-east-1"
        assert sentence(plain) == expected
    finally:
        ses.create_email_identity(EmailIdentity="example.com")


def test_an_endpoint_that_cannot_be_reached(aws: LocalAws, plain: Command) -> None:
    aws.smtp_down()
    try:
        assert sentence(plain) == (
            f"the endpoint localhost:{aws.smtp_port()} cannot be reached (SMTPServerDisconnected)"
        )
    finally:
        aws.smtp_up()


def test_mail_that_ses_puts_off(aws: LocalAws, plain: Command) -> None:
    aws.throttle_mails(throttled=True)
    found = sentence(plain)
    aws.throttle_mails(throttled=False)
    assert found.startswith("SES puts off for now what it is asked: 454 Throttling failure: Maximum sending rate")


def test_an_endpoint_whose_certificate_nobody_vouches_for(plain: Command) -> None:
    assert "the certificate of localhost:" in sentence(plain, plain.secret, env={"SSL_CERT_FILE": "/dev/null"})


def test_an_address_that_cannot_be_found_out(plain: Command) -> None:
    plain.address = "nowhere"
    found = sentence(plain)
    plain.address = INSIDE
    assert found == "https://checkip.amazonaws.com does not tell this machine's address: say --inside or --outside"


def test_credentials_region_or_endpoint_missing_or_wrong(plain: Command) -> None:
    nothing = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    assert sentence(plain, plain.secret, env=nothing).startswith("no AWS credentials were found")
    assert sentence(plain, "name", env={"AWS_REGION": ""}) == "no AWS region is set: name one with --region"
    assert "nobody" in sentence(plain, plain.secret, "--profile", "nobody")
    assert sentence(plain, plain.secret, env={"AWS_ENDPOINT_URL": UNUSED, "AWS_MAX_ATTEMPTS": "1"}).startswith(
        "AWS cannot be asked: Could not connect"
    )


@pytest.mark.parametrize(
    "arguments", [(), ("secret", "--inside-out"), ("secret", "other"), ("s", "--inside", "--outside")]
)
def test_wrong_usage(plain: Command, arguments: tuple[str, ...]) -> None:
    done = plain.run("verify", *arguments)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert "Usage: " in done.stderr


def test_json_and_junit_say_so_too(aws: LocalAws, plain: Command, tmp_path: Path) -> None:
    junit = tmp_path / "junit.xml"
    with paused(aws):
        done = plain.run("verify", plain.secret, "--json", "--junit", str(junit))
    assert done.exit_code == 2
    report = json.loads(done.stdout)
    assert report["verdict"] == "not proved"
    assert report["error"] in done.stderr
    (case,) = ET.parse(junit).getroot()  # noqa: S314 - we have just written it
    (error,) = case
    assert (error.tag, error.get("message")) == ("error", report["error"])


def test_a_file_that_cannot_be_written(plain: Command) -> None:
    done = plain.run("verify", plain.secret, "--junit", "/nowhere/junit.xml")
    assert done.exit_code == 2
    assert done.stderr == "Error: /nowhere/junit.xml cannot be written: No such file or directory\n"


def test_a_refusal_not_shown_to_be_the_policys_proves_nothing(aws: LocalAws, plain: Command) -> None:
    """A mail that SES rejects for another reason than authorization looks like a refusal, and is none."""
    aws.send_from(ELSEWHERE)
    aws.client("sesv2").put_email_identity_configuration_set_attributes(
        EmailIdentity="example.com", ConfigurationSetName="watched"
    )
    report = plain.verify("--outside")
    aws.client("sesv2").put_email_identity_configuration_set_attributes(EmailIdentity="example.com")
    assert "not shown to be by the policy" in evidence(report, "refused-from-here")
    assert report["exit"] == 1, "the allowed mail is denied by IAM from inside too"


def error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "key AKIAIOSFODNN7EXAMPLE of 111122223333"}}, "GetUser")


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (error("Throttling"), "AWS throttles GetUser: try again in a minute"),
        (error("TooManyRequestsException"), "AWS throttles GetUser: try again in a minute"),
        (error("AccessDenied"), "these credentials may not call GetUser: ask for them"),
        (error("ExpiredToken"), "these AWS credentials are not valid (ExpiredToken)"),
        (error("ServiceFailure"), "GetUser failed: key …MPLE of ************"),
        (
            SSLError(endpoint_url="https://x", error=ValueError("broken")),
            "AWS cannot be asked: SSL validation failed for https://x broken",
        ),
    ],
)
def test_every_error_of_the_sdk_is_one_sentence(raised: Exception, expected: str) -> None:
    with pytest.raises(CannotJudgeError) as refused, explained("ask for them"):
        raise raised
    assert str(refused.value) == expected
    assert refused.value.__cause__ is None
