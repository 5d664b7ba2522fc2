"""References to resources of the app: wrong ones are refused at synthesis, although their values are not known."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_ses as ses
from aws_cdk import aws_ssm as ssm

from tests.construct.users import HERE, VIRGINIA, refused, user, warnings

PUBLIC = "give the public address that sends mail, such as the `.attr_public_ip` of the NAT gateway's CfnEIP"
NETWORKS = "contain public networks"
SMTP = "be VPC endpoints for SES SMTP"
OF_SMTP = "give one created with ec2.InterfaceVpcEndpointAwsService.EMAIL_SMTP"

Make = Callable[[cdk.Stack], Any]

SINGLE = {"identity", "configuration_set"}


def vpc(stack: cdk.Stack) -> ec2.Vpc:
    return ec2.Vpc(stack, "Vpc", nat_gateways=0)


def subnet(stack: cdk.Stack) -> ec2.CfnSubnet:
    return ec2.CfnSubnet(stack, "Subnet", vpc_id=vpc(stack).vpc_id, cidr_block="10.0.0.0/24")


def address(stack: cdk.Stack) -> ec2.CfnEIP:
    return ec2.CfnEIP(stack, "Eip")


def instance(stack: cdk.Stack) -> ec2.CfnInstance:
    return ec2.CfnInstance(stack, "Host")


def endpoint(stack: cdk.Stack, service: ec2.IInterfaceVpcEndpointService) -> ec2.InterfaceVpcEndpoint:
    return vpc(stack).add_interface_endpoint("Endpoint", service=service)


def own_service(stack: cdk.Stack) -> ec2.CfnVPCEndpoint:
    return ec2.CfnVPCEndpoint(
        stack, "Own", vpc_id=vpc(stack).vpc_id, service_name="com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0"
    )


SQS, EMAIL, EMAIL_SMTP = (getattr(ec2.InterfaceVpcEndpointAwsService, name) for name in ("SQS", "EMAIL", "EMAIL_SMTP"))


@pytest.mark.parametrize(
    ("prop", "make", "rule", "got", "remedy"),
    [
        ("allowed_cidrs", lambda s: vpc(s).vpc_cidr_block, NETWORKS, "CidrBlock of the AWS::EC2::VPC Stack/Vpc/Resource", f"{PUBLIC}, or give the VPC to `allowed_vpcs`"),
        ("allowed_cidrs", lambda s: vpc(s).vpc_id, NETWORKS, "Ref of the AWS::EC2::VPC Stack/Vpc/Resource", f"{PUBLIC}, or give the VPC to `allowed_vpcs`"),
        ("allowed_cidrs", lambda s: subnet(s).attr_cidr_block, NETWORKS, "CidrBlock of the AWS::EC2::Subnet Stack/Subnet", PUBLIC),
        ("allowed_cidrs", lambda s: address(s).attr_allocation_id, NETWORKS, "AllocationId of the AWS::EC2::EIP Stack/Eip", "give its `.attr_public_ip`"),
        ("allowed_cidrs", lambda s: f"{address(s).attr_allocation_id}/32", NETWORKS, "AllocationId of the AWS::EC2::EIP Stack/Eip", "give its `.attr_public_ip`"),
        ("allowed_cidrs", lambda s: instance(s).attr_private_ip, NETWORKS, "PrivateIp of the AWS::EC2::Instance Stack/Host", "give its `.attr_public_ip`, or that of its CfnEIP"),
        ("allowed_cidrs", lambda s: instance(s).ref, NETWORKS, "Ref of the AWS::EC2::Instance Stack/Host", "give its `.attr_public_ip`, or that of its CfnEIP"),
        ("allowed_cidrs", lambda s: endpoint(s, EMAIL_SMTP).vpc_endpoint_id, NETWORKS, "Ref of the AWS::EC2::VPCEndpoint Stack/Vpc/Endpoint/Resource", "give the endpoint to `allowed_vpc_endpoints`"),
        ("allowed_cidrs", lambda s: ec2.SecurityGroup(s, "Group", vpc=vpc(s)).security_group_id, NETWORKS, "GroupId of the AWS::EC2::SecurityGroup Stack/Group/Resource", PUBLIC),
        ("allowed_cidrs", lambda s: ec2.CfnNatGateway(s, "Nat", subnet_id="x").ref, NETWORKS, "Ref of the AWS::EC2::NatGateway Stack/Nat", PUBLIC),
        ("allowed_vpc_endpoints", lambda s: endpoint(s, SQS), SMTP, "Stack/Vpc/Endpoint/Resource for sqs", OF_SMTP),
        ("allowed_vpc_endpoints", lambda s: endpoint(s, SQS).vpc_endpoint_id, SMTP, "Stack/Vpc/Endpoint/Resource for sqs", OF_SMTP),
        ("allowed_vpc_endpoints", lambda s: endpoint(s, EMAIL), SMTP, "Stack/Vpc/Endpoint/Resource for email", OF_SMTP),
        ("allowed_vpc_endpoints", lambda s: vpc(s).add_gateway_endpoint("S3", service=ec2.GatewayVpcEndpointAwsService.S3), SMTP, "Stack/Vpc/S3/Resource for s3", OF_SMTP),
        ("allowed_vpc_endpoints", lambda s: own_service(s).ref, SMTP, "Stack/Own for vpce-svc-0123456789abcdef0", OF_SMTP),
        ("allowed_vpc_endpoints", lambda s: ec2.CfnVPCEndpoint(s, "Lattice", vpc_id="vpc-1", service_network_arn="x").ref, SMTP, "Stack/Lattice for no service", OF_SMTP),
        ("allowed_vpc_endpoints", lambda s: vpc(s).vpc_id, SMTP, "Ref of the AWS::EC2::VPC Stack/Vpc/Resource", "give the endpoint, or the VPC to `allowed_vpcs`"),
        ("allowed_vpcs", lambda s: endpoint(s, EMAIL_SMTP).vpc_endpoint_id, "be VPCs", "Ref of the AWS::EC2::VPCEndpoint Stack/Vpc/Endpoint/Resource", "give the VPC, or the endpoint to `allowed_vpc_endpoints`"),
        ("identity", lambda s: route53.HostedZone(s, "Zone", zone_name="example.com").hosted_zone_id, "be a verified identity", "Ref of the AWS::Route53::HostedZone Stack/Zone/Resource", "give the ses.EmailIdentity"),
        ("identity", lambda s: ses.CfnEmailIdentity(s, "Identity", email_identity="a.b").attr_dkim_dns_token_name1, "be a verified identity", "DkimDNSTokenName1 of the AWS::SES::EmailIdentity Stack/Identity", "give the ses.EmailIdentity"),
        ("configuration_set", lambda s: vpc(s).vpc_id, "be a configuration set", "Ref of the AWS::EC2::VPC Stack/Vpc/Resource", "give the set"),
    ],
)  # fmt: skip
def test_a_wrong_reference_is_refused(  # noqa: PLR0913, PLR0917
    stack: cdk.Stack, prop: str, make: Make, rule: str, got: str, remedy: str
) -> None:
    given = make(stack)
    assert refused(stack, **{prop: given if prop in SINGLE else [given]}) == (
        f"`{prop}` must {rule}, got {got}; {remedy}"
    )


def test_the_cidr_blocks_of_a_vpc_are_refused(stack: cdk.Stack) -> None:
    assert refused(stack, allowed_cidrs=vpc(stack).vpc_cidr_block_associations).startswith(
        "`allowed_cidrs` must contain public networks, got CidrBlockAssociations of the AWS::EC2::VPC Stack/Vpc/Resource;"
    )


@pytest.mark.parametrize(
    ("prop", "make"),
    [
        ("allowed_cidrs", lambda s: address(s).ref),
        ("allowed_cidrs", lambda s: address(s).attr_public_ip),
        ("allowed_cidrs", lambda s: f"{address(s).attr_public_ip}/32"),
        ("allowed_cidrs", lambda s: instance(s).attr_public_ip),
        ("allowed_cidrs", lambda s: cdk.Fn.select(0, vpc(s).vpc_ipv6_cidr_blocks)),
        ("allowed_cidrs", lambda s: cdk.CfnParameter(s, "Network").value_as_string),
        ("allowed_cidrs", lambda s: ssm.StringParameter.value_for_string_parameter(s, "/office")),
        ("allowed_cidrs", lambda s: ssm.StringParameter.value_from_lookup(s, "/office")),
        ("allowed_cidrs", lambda s: cdk.CfnResource(s, "Custom", type="Custom::Office").get_att("Network").to_string()),
        ("allowed_vpc_endpoints", lambda s: endpoint(s, EMAIL_SMTP)),
        ("allowed_vpc_endpoints", lambda _: cdk.Fn.import_value("Endpoint")),
        ("allowed_vpcs", vpc),
        ("allowed_vpcs", lambda s: subnet(s).attr_vpc_id),
        ("identity", lambda s: ses.CfnEmailIdentity(s, "Identity", email_identity="example.com").ref),
    ],
)
def test_a_valid_reference_is_accepted(stack: cdk.Stack, prop: str, make: Make) -> None:
    given = make(stack)
    changed: dict[str, Any] = {prop: given if prop in SINGLE else [given]}
    user(stack, **changed)


@pytest.mark.parametrize("env", [None, HERE, VIRGINIA])
@pytest.mark.parametrize("service", [SQS, EMAIL_SMTP])
def test_an_endpoints_service_is_known_in_any_stack(
    app: cdk.App, env: cdk.Environment | None, service: ec2.IInterfaceVpcEndpointService
) -> None:
    stack = cdk.Stack(app, "Anywhere", env=env)
    given: dict[str, Any] = {"allowed_vpc_endpoints": [endpoint(stack, service)]}
    if service is EMAIL_SMTP:
        user(stack, **given)
    else:
        assert "for sqs" in refused(stack, **given)


def test_an_endpoint_of_another_region_is_refused(stack: cdk.Stack) -> None:
    given = endpoint(stack, EMAIL_SMTP)
    assert refused(stack, allowed_vpc_endpoints=[given], ses_region="us-east-1") == (
        "`allowed_vpc_endpoints` must be in us-east-1, through which mail is sent, got Stack/Vpc/Endpoint/Resource in"
        " eu-west-1; give one in us-east-1, or an `identity` in eu-west-1"
    )


def test_a_configuration_set_of_another_region_is_refused(stack: cdk.Stack) -> None:
    given = ses.ConfigurationSet(stack, "Set")
    arn = "arn:aws:ses:us-east-1:111122223333:identity/example.com"
    assert refused(stack, configuration_set=given, identity=arn) == (
        "`configuration_set` must be in us-east-1, through which mail is sent, got Stack/Set/Resource in eu-west-1; give"
        " one in us-east-1, or an `identity` in eu-west-1"
    )


def test_a_vpc_of_another_region_draws_a_warning(stack: cdk.Stack) -> None:
    user(stack, allowed_vpcs=[vpc(stack)], ses_region="us-east-1")
    (warning,) = warnings(stack)
    assert warning == (
        "`allowed_vpcs` contains Stack/Vpc/Resource in eu-west-1, but mail is sent through us-east-1, whose endpoints for"
        " SES SMTP are in VPCs in us-east-1; name such a VPC, or send through eu-west-1"
        " [ack: ses-secure-user:otherRegionVpc]"
    )
