"""Moving from another SMTP user by the steps in `docs/moving.md`: no mail is lost.

The identity has a default configuration set. One application writes its From address with a capital letter, and another
one sends from another network.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_string
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any

import pytest

from local_aws.aws import ACCOUNT, REGION, LocalAws, verified_aws
from local_aws.ses.password import smtp_password
from tests.cli.command import Command, deployed

SET = "tracked"
OLD = "ses-smtp-user.20230126"
EVERYTHING = {"Effect": "Allow", "Action": "ses:SendRawEmail", "Resource": "*"}
IDENTITY = {**EVERYTHING, "Resource": f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/example.com"}

Login = tuple[str, str]


@dataclass
class Application:
    """An application that sends mail with a login."""

    sender: str
    origin: str
    login: Login


@dataclass
class Traffic:
    """The mail of all applications, with the responses."""

    aws: LocalAws
    applications: list[Application]
    answers: list[str] = field(default_factory=list)

    def flows(self) -> None:
        """Send one mail from each application."""
        for one in self.applications:
            self.answers.append(sent(self.aws, one.login, one.sender, one.origin))


def sent(aws: LocalAws, login: Login, sender: str, origin: str) -> str:
    message = EmailMessage()
    message["From"], message["To"] = sender, "person@example.net"
    message.set_content("A mail that must not be lost.")
    aws.send_from(origin)
    return aws.send(*login, message)


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    """Run a local AWS with identities. The one of the session has none."""
    with verified_aws() as running:
        yield running


@pytest.fixture
def old(aws: LocalAws, request: pytest.FixtureRequest) -> Iterator[Login]:
    """Create the old user, and a default configuration set of its identity, and return the user's login."""
    statement = getattr(request, "param", EVERYTHING)
    iam, ses = aws.client("iam"), aws.client("sesv2")
    ses.create_configuration_set(ConfigurationSetName=SET)
    iam.create_user(UserName=OLD)
    policy = json.dumps({"Version": "2012-10-17", "Statement": statement})
    iam.put_user_policy(UserName=OLD, PolicyName="AmazonSesSendingAccess", PolicyDocument=policy)
    key = iam.create_access_key(UserName=OLD)["AccessKey"]
    yield key["AccessKeyId"], smtp_password(key["SecretAccessKey"], REGION)
    ses.put_email_identity_configuration_set_attributes(EmailIdentity="example.com")
    ses.delete_configuration_set(ConfigurationSetName=SET)
    if OLD in {one["UserName"] for one in iam.list_users()["Users"]}:
        iam.delete_user_policy(UserName=OLD, PolicyName="AmazonSesSendingAccess")
        for left in aws.keys(OLD):
            iam.delete_access_key(UserName=OLD, AccessKeyId=left)
        iam.delete_user(UserName=OLD)


def make_default(aws: LocalAws) -> None:
    ses = aws.client("sesv2")
    ses.put_email_identity_configuration_set_attributes(EmailIdentity="example.com", ConfigurationSetName=SET)


def found_out(aws: LocalAws, mails: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the properties for the mail in the events of the configuration set, with that set."""
    senders = {parseaddr(str(message_from_string(one["text"])["From"]))[1] for one in mails}
    default = aws.client("sesv2").get_email_identity(EmailIdentity="example.com").get("ConfigurationSetName")
    return {
        "identity": "example.com",
        "from_address": sorted(senders),
        "allowed_cidrs": sorted({f"{one['origin']}/32" for one in mails}),
        "configuration_set": default,
    }


def given(command: Command) -> Login:
    value = command.aws.value(command.secret)
    return value["username"], value["password"]


def test_no_mail_is_lost_during_the_move(aws: LocalAws, old: Login) -> None:
    iam = aws.client("iam")
    make_default(aws)
    shop = Application("Shop <Billing@example.com>", "203.0.113.7", old)
    monthly = Application("noreply@example.com", "198.51.100.20", old)
    traffic = Traffic(aws, [shop, monthly])

    before = len(aws.mails())
    traffic.flows()
    properties = found_out(aws, aws.mails()[before:])
    assert properties["from_address"] == ["Billing@example.com", "noreply@example.com"]
    with deployed(aws, "Moving", **properties) as command:
        traffic.flows()
        for one in traffic.applications:
            aws.send_from(one.origin)
            command.address = one.origin
            report = command.verify("--inside")
            assert (report["exit"], report["verdict"]) == (0, "proved"), report
            assert sent(aws, given(command), one.sender, one.origin) == "250"

        for one in traffic.applications:
            one.login = given(command)
            traffic.flows()

        iam.update_access_key(UserName=OLD, AccessKeyId=old[0], Status="Inactive")
        traffic.flows()
        assert not aws.login(*old)

        iam.update_access_key(UserName=OLD, AccessKeyId=old[0], Status="Active")
        monthly.login = old
        traffic.flows()

        monthly.login = given(command)
        iam.update_access_key(UserName=OLD, AccessKeyId=old[0], Status="Inactive")
        iam.delete_access_key(UserName=OLD, AccessKeyId=old[0])
        iam.delete_user_policy(UserName=OLD, PolicyName="AmazonSesSendingAccess")
        iam.delete_user(UserName=OLD)
        traffic.flows()
        aws.rotate(command.secret)
        traffic.flows()

    assert set(traffic.answers) == {"250"}
    assert len(traffic.answers) == 2 * 8


LEFT_OUT: dict[str, dict[str, Any]] = {
    "the default set": {"configuration_set": None},
    "the case of an address": {"from_address": ["billing@example.com", "noreply@example.com"]},
    "an address": {"from_address": ["noreply@example.com"]},
    "a network": {"allowed_cidrs": ["198.51.100.20/32"]},
}


def test_without_one_of_the_properties_mail_is_refused(aws: LocalAws, old: Login) -> None:
    """Each line in the table of the page prevents the loss of a mail."""
    make_default(aws)
    sender, origin = "Billing@example.com", "203.0.113.7"
    assert sent(aws, old, sender, origin) == "250"
    complete = {
        "from_address": [sender, "noreply@example.com"],
        "allowed_cidrs": [f"{origin}/32", "198.51.100.20/32"],
        "configuration_set": SET,
    }
    answers = {}
    for number, (name, changed) in enumerate(LEFT_OUT.items()):
        with deployed(aws, f"Forgetful{number}", **complete | changed) as command:
            answers[name] = sent(aws, given(command), sender, origin)[:4]
    assert answers == dict.fromkeys(LEFT_OUT, "554 ")


@pytest.mark.parametrize("old", [IDENTITY], indirect=True)
def test_a_new_default_set_would_stop_the_old_login(aws: LocalAws, old: Login) -> None:
    """Therefore the page advises against creating one to observe the mail."""
    assert sent(aws, old, "noreply@example.com", "203.0.113.7") == "250"
    make_default(aws)
    assert sent(aws, old, "noreply@example.com", "203.0.113.7").startswith("554 ")
