"""The line of code that replaces a key: it creates the construct, or fails with the value that is missing."""

from typing import Any

import aws_cdk as cdk
import pytest

from ses_secure_user import SecureSesSmtpUser
from ses_secure_user.cli.account.simulator import Send
from ses_secure_user.cli.audit.places import Reach
from ses_secure_user.cli.audit.replacement import replacements
from ses_secure_user.cli.audit.worth import Ability, Identity

NETWORK = {"allowed_cidrs": ("203.0.113.0/24",)}


def ability(name: str = "example.com", *, region: str = "eu-west-1", default_set: str = "", **found: Any) -> Ability:  # noqa: ANN401 - any field
    identity = Identity(f"arn:aws:ses:{region}:111122223333:identity/{name}", (), default_set)
    reach = Reach.INSIDE if found.get("origins") else Reach.ANYWHERE
    return Ability(identity=identity, reach=reach, send=Send(resources=(identity.arn,)), **found)


def pasted(line: str) -> SecureSesSmtpUser:
    """Return the construct that the line creates in a stack."""
    stack = cdk.Stack(cdk.App(analytics_reporting=False), "Stack", env=cdk.Environment(region="eu-west-1"))
    made = eval(line, {"SecureSesSmtpUser": SecureSesSmtpUser, "self": stack})  # noqa: S307 - runs the line as a user would
    assert isinstance(made, SecureSesSmtpUser)
    return made


def test_known_values_give_a_complete_call() -> None:
    senders = ("noreply@example.com", "Billing@example.com")
    (line,) = replacements("smtp.user", [ability(default_set="tracking", senders=senders, origins=NETWORK)])
    assert line == (
        'SecureSesSmtpUser(self, "SmtpUser", identity="example.com", '
        'from_address=["noreply@example.com", "Billing@example.com"], allowed_cidrs=["203.0.113.0/24"], '
        'ses_region="eu-west-1", configuration_set="tracking")'
    )
    assert pasted(line).node.id == "SmtpUser"


@pytest.mark.parametrize(
    ("found", "missing"),
    [
        ({"senders": ("a@example.com",)}, "allowed_cidrs"),
        ({"anybody": True, "origins": NETWORK}, "from_address"),
        ({"senders": ("*@example.com",), "origins": NETWORK}, "from_address"),
    ],
)
def test_the_construct_refuses_a_placeholder(found: dict[str, Any], missing: str) -> None:
    (line,) = replacements("mailer", [ability(**found)])
    assert f"{missing}=..." in line
    assert line.endswith("  # replace each ... with your own value")
    with pytest.raises(ValueError, match=f"`{missing}` must be .*list of strings, got Ellipsis"):
        pasted(line)


def test_a_login_has_one_region_and_one_default_set() -> None:
    """So identities that differ in them need one login each, and the others share one."""
    found = [
        ability("example.com", default_set="one", anybody=True),
        ability("example.org", default_set="two", anybody=True),
        ability("example.net", default_set="one", anybody=True),
        ability("example.com", region="eu-west-3", default_set="one", anybody=True),
    ]
    lines = replacements("mailer", found)
    assert [line.partition(", from_address")[0] for line in lines] == [
        'SecureSesSmtpUser(self, "Mailer", identity=["example.com", "example.net"]',
        'SecureSesSmtpUser(self, "Mailer-2", identity="example.org"',
        'SecureSesSmtpUser(self, "Mailer-3", identity="example.com"',
    ]
    assert [line.partition("ses_region=")[2].partition(")")[0] for line in lines] == [
        '"eu-west-1", configuration_set="one"',
        '"eu-west-1", configuration_set="two"',
        '"eu-west-3", configuration_set="one"',
    ]


def test_an_identity_that_is_an_address_is_the_sender() -> None:
    endpoint = {"allowed_vpc_endpoints": ("vpce-0123456789abcdef0",), "allowed_vpcs": ("vpc-0123456789abcdef0",)}
    (line,) = replacements("…", [ability("sales@example.edu", anybody=True, origins=endpoint)])
    assert line == (
        'SecureSesSmtpUser(self, "Mailer", identity="sales@example.edu", from_address="sales@example.edu", '
        'allowed_vpc_endpoints=["vpce-0123456789abcdef0"], allowed_vpcs=["vpc-0123456789abcdef0"], '
        'ses_region="eu-west-1")'
    )
    pasted(line)
