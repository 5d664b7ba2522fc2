"""Logical ids: they end with a digest and have a limited length."""

import aws_cdk as cdk
from aws_cdk.assertions import Template
from constructs import Construct

from ses_secure_user import SecureSesSmtpUser
from tests.cases.refusals import GIVEN
from tests.construct.users import HERE

MOST = 255
"""The maximum length of a logical id in CloudFormation."""


def deep(app: cdk.App, *names: str) -> list[tuple[str, str]]:
    """Return the types and logical ids of users whose paths are so long that the CDK shortens them."""
    stack = cdk.Stack(app, "Stack", env=HERE)
    scope: Construct = stack
    for level in range(12):
        scope = Construct(scope, f"Level{level}{'x' * 30}")
    for name in names:
        SecureSesSmtpUser(scope, name, **GIVEN)
    return [(one["Type"], found) for found, one in Template.from_stack(stack).to_json()["Resources"].items()]


def test_they_are_never_too_long(app: cdk.App) -> None:
    """The secret's generated name contains its logical id, and its ARN must fit into a tag of 256 characters."""
    found = dict(deep(app, "Mailer"))

    secret = f"{found['AWS::SecretsManager::Secret']}-012345678901-AbCdEf"
    assert max(map(len, found.values())) <= MOST
    assert len(f"arn:aws-us-gov:secretsmanager:us-isof-south-1:123456789012:secret:{secret}") <= 256


def test_long_ids_of_different_paths_are_different(app: cdk.App) -> None:
    found = deep(app, "First", "Second")

    assert len([name for kind, name in found if kind == "AWS::IAM::User"]) == 2
