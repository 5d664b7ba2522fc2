"""The function in a VPC: its subnets, security groups and permissions."""

import json
from collections.abc import Callable

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2

from ses_secure_user import CredentialIssuer
from tests.construct.users import function, refused_issuer, resources


def test_in_a_vpc_it_allows_only_outbound_https_and_smtp(stack: cdk.Stack) -> None:
    CredentialIssuer(stack, "Issuer", vpc=ec2.Vpc(stack, "Vpc", max_azs=2))

    assert len(function(stack)["VpcConfig"]["SubnetIds"]) == 2
    assert "Private" in json.dumps(function(stack)["VpcConfig"]["SubnetIds"])
    (group,) = resources(stack, "AWS::EC2::SecurityGroup")
    assert [rule["FromPort"] for rule in group["SecurityGroupEgress"]] == [443, 465, 587, 2465, 2587]


def test_only_lambda_may_manage_its_network_interfaces(stack: cdk.Stack) -> None:
    """Only calls of the function's code have the condition key. Calls of the service have no such key and stay
    allowed."""
    CredentialIssuer(stack, "Issuer", vpc=ec2.Vpc(stack, "Vpc", max_azs=2))

    (basics,) = resources(stack, "AWS::IAM::ManagedPolicy")
    allowed, denied = (one for one in basics["PolicyDocument"]["Statement"] if "ec2:" in json.dumps(one))
    assert (allowed["Effect"], allowed["Resource"]) == ("Allow", ["*"])
    assert "ec2:DeleteNetworkInterface" in allowed["Action"]
    assert denied == allowed | {"Effect": "Deny", "Condition": {"Null": {"lambda:SourceFunctionArn": "false"}}}


def test_subnets_and_security_groups_can_be_given(stack: cdk.Stack) -> None:
    vpc = ec2.Vpc(stack, "Vpc", max_azs=2)

    CredentialIssuer(
        stack,
        "Issuer",
        vpc=vpc,
        vpc_subnets=ec2.SubnetSelection(subnets=vpc.private_subnets[:1]),
        security_groups=[ec2.SecurityGroup.from_security_group_id(stack, "Group", "sg-0123456789abcdef0")],
    )

    assert len(function(stack)["VpcConfig"]["SubnetIds"]) == 1
    assert function(stack)["VpcConfig"]["SecurityGroupIds"] == ["sg-0123456789abcdef0"]
    assert resources(stack, "AWS::EC2::SecurityGroup") == []


def test_subnets_imported_by_id_are_accepted(stack: cdk.Stack) -> None:
    subnet = ec2.Subnet.from_subnet_id(stack, "Subnet", "subnet-0123456789abcdef0")
    CredentialIssuer(stack, "Issuer", vpc=ec2.Vpc(stack, "Vpc"), vpc_subnets=ec2.SubnetSelection(subnets=[subnet]))
    assert function(stack)["VpcConfig"]["SubnetIds"] == ["subnet-0123456789abcdef0"]


def by_type(_stack: cdk.Stack) -> ec2.SubnetSelection:
    return ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC)


def by_name(stack: cdk.Stack) -> ec2.SubnetSelection:
    return ec2.SubnetSelection(subnets=vpc_of(stack).public_subnets)


def vpc_of(stack: cdk.Stack) -> ec2.Vpc:
    found = stack.node.try_find_child("Vpc") or ec2.Vpc(stack, "Vpc", max_azs=2)
    assert isinstance(found, ec2.Vpc)
    return found


@pytest.mark.parametrize("select", [by_type, by_name])
def test_public_subnets_are_refused(stack: cdk.Stack, select: Callable[[cdk.Stack], ec2.SubnetSelection]) -> None:
    vpc, chosen = vpc_of(stack), select(stack)

    assert refused_issuer(stack, vpc=vpc, vpc_subnets=chosen) == (
        "`vpc_subnets` must be private, because a function has no public address and no egress in a public subnet,"
        " got public subnets; select subnets with a route to a NAT gateway"
    )


def test_a_vpc_without_private_subnets_is_refused(stack: cdk.Stack) -> None:
    subnets = [ec2.SubnetConfiguration(name="Public", subnet_type=ec2.SubnetType.PUBLIC)]
    vpc = ec2.Vpc(stack, "Vpc", max_azs=2, subnet_configuration=subnets)

    assert refused_issuer(stack, vpc=vpc) == (
        "`vpc_subnets` must be subnets of the VPC, got There are no 'Private' subnet groups in this VPC. Available"
        " types: Public; select others, or add private subnets with egress to the VPC"
    )


@pytest.mark.parametrize(("prop", "given"), [("vpc_subnets", ec2.SubnetSelection()), ("security_groups", [])])
def test_subnets_without_a_vpc_are_refused(stack: cdk.Stack, prop: str, given: object) -> None:
    message = f"`{prop}` must be given together with `vpc`, got no `vpc`; give the VPC, or leave it out"
    assert refused_issuer(stack, **{prop: given}) == message


def test_ids_are_not_subnets(stack: cdk.Stack) -> None:
    assert refused_issuer(stack, vpc_subnets=["subnet-0123456789abcdef0"]) == (
        "`vpc_subnets` must be a SubnetSelection, got ['subnet-0123456789abcdef0'];"
        " write one such as ec2.SubnetSelection(subnet_group_name=…)"
    )


@pytest.mark.parametrize("given", [["sg-0123456789abcdef0"], [None], "sg-0123456789abcdef0"])
def test_ids_are_not_security_groups(stack: cdk.Stack, given: object) -> None:
    assert refused_issuer(stack, security_groups=given) == (
        f"`security_groups` must be a list of ec2.ISecurityGroup, got {given!r};"
        " write one such as [ec2.SecurityGroup.from_security_group_id(…)]"
    )
