"""The VPC configuration of the function: subnets, security groups, and permissions for network interfaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_cdk import aws_ec2 as ec2

from ses_secure_user.cdk.refusal import check_class, check_construct, refusal, wrong_type
from ses_secure_user.cdk.statements import Statement, allow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import Construct

_OUTBOUND_PORTS = (443, 465, 587, 2465, 2587)
_PRIVATE: dict[str, Any] = {"subnet_type": ec2.SubnetType.PRIVATE_WITH_EGRESS}
_SELECTION = ("availability_zones", "one_per_az", "subnet_filters", "subnet_group_name", "subnet_type")
_INTERFACE_ACTIONS = (
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
)


def check_subnets(vpc: ec2.IVpc | None, vpc_subnets: ec2.SubnetSelection | None) -> list[str]:
    """Check the subnets of a function.

    Args:
        vpc: The VPC, if any.
        vpc_subnets: The selection of its subnets. Default: the private subnets with egress.

    Returns:
        The ids of the subnets; none without a VPC.

    Raises:
        ValueError: No subnet is selected, or one of them is public, where a function has no public address and no
            egress (https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc-internet.html).
    """
    check_construct("vpc", vpc, "ec2.IVpc", "vpc_id")
    if vpc_subnets is not None:
        check_class("vpc_subnets", vpc_subnets, ec2.SubnetSelection, "ec2.SubnetSelection(subnet_group_name=…)")
    if vpc is None:
        _refuse_without_vpc("vpc_subnets", vpc_subnets)
        return []
    chosen = _chosen(vpc, vpc_subnets)
    if not chosen:
        raise refusal("vpc_subnets", "select at least one subnet", [], "leave it out for the private subnets")
    if {subnet.subnet_id for subnet in vpc.public_subnets}.intersection(chosen):
        rule = "be private, because a function has no public address and no egress in a public subnet"
        raise refusal("vpc_subnets", rule, "public subnets", "select subnets with a route to a NAT gateway")
    return chosen


def check_groups(vpc: ec2.IVpc | None, security_groups: Sequence[ec2.ISecurityGroup] | None) -> None:
    """Check a function's security groups.

    Raises:
        ValueError: They are not a list of security groups, or there is no VPC.
    """
    if security_groups is None:
        return
    groups = security_groups if isinstance(security_groups, list | tuple) else [security_groups]
    if groups is not security_groups or not all(hasattr(one, "security_group_id") for one in groups):
        remedy = "write one such as [ec2.SecurityGroup.from_security_group_id(…)]"
        raise wrong_type("security_groups", "be a list of ec2.ISecurityGroup", security_groups, remedy)
    if vpc is None:
        _refuse_without_vpc("security_groups", security_groups)
    if not groups:
        raise refusal("security_groups", "not be empty", [], "leave it out to have one created")


def network(
    scope: Construct, vpc: ec2.IVpc, subnet_ids: list[str], given: Sequence[ec2.ISecurityGroup] | None
) -> dict[str, list[str]]:
    """Return the VPC configuration of a function.

    Without security groups, a new one is created that allows outbound HTTPS and SMTP.
    """
    groups = given or [_security_group(scope, vpc)]
    return {"subnetIds": subnet_ids, "securityGroupIds": [group.security_group_id for group in groups]}


def interface_statements() -> list[Statement]:
    """Return statements that allow Lambda to attach a function to its VPC with the function's role.

    The code of the function is denied the same actions: only its own requests have ``lambda:SourceFunctionArn``
    (https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html).
    """
    denied = allow(_INTERFACE_ACTIONS, ["*"], Null={"lambda:SourceFunctionArn": "false"}) | {"Effect": "Deny"}
    return [allow(_INTERFACE_ACTIONS, ["*"]), denied]


def _chosen(vpc: ec2.IVpc, selection: ec2.SubnetSelection | None) -> list[str]:
    if selection and selection.subnets is not None:
        return [subnet.subnet_id for subnet in selection.subnets]
    wanted = {name: getattr(selection, name) for name in _SELECTION} if selection else _PRIVATE
    try:
        return vpc.select_subnets(**wanted).subnet_ids
    except RuntimeError as error:
        remedy = "select others, or add private subnets with egress to the VPC"
        reason = str(error).partition(": ")[2] or str(error)
        raise refusal("vpc_subnets", "be subnets of the VPC", reason.rstrip("."), remedy) from None


def _security_group(scope: Construct, vpc: ec2.IVpc) -> ec2.SecurityGroup:
    group = ec2.SecurityGroup(
        scope, "SecurityGroup", vpc=vpc, allow_all_outbound=False, description="The SES SMTP credential issuer"
    )
    for port in _OUTBOUND_PORTS:
        group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(port), "AWS's APIs, SES SMTP")
    return group


def _refuse_without_vpc(prop: str, given: object) -> None:
    if given is not None:
        raise refusal(prop, "be given together with `vpc`", "no `vpc`", "give the VPC, or leave it out")
