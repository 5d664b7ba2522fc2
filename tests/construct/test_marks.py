"""Recognition of CDK tokens without a call to jsii."""

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ssm as ssm

from ses_secure_user.restrictions.marks import is_list_token, is_marked, literals
from tests.construct.users import HERE

TEXT = cdk.Token.as_string({"Ref": "Name"})
LISTED = cdk.Token.as_list({"Ref": "Names"})


@pytest.mark.parametrize("value", [TEXT, f"arn:aws:ses:{TEXT}", "plain", "${Token", "${AWS::Region}", ""], ids=range(6))
def test_a_text_is_marked_if_the_cdk_reports_a_token(value: str) -> None:
    assert is_marked(value) == cdk.Token.is_unresolved(value)


@pytest.mark.parametrize("values", [LISTED, [TEXT], ["plain"], []], ids=range(4))
def test_a_list_is_marked_as_a_whole(values: list[str]) -> None:
    assert is_list_token(values) == (cdk.Token.is_unresolved(values) and values == LISTED)


def test_known_values_are_not_marked() -> None:
    assert literals((TEXT, "plain")) == ("plain",)
    assert literals(LISTED) == ()


def test_dummy_values_of_lookups_are_marked() -> None:
    """The CDK synthesizes with a dummy value first, looks the value up, and synthesizes again."""
    stack = cdk.Stack(cdk.App(), "Stack", env=HERE)
    vpc = ec2.Vpc.from_lookup(stack, "Vpc", is_default=True)
    parameter = ssm.StringParameter.value_from_lookup(stack, "/office")
    for value in (vpc.vpc_id, vpc.vpc_cidr_block, parameter):
        assert is_marked(value)
        assert not is_marked(f"a {value}")
