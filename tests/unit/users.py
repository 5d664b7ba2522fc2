"""The user that the unit tests of grants, keys and issuers have in common."""

from typing import Any

import aws_cdk as cdk

from ses_secure_user import SecureSesSmtpUser


def user(stack: cdk.Stack, name: str = "Mailer", **properties: Any) -> SecureSesSmtpUser:  # noqa: ANN401
    return SecureSesSmtpUser(
        stack,
        name,
        identity="example.com",
        from_address="noreply@example.com",
        allowed_cidrs=["203.0.113.0/24"],
        **properties,
    )
