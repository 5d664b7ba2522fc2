"""The policy that is judged is the one that is deployed, as the user's policy and as its boundary."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from ses_secure_user import SecureSesSmtpUser
from ses_secure_user.restrictions.policy import policy_document
from ses_secure_user.restrictions.restrict import restrict
from tests.policy.evaluator import ACCOUNT, REGION

PROPERTIES: dict[str, Any] = {
    "identity": ["example.com", "example.org"],
    "from_address": ["noreply@example.com", "noreply@example.org"],
    "allowed_cidrs": ["203.0.113.0/25", "2001:db8:1::/48"],
    "allowed_vpc_endpoints": ["vpce-0123456789abcdef0"],
    "allowed_vpcs": ["vpc-0123456789abcdef0"],
    "allowed_recipients": ["*@example.net"],
    "from_display_name": ["Example Shop", "CEO"],
    "feedback_address": "bounces@example.com",
    "valid_until": datetime(2099, 1, 31, tzinfo=UTC),
    "configuration_set": "transactional",
    "sandbox_recipients": ["person@example.net"],
}


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    stack = cdk.Stack(cdk.App(analytics_reporting=False), "Stack", env=cdk.Environment(account=ACCOUNT, region=REGION))
    SecureSesSmtpUser(stack, "Mailer", **PROPERTIES)
    text = json.dumps(Template.from_stack(stack).to_json()["Resources"])
    partition = re.compile(r'\{"Fn::Join": \["", \["arn:", \{"Ref": "AWS::Partition"\}, "([^"]*)"\]\]\}')
    return dict(json.loads(partition.sub(r'"arn:aws\1"', text)))


def one(resources: dict[str, Any], type_name: str) -> tuple[str, dict[str, Any]]:
    (found,) = (
        (name, it["Properties"])
        for name, it in resources.items()
        if it["Type"] == type_name and "Roles" not in it["Properties"]
    )
    return found


def test_the_synthesized_policy_is_the_one_the_matrix_judges(resources: dict[str, Any]) -> None:
    _, policy = one(resources, "AWS::IAM::ManagedPolicy")
    assert policy["PolicyDocument"] == policy_document(
        restrict(**PROPERTIES), partition="aws", region=REGION, account=ACCOUNT
    )


def test_it_is_the_only_policy_and_the_boundary(resources: dict[str, Any]) -> None:
    """Of the group, whose user has no policy of its own."""
    policy, _ = one(resources, "AWS::IAM::ManagedPolicy")
    group, group_properties = one(resources, "AWS::IAM::Group")
    _, user = one(resources, "AWS::IAM::User")
    assert group_properties == {"ManagedPolicyArns": [{"Ref": policy}]}
    assert user.keys() == {"Groups", "PermissionsBoundary", "Tags"}
    assert (user["Groups"], user["PermissionsBoundary"]) == ([{"Ref": group}], {"Ref": policy})
