"""The SMTP endpoint: its region, host and port."""

from typing import Any

import aws_cdk as cdk
import pytest

from tests.construct.users import HERE, refused, user, warnings

SES = "be the name of an SMTP endpoint of SES, because the login is sent to no other host"
LEAVE_OUT = (
    "write one such as email-smtp.eu-west-1.amazonaws.com, without scheme and port, or leave it out for the region's own;"
    " a CNAME or a relay is none"
)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"ses_region": "Ireland"},
            "`ses_region` must be the name of a region, got Ireland; write one such as eu-west-1",
        ),
        (
            {"smtp_host": "smtps://email-smtp.eu-west-1.amazonaws.com:465"},
            f"`smtp_host` must {SES}, got smtps://email-smtp.eu-west-1.amazonaws.com:465; write email-smtp.eu-west-1.amazonaws.com",
        ),
        *(
            ({"smtp_host": host}, f"`smtp_host` must {SES}, got {shown}; write email-smtp.eu-west-1.amazonaws.com")
            for host, shown in (
                ("email-smtp.eu-west-1.amazonaws.com:587", "email-smtp.eu-west-1.amazonaws.com:587"),
                ("Email-SMTP.eu-west-1.amazonaws.com", "Email-SMTP.eu-west-1.amazonaws.com"),
                ("email-smtp.eu-west-1.amazonaws.com ", "'email-smtp.eu-west-1.amazonaws.com '"),
                ("email-smtp.eu-west-1.amazonaws.com.", "email-smtp.eu-west-1.amazonaws.com."),
            )
        ),
        ({"smtp_host": "10"}, f"`smtp_host` must {SES}, got '10'; {LEAVE_OUT}"),
        ({"smtp_host": "mail.example.com"}, f"`smtp_host` must {SES}, got mail.example.com; {LEAVE_OUT}"),
        ({"smtp_host": 465}, f"`smtp_host` must {SES}, got 465; {LEAVE_OUT}"),
        (
            {"smtp_port": 2525},
            "`smtp_port` must be one that SES offers, got 2525; write one of 25, 465, 587, 2465, 2587",
        ),
        (
            {"smtp_port": "465"},
            "`smtp_port` must be one that SES offers, got '465'; write one of 25, 465, 587, 2465, 2587",
        ),
    ],
)
def test_a_wrong_endpoint_is_refused(stack: cdk.Stack, changed: dict[str, Any], message: str) -> None:
    assert refused(stack, **changed) == message


@pytest.mark.parametrize(
    "host", ["email-smtp.us-east-1.amazonaws.com", "vpce-0a-1b.email-smtp.us-east-1.vpce.amazonaws.com"]
)
def test_an_endpoint_of_another_region_is_refused(stack: cdk.Stack, host: str) -> None:
    assert refused(stack, smtp_host=host) == (
        f"`smtp_host` must be an endpoint of `ses_region` eu-west-1, got {host}; an SMTP password is valid in one region:"
        " set `ses_region` to us-east-1, or another host"
    )


HINT = (
    "is not known to have an SES SMTP endpoint; if it has none, use an ingress endpoint of Mail Manager to send over SMTP"
    " (https://docs.aws.amazon.com/ses/latest/dg/eb-ingress.html) [ack: ses-secure-user:unknownRegion]"
)


@pytest.mark.parametrize(
    ("region", "domain"),
    [
        ("eusc-de-east-1", "amazonaws.eu"),
        ("cn-north-1", "amazonaws.com.cn"),
        ("us-isof-south-1", "csp.hci.ic.gov"),
        ("mx-central-1", "amazonaws.com"),
        ("xx-moon-1", "amazonaws.com"),
        ("africa2-west-far-101", "amazonaws.com"),
        ("antarctica-south", "amazonaws.com"),
    ],
)
@pytest.mark.parametrize("by_stack", [True, False])
def test_an_unknown_region_is_accepted_with_a_warning(
    app: cdk.App, region: str, domain: str, *, by_stack: bool
) -> None:
    """The region comes from the stack or a property. AWS may add regions with new forms of names."""
    env = cdk.Environment(account="111122223333", region=region) if by_stack else HERE
    stack = cdk.Stack(app, "Anywhere", env=env)
    made = user(stack) if by_stack else user(stack, ses_region=region)

    assert made.smtp_host == f"email-smtp.{region}.{domain}"
    assert warnings(stack) == [f"`ses_region` {region} {HINT}"]


@pytest.mark.parametrize("region", ["Ireland", "EU-WEST-1", "eu-west-1a", "eu_west_1", "eu-west-1 ", "", "euwest1", 1])
def test_a_text_that_cannot_be_a_region_is_refused(stack: cdk.Stack, region: object) -> None:
    said = refused(stack, ses_region=region)
    assert said.startswith("`ses_region` must be the name of a region, got ")
    assert said.endswith("; write one such as eu-west-1")


def test_a_port_is_checked_without_a_known_region() -> None:
    assert refused(cdk.Stack(), smtp_port=2525).startswith("`smtp_port` must be one that SES offers, got 2525")
