"""Helpers for the unit tests: users, their stacks' resources, warnings and errors."""

import json
import re
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Annotations, Match, Template

from ses_secure_user import CredentialIssuer, SecureSesSmtpUser
from ses_secure_user.restrictions.restrict import restrict
from tests.cases.refusals import GIVEN

HERE = cdk.Environment(account="111122223333", region="eu-west-1")
VIRGINIA = cdk.Environment(account="111122223333", region="us-east-1")


def user(stack: cdk.Stack, name: str = "Mailer", **changed: Any) -> SecureSesSmtpUser:  # noqa: ANN401 - any property
    return SecureSesSmtpUser(stack, name, **(GIVEN | changed))


def refused_restrictions(**changed: Any) -> str:  # noqa: ANN401 - any restriction
    """Return the error message for these restrictions."""
    with pytest.raises(ValueError, match="must") as refusal:
        restrict(**(GIVEN | changed))
    return str(refusal.value)


def refused(stack: cdk.Stack, **changed: Any) -> str:  # noqa: ANN401 - any property
    """Return the error message for a user with these properties, and check that nothing was created."""
    before = len(stack.node.children)
    with pytest.raises(ValueError, match="must") as refusal:
        user(stack, **changed)
    assert len(stack.node.children) == before
    return str(refusal.value)


def refused_issuer(stack: cdk.Stack, **properties: Any) -> str:  # noqa: ANN401 - any property
    """Return the error message for an issuer with these properties, and check that nothing was created."""
    before = len(stack.node.children)
    with pytest.raises(ValueError, match="must") as refusal:
        CredentialIssuer(stack, "Issuer", **properties)
    assert len(stack.node.children) == before
    return str(refusal.value)


def topic(stack: cdk.Stack) -> sns.Topic:
    return sns.Topic(stack, "Topic", enforce_ssl=True)


def resources(stack: cdk.Stack, type_name: str) -> list[dict[str, Any]]:
    return [one["Properties"] for one in Template.from_stack(stack).find_resources(type_name).values()]


def function(stack: cdk.Stack) -> dict[str, Any]:
    (found,) = resources(stack, "AWS::Lambda::Function")
    return found


def grants(stack: cdk.Stack) -> dict[str, str]:
    """Return the actions of the issuer's role and their resources, as text."""
    statements = [
        statement
        for one in resources(stack, "AWS::IAM::ManagedPolicy")
        if "Roles" in one
        for statement in one["PolicyDocument"]["Statement"]
    ]
    return {action: json.dumps(one["Resource"]) for one in statements for action in one["Action"]}


def warnings(stack: cdk.Stack) -> list[str]:
    return [str(one.entry.data) for one in Annotations.from_stack(stack).find_warning("*", Match.any_value())]


def warning_ids(stack: cdk.Stack) -> list[str]:
    return [re.sub(r".*\[ack: (.*)\]$", r"\1", text) for text in warnings(stack)]
