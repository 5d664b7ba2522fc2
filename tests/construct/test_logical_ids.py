"""Logical ids: with a digest at their end, and never too long."""

import aws_cdk as cdk
from aws_cdk.assertions import Template
from constructs import Construct

from ses_secure_user import SecureSesSmtpUser
from tests.cases.refusals import GIVEN
from tests.construct.users import HERE

MOST = 255
"""Characters of a logical id that CloudFormation takes."""


def deep(app: cdk.App, *names: str) -> list[tuple[str, str]]:
    """The types and logical ids of users so deep in the tree that the CDK has to shorten their paths."""
    stack = cdk.Stack(app, "Stack", env=HERE)
    scope: Construct = stack
    for level in range(12):
        scope = Construct(scope, f"Level{level}{'x' * 30}")
    for name in names:
        SecureSesSmtpUser(scope, name, **GIVEN)
    return [(one["Type"], found) for found, one in Template.from_stack(stack).to_json()["Resources"].items()]


def test_they_are_never_too_long(app: cdk.App) -> None:
    """A secret's name is generated from its logical id, and a tag of 256 characters holds its ARN."""
    found = dict(deep(app, "Mailer"))

    secret = f"{found['AWS::SecretsManager::Secret']}-012345678901-AbCdEf"
    assert max(map(len, found.values())) <= MOST
    assert len(f"arn:aws-us-gov:secretsmanager:us-isof-south-1:123456789012:secret:{secret}") <= 256


def test_long_ones_differ_as_their_paths_do(app: cdk.App) -> None:
    found = deep(app, "First", "Second")

    assert len([name for kind, name in found if kind == "AWS::IAM::User"]) == 2
