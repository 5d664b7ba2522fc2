"""The common shapes of a stack, each a function that makes one."""

from collections.abc import Callable

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_ses as ses

from ses_secure_user import SecureSesSmtpUser

IRELAND = cdk.Environment(account="111122223333", region="eu-west-1")
STRICT = {
    "@aws-cdk/core:validateAgainstDefaultRules": True,
    "@aws-cdk/core:strictCfnValidateErrors": True,
    "aws:cdk:disable-asset-staging": True,
}


def minimal(stack: cdk.Stack) -> None:
    """What the README starts with."""
    SecureSesSmtpUser(
        stack,
        "Mailer",
        identity="example.com",
        from_address="noreply@example.com",
        allowed_cidrs=["203.0.113.0/24"],
    )


def everything(stack: cdk.Stack) -> None:
    """Every property set to something other than its default."""
    SecureSesSmtpUser(
        stack,
        "Mailer",
        identity=["example.com", ses.EmailIdentity.from_email_identity_name(stack, "Other", "example.org")],
        from_address=["noreply@example.com", "Billing@mail.example.org"],
        allowed_cidrs=["203.0.113.0/25", "203.0.113.128/25", "198.51.100.7", "2001:db8::/32"],
        allowed_vpc_endpoints=["vpce-0123456789abcdef0"],
        allowed_recipients=["*@example.net", "person@example.com"],
        feedback_address="bounces@example.com",
        configuration_set="transactional",
        sandbox_recipients=["person@example.net"],
        ses_region="us-east-1",
        smtp_host="email-smtp-fips.us-east-1.amazonaws.com",
        smtp_port=587,
        rotation_interval=cdk.Duration.hours(36),
        verify_login=False,
        encryption_key=kms.Key(stack, "Key", enable_key_rotation=True),
        user_name="mailer",
        secret_name="mailer/smtp",
        removal_policy=cdk.RemovalPolicy.RETAIN,
    )


def two_users(stack: cdk.Stack) -> None:
    """Two users that share one function."""
    for name, network in (("Orders", "203.0.113.0/24"), ("Alerts", "198.51.100.0/24")):
        SecureSesSmtpUser(
            stack,
            name,
            identity="example.com",
            from_address=f"{name.lower()}@example.com",
            allowed_cidrs=[network],
        )


SHAPES: dict[str, tuple[Callable[[cdk.Stack], None], cdk.Environment | None]] = {
    "minimal": (minimal, IRELAND),
    "everything": (everything, IRELAND),
    "two-users": (two_users, IRELAND),
    "no-region": (minimal, None),
    "govcloud": (minimal, cdk.Environment(account="111122223333", region="us-gov-west-1")),
}


def made(name: str) -> cdk.Stack:
    """A stack of that shape, in an app of its own."""
    make, env = SHAPES[name]
    app = cdk.App(analytics_reporting=False, context=STRICT)
    stack = cdk.Stack(app, "Stack", env=env)
    make(stack)
    return stack
