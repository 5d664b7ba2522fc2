"""Acknowledgment of cdk-nag findings, for versions 2 and 3. `test_packs.py` runs version 3."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Template

from ses_secure_user import CredentialIssuer
from tests.construct.users import user


def suppressed(stack: cdk.Stack) -> dict[str, list[dict[str, Any]]]:
    """Return the suppressions for cdk-nag 2, by logical id."""
    found = Template.from_stack(stack).to_json()["Resources"]
    return {
        name: one["Metadata"]["cdk_nag"]["rules_to_suppress"]
        for name, one in found.items()
        if "cdk_nag" in one.get("Metadata", {})
    }


@pytest.mark.parametrize("in_vpc", [False, True])
@pytest.mark.parametrize("tracing", [lambda_.Tracing.DISABLED, lambda_.Tracing.ACTIVE])
def test_the_policy_has_a_reason_for_its_wildcard(stack: cdk.Stack, tracing: lambda_.Tracing, *, in_vpc: bool) -> None:
    """The format is that of cdk-nag 2.38.2, with one reason for each kind of action."""
    vpc = ec2.Vpc(stack, "Vpc") if in_vpc else None
    CredentialIssuer.of(stack, vpc=vpc, tracing=tracing)
    user(stack)

    reasons = [
        "Lambda attaches the function to its VPC with this role, and its code is denied the same actions",
        "X-Ray's actions have no resource-level permissions",
    ]
    expected = [
        {"reason": reason, "id": "AwsSolutions-IAM5", "applies_to": ["Resource::*"]}
        for reason, needed in zip(reasons, (in_vpc, tracing is lambda_.Tracing.ACTIVE), strict=True)
        if needed
    ]
    found = suppressed(stack)
    assert [*found.values()] == ([expected] if expected else [])
    assert all("Basics" in name for name in found)
