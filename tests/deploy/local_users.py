"""Stacks and users for the local AWS, whose mail goes to its endpoint."""

from typing import Any

import aws_cdk as cdk

from ses_secure_user import SecureSesSmtpUser
from tests.deploy.local_aws import ACCOUNT, REGION, LocalAws
from tests.unit.wrong_restrictions import GIVEN


def stack_of(app: cdk.App, name: str) -> cdk.Stack:
    return cdk.Stack(app, name, env=cdk.Environment(account=ACCOUNT, region=REGION))


def user(aws: LocalAws, stack: cdk.Stack, name: str = "Mailer", **changed: Any) -> SecureSesSmtpUser:  # noqa: ANN401
    here = {"smtp_host": aws.smtp_host, "smtp_port": aws.smtp_port(changed.get("ses_region", REGION))}
    return SecureSesSmtpUser(stack, name, **(GIVEN | here | changed))
