"""`verify` on a login that cannot be judged: one clear sentence, and exit code 2."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from botocore.exceptions import ClientError, SSLError

from local_aws.aws import ACCOUNT, LocalAws
from ses_secure_user.cli.errors import CannotJudgeError, explained
from tests.cli.command import ELSEWHERE, INSIDE, Command, deployed, evidence

UNUSED = "http://127.0.0.1:9"
HOST = "email-smtp.us-east-1.amazonaws.com"

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


NO_LOGIN: dict[str, dict[str, str | bytes]] = {
    "empty": {},
    "binary": {"SecretBinary": b"login"},
    "garbled": {"SecretString": "plain text"},
    "listed": {"SecretString": '["iam_user"]'},
    "database": {"SecretString": '{"username": "admin", "password": "secret"}'},
    "nameless": {"SecretString": '{"iam_user": ""}'},
    "numbered": {"SecretString": '{"iam_user": 1}'},
}


@pytest.mark.parametrize("name", NO_LOGIN)
def test_a_secret_that_names_no_user(aws: LocalAws, plain: Command, name: str) -> None:
    aws.client("secretsmanager").create_secret(Name=name, **NO_LOGIN[name])
    assert sentence(plain, name) == (
        f"the secret {name} was not created by SecureSesSmtpUser, or its value was replaced: it has no field iam_user"
    )


def test_a_secret_that_is_being_deleted(aws: LocalAws, plain: Command) -> None:
    named(aws, "doomed", plain.user)
    aws.client("secretsmanager").delete_secret(SecretId="doomed", RecoveryWindowInDays=7)
    assert sentence(plain, "doomed") == "the secret doomed is scheduled for deletion"


def test_a_replica_of_a_secret(aws: LocalAws, plain: Command) -> None:
    arn = named(aws, "copied", plain.user)
    regions = [{"Region": "eu-west-1"}]
    aws.client("secretsmanager").replicate_secret_to_regions(SecretId=arn, AddReplicaRegions=regions)
    replica = arn.replace("us-east-1", "eu-west-1")
    assert sentence(plain, replica).endswith(" is a replica: name the primary secret in us-east-1")


def test_a_user_that_does_not_exist(aws: LocalAws, plain: Command) -> None:
    named(aws, "orphan", "nobody")
    assert sentence(plain, "orphan") == "the IAM user nobody that the secret names does not exist"


def named(aws: LocalAws, secret: str, user: str) -> str:
    """Create a secret by hand, whose value names a user."""
    made = aws.client("secretsmanager").create_secret(Name=secret, SecretString=json.dumps({"iam_user": user}))
    return str(made["ARN"])


def tagged(aws: LocalAws, user: str, **tags: str) -> None:
    """Create a user by hand, with tags like those of the construct."""
    named = [{"Key": f"ses-secure-user:{name}", "Value": value} for name, value in tags.items()]
    aws.client("iam").create_user(UserName=user, Tags=named)


def test_a_user_without_tags(aws: LocalAws, plain: Command) -> None:
    named(aws, "untagged", "untagged")
    tagged(aws, "untagged")
    assert sentence(plain, "untagged") == (
        "the IAM user untagged that the secret names was not created by SecureSesSmtpUser: it has no tag"
        " ses-secure-user:secret, ses-secure-user:region, ses-secure-user:host, ses-secure-user:port"
    )


@pytest.mark.parametrize("name", ["secret", "region", "host", "port"])
def test_a_missing_tag_of_the_user(aws: LocalAws, plain: Command, name: str) -> None:
    iam, key = aws.client("iam"), f"ses-secure-user:{name}"
    (before,) = (tag for tag in iam.get_user(UserName=plain.user)["User"]["Tags"] if tag["Key"] == key)
    iam.untag_user(UserName=plain.user, TagKeys=[key])
    found = sentence(plain)
    iam.tag_user(UserName=plain.user, Tags=[before])
    assert found.endswith(f" was not created by SecureSesSmtpUser: it has no tag {key}")


def test_a_user_of_another_secret(aws: LocalAws, plain: Command) -> None:
    """A value only points to a user. A copy of it in another secret is not a login."""
    aws.client("secretsmanager").create_secret(Name="copy", SecretString=json.dumps(aws.value(plain.secret)))
    shown = plain.secret.replace(ACCOUNT, "*" * 12)
    assert sentence(plain, "copy") == (
        f"the IAM user {plain.user} that the secret names belongs to another secret:"
        f" its tag ses-secure-user:secret names {shown}"
    )


def test_a_user_without_the_policy(aws: LocalAws, plain: Command) -> None:
    tagged(aws, "bare", secret=named(aws, "bare", "bare"), region="us-east-1", host=HOST, port="465")
    assert "has no policy written by SecureSesSmtpUser" in sentence(plain, "bare")


def test_a_replaced_value_until_the_secret_is_rotated(aws: LocalAws) -> None:
    """The remedy that the function names for a lost value: the next rotation then issues a login."""
    with deployed(aws, "Replaced") as command:
        pointer = json.dumps({"iam_user": command.user})
        aws.client("secretsmanager").put_secret_value(SecretId=command.secret, SecretString=pointer)
        found = sentence(command)
        aws.rotate(command.secret)
        healed = command.verify()
    assert found == "the secret's current version holds no SMTP login: rotate the secret"
    assert healed["exit"] == 0, healed


@pytest.mark.parametrize(("field", "value"), [("username", "Ä"), ("password", "²"), ("username", "")])
def test_a_value_that_smtp_cannot_send(aws: LocalAws, field: str, value: str) -> None:
    with deployed(aws, "Unsendable") as command:
        text = json.dumps(aws.value(command.secret) | {field: value})
        aws.client("secretsmanager").put_secret_value(SecretId=command.secret, SecretString=text)
        assert sentence(command) == "the secret's current version holds no SMTP login: rotate the secret"


def test_no_permission(aws: LocalAws, plain: Command) -> None:
    aws.client("iam").create_user(UserName="powerless")
    key = aws.client("iam").create_access_key(UserName="powerless")["AccessKey"]
    env = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    assert sentence(plain, plain.secret, env=env) == (
        "these credentials may not call DescribeSecret: `mailer.grant_verify(role)` grants the permissions"
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
        assert "SES sends no mail for this account in us-east-1: sending is paused" in sentence(plain)


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


def test_a_sandbox_that_judges_the_mailbox_simulator(aws: LocalAws, plain: Command) -> None:
    with sandboxed(aws, judged=True):
        assert "the account is in SES's sandbox and cannot send to success+" in sentence(plain)


def test_a_sandbox_that_exempts_the_mailbox_simulator(aws: LocalAws, plain: Command) -> None:
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
        assert sentence(plain) == f"the endpoint {HOST}:465 cannot be reached (SMTPServerDisconnected)"
    finally:
        aws.smtp_up()


def test_mail_that_ses_refuses_temporarily(aws: LocalAws, plain: Command) -> None:
    aws.throttle_mails(throttled=True)
    found = sentence(plain)
    aws.throttle_mails(throttled=False)
    assert found.startswith("SES returned a temporary error: 454 Throttling failure: Maximum sending rate")


def test_an_endpoint_with_an_untrusted_certificate(plain: Command) -> None:
    assert f"the certificate of {HOST}:465 " in sentence(plain, plain.secret, env={"SSL_CERT_FILE": "/dev/null"})


def test_a_public_address_that_is_not_known(plain: Command) -> None:
    plain.address = "nowhere"
    found = sentence(plain)
    plain.address = INSIDE
    assert found == "https://checkip.amazonaws.com does not return this machine's address: use --inside or --outside"


def test_credentials_region_or_endpoint_missing_or_wrong(plain: Command) -> None:
    nothing = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    assert sentence(plain, plain.secret, env=nothing).startswith("no AWS credentials were found")
    assert sentence(plain, "name", env={"AWS_REGION": ""}) == "no AWS region is set: use --region"
    assert "nobody" in sentence(plain, plain.secret, "--profile", "nobody")
    assert sentence(plain, plain.secret, env={"AWS_ENDPOINT_URL": UNUSED, "AWS_MAX_ATTEMPTS": "1"}).startswith(
        "the call to AWS failed: Could not connect"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("secret", "--inside-out"),
        ("secret", "other"),
        ("s", "--inside", "--outside"),
        ("s", "--expect-interval", "²0 days"),
        ("s", "--expect-interval", ""),
        ("s", "--expect-interval", "monthly"),
    ],
)
def test_wrong_usage(plain: Command, arguments: tuple[str, ...]) -> None:
    done = plain.run("verify", *arguments)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert "Usage: " in done.stderr


def test_json_and_junit_contain_the_error(aws: LocalAws, plain: Command, tmp_path: Path) -> None:
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


def test_a_refusal_for_another_reason_proves_nothing(aws: LocalAws, plain: Command) -> None:
    """A mail that SES rejects for a reason other than authorization does not prove a restriction."""
    aws.send_from(ELSEWHERE)
    aws.client("sesv2").put_email_identity_configuration_set_attributes(
        EmailIdentity="example.com", ConfigurationSetName="watched"
    )
    report = plain.verify("--outside")
    aws.client("sesv2").put_email_identity_configuration_set_attributes(EmailIdentity="example.com")
    assert "refused, but possibly not by the policy" in evidence(report, "refused-from-here")
    assert report["exit"] == 1, "IAM also denies the allowed mail from inside"


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
            "the call to AWS failed: SSL validation failed for https://x broken",
        ),
    ],
)
def test_every_error_of_the_sdk_is_one_sentence(raised: Exception, expected: str) -> None:
    with pytest.raises(CannotJudgeError) as refused, explained("ask for them"):
        raise raised
    assert str(refused.value) == expected
    assert refused.value.__cause__ is None
