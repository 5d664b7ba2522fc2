"""Responses of the SMTP endpoint to a mail, which depend on the deployed policies and the origin of the mail."""

from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from local_aws.aws import LocalAws
from local_aws.tests.account_behaviours import FROM_ADDRESS, IDENTITY, document, sender

INSIDE = "203.0.113.7"


@pytest.fixture(autouse=True)
def identity(aws: LocalAws) -> Iterator[None]:
    aws.client("sesv2").create_email_identity(EmailIdentity="example.net")
    aws.send_from(INSIDE)
    yield
    aws.client("sesv2").delete_email_identity(EmailIdentity="example.net")


def answer(aws: LocalAws, policy: str, *, sent_as: str = "a@example.net", **headers: str) -> str:
    """Return the response after DATA to a user with this policy."""
    user, _ = sender(aws, policy)
    aws.client("iam").create_access_key(UserName=user)
    key = aws.every_key_ever_made()[-1]
    message = EmailMessage()
    for name, value in {"From": f"Someone <{sent_as}>", "To": "x@example.org", **headers}.items():
        message[name.replace("_", "-")] = value
    password = key.smtp_passwords["us-east-1"]
    return aws.send(key.access_key_id, password, message, "bounces@example.net").replace(user, "USER")


def denied(resource: str) -> str:
    return (
        "554 Access denied: User `arn:aws:iam::000000000000:user/USER' is not authorized to perform"
        f" `ses:SendRawEmail' on resource `{resource}'"
    )


def test_an_allowed_mail(aws: LocalAws) -> None:
    assert answer(aws, FROM_ADDRESS) == "250"
    assert "Someone" in aws.mails()[-1]["text"]


def test_another_from_header(aws: LocalAws) -> None:
    assert answer(aws, FROM_ADDRESS, sent_as="b@example.net") == denied(IDENTITY)


@pytest.mark.parametrize(
    ("operator", "key", "value"),
    [
        ("IpAddress", "aws:SourceIp", "203.0.113.0/24"),
        ("StringEquals", "ses:FeedbackAddress", "bounces@example.net"),
        ("ForAllValues:StringLike", "ses:Recipients", "*@example.org"),
    ],
)
def test_the_condition_keys_of_a_mail(aws: LocalAws, operator: str, key: str, value: str) -> None:
    assert answer(aws, document(Condition={operator: {key: value}})) == "250"
    assert answer(aws, document(Condition={operator: {key: value.replace("2", "4").replace("e", "a")}})) != "250"


def test_mail_through_a_vpc_endpoint_has_no_address(aws: LocalAws) -> None:
    aws.send_from("vpce-0123456789abcdef0")
    assert answer(aws, document(Condition={"StringEquals": {"aws:SourceVpce": "vpce-0123456789abcdef0"}})) == "250"
    assert answer(aws, document(Condition={"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}})) == denied(IDENTITY)


def test_an_address_that_is_verified_itself_is_the_identity(aws: LocalAws) -> None:
    ses = aws.client("sesv2")
    ses.create_email_identity(EmailIdentity="a@example.net")
    found = answer(aws, document())
    ses.delete_email_identity(EmailIdentity="a@example.net")
    assert found == denied(IDENTITY.replace("example.net", "a@example.net"))


def test_a_subdomain_belongs_to_its_domain(aws: LocalAws) -> None:
    assert answer(aws, document(), sent_as="a@mail.example.net") == "250"


def test_a_configuration_set_is_a_resource_too(aws: LocalAws) -> None:
    resource = IDENTITY.replace("identity/example.net", "configuration-set/watched")
    assert answer(aws, document(), X_SES_CONFIGURATION_SET="watched") == denied(resource)


def test_an_identity_that_is_not_verified(aws: LocalAws) -> None:
    found = answer(aws, document(Resource="*"), sent_as="a@example.edu")
    assert found.startswith("554 Message rejected: Email address is not verified.")


def test_an_identity_policy_that_grants_the_user(aws: LocalAws) -> None:
    policy = document(Principal={"AWS": "*"})
    aws.client("sesv2").create_email_identity_policy(EmailIdentity="example.net", PolicyName="one", Policy=policy)
    assert answer(aws, document(Resource="arn:aws:ses:us-east-1:000000000000:identity/other")) == "250"
