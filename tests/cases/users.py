"""Stacks and users for the local AWS."""

from typing import Any

import aws_cdk as cdk

from local_aws.aws import ACCOUNT, REGION
from ses_secure_user import SecureSesSmtpUser
from tests.cases.refusals import GIVEN


def stack_of(app: cdk.App, name: str) -> cdk.Stack:
    return cdk.Stack(app, name, env=cdk.Environment(account=ACCOUNT, region=REGION))


def user(stack: cdk.Stack, name: str = "Mailer", **changed: Any) -> SecureSesSmtpUser:  # noqa: ANN401
    return SecureSesSmtpUser(stack, name, **(GIVEN | changed))
