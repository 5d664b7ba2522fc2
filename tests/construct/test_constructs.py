"""Constructs as values of properties: their names and regions are used, and wrong constructs are refused."""

import json
from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_ses as ses

from tests.construct.users import HERE, VIRGINIA, refused, resources, user

ABROAD = "arn:aws:ses:us-east-1:111122223333:identity/example.com"
OTHERS = "arn:aws:ses:eu-west-1:444455556666:identity/example.com"
Make = Callable[[cdk.Stack], Any]

ELSEWHERE = cdk.Environment(account="444455556666", region="eu-west-1")


def policy(stack: cdk.Stack) -> str:
    (document,) = (one["PolicyDocument"] for one in resources(stack, "AWS::IAM::ManagedPolicy") if "Roles" not in one)
    return json.dumps(document)


def imported(stack: cdk.Stack, arn: str) -> ses.IEmailIdentity:
    return ses.EmailIdentity.from_email_identity_arn(stack, f"Imported{len(stack.node.children)}", arn)


def made(stack: cdk.Stack) -> ses.EmailIdentity:
    return ses.EmailIdentity(stack, "Identity", identity=ses.Identity.domain("example.com"))


def test_an_identity_imported_by_arn_has_its_region(stack: cdk.Stack) -> None:
    """Its `env.region` in the CDK is the region of the stack."""
    mailer = user(stack, identity=imported(stack, ABROAD))

    assert mailer.smtp_host == "email-smtp.us-east-1.amazonaws.com"
    assert ":ses:us-east-1:111122223333:identity/example.com" in policy(stack)


def test_an_identity_of_a_stack_in_another_region_has_it(app: cdk.App) -> None:
    abroad = cdk.Stack(app, "Abroad", env=VIRGINIA, cross_region_references=True)
    here = cdk.Stack(app, "Here", env=HERE, cross_region_references=True)

    mailer = user(here, identity=made(abroad))

    assert mailer.smtp_host == "email-smtp.us-east-1.amazonaws.com"
    app.synth()
    assert ":ses:us-east-1:111122223333:identity/" in policy(here)


def test_a_stack_without_a_region_uses_the_identitys(app: cdk.App) -> None:
    anywhere = cdk.Stack(app, "Anywhere")
    assert user(anywhere, identity=imported(anywhere, ABROAD)).smtp_host == "email-smtp.us-east-1.amazonaws.com"


def test_a_chosen_region_is_kept_if_the_identitys_is_not_known(app: cdk.App) -> None:
    anywhere = cdk.Stack(app, "Anywhere")
    assert user(anywhere, identity=made(anywhere), ses_region="us-east-1").smtp_host == (
        "email-smtp.us-east-1.amazonaws.com"
    )


def test_an_identity_imported_by_its_name_may_be_of_any_region(app: cdk.App, stack: cdk.Stack) -> None:
    """An identity that is imported in a stack of another region has that region."""
    here = ses.EmailIdentity.from_email_identity_name(stack, "Identity", "example.com")
    abroad = cdk.Stack(app, "Abroad", env=VIRGINIA)
    there = ses.EmailIdentity.from_email_identity_name(abroad, "Identity", "example.com")

    assert user(stack, "One", identity=here).smtp_host == "email-smtp.eu-west-1.amazonaws.com"
    assert user(stack, "Two", identity=here, ses_region="us-east-1").smtp_host == "email-smtp.us-east-1.amazonaws.com"
    assert user(stack, "Three", identity=there).smtp_host == "email-smtp.us-east-1.amazonaws.com"


def of_a_stack_here(stack: cdk.Stack) -> Any:  # noqa: ANN401
    return {"identity": made(stack), "ses_region": "us-east-1"}


def of_a_stack_abroad(stack: cdk.Stack) -> Any:  # noqa: ANN401
    return {"identity": made(cdk.Stack(cdk.App.of(stack), "Abroad", env=VIRGINIA)), "ses_region": "eu-west-1"}


def of_another_account(stack: cdk.Stack) -> Any:  # noqa: ANN401
    return {"identity": made(cdk.Stack(cdk.App.of(stack), "Theirs", env=ELSEWHERE))}


REGIONS = "SES verifies identities by region: verify it there, or leave `ses_region` out"
OWNER = "its owner can revoke its use and see the mail: verify it here, or deploy this stack there"


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        (of_a_stack_here, f"`identity` must be in region us-east-1, got eu-west-1; {REGIONS}"),
        (of_a_stack_abroad, f"`identity` must be in region eu-west-1, got us-east-1; {REGIONS}"),
        (
            lambda stack: {"identity": imported(stack, ABROAD), "ses_region": "eu-west-1"},
            f"`identity` must be in region eu-west-1, got us-east-1; {REGIONS}",
        ),
        (of_another_account, f"`identity` must be in account 111122223333, got '444455556666'; {OWNER}"),
        (
            lambda stack: {"identity": imported(stack, OTHERS)},
            f"`identity` must be in account 111122223333, got '444455556666'; {OWNER}",
        ),
        (
            lambda stack: {"identity": [made(stack), imported(stack, ABROAD.replace(".com", ".org"))]},
            "`identity` must be in one region, got eu-west-1 and us-east-1; create a user for each region",
        ),
    ],
)
def test_an_identity_of_another_region_or_account_is_refused(
    stack: cdk.Stack, properties: Callable[[cdk.Stack], Any], message: str
) -> None:
    assert refused(stack, **properties(stack)) == message


@pytest.mark.parametrize("env", [None, HERE])
@pytest.mark.parametrize("name", ["example.com", "Example.com"])
def test_the_name_of_an_identity_in_the_app_is_known(app: cdk.App, env: cdk.Environment | None, name: str) -> None:
    """The name is a token, but the CDK knows it, so From addresses are checked. A subdomain can be another identity."""
    stack = cdk.Stack(app, "Known", env=env)
    identity = ses.EmailIdentity(stack, "Identity", identity=ses.Identity.domain(name))

    user(stack, identity=identity, from_address="noreply@mail.example.com")

    assert "identity/mail.example.com" in policy(stack)
    assert "noreply@example.org; use an address of example.com, or add example.org to" in refused(
        cdk.Stack(app, "Other", env=env), identity=identity, from_address="noreply@example.org"
    )


@pytest.mark.parametrize(
    "identity",
    [
        lambda stack: ses.EmailIdentity(stack, "Identity", identity=ses.Identity.email("a@example.com")),
        lambda stack: ses.CfnEmailIdentity(stack, "Identity", email_identity="a@example.com").ref,
        lambda stack: [ses.EmailIdentity(stack, "Identity", identity=ses.Identity.email("a@example.com"))],
    ],
)
def test_an_address_that_is_the_apps_identity_belongs_to_it(stack: cdk.Stack, identity: Make) -> None:
    given = identity(stack)
    user(stack, identity=given, from_address="a@example.com")
    assert "`from_address` must belong to an `identity`" in refused(stack, identity=given, from_address="b@example.com")


def test_an_identity_with_an_unknown_name_accepts_any_address(stack: cdk.Stack) -> None:
    name = cdk.CfnParameter(stack, "Name").value_as_string
    identity = ses.CfnEmailIdentity(stack, "Identity", email_identity=name)
    user(stack, identity=identity.ref, from_address="noreply@example.org")
    user(stack, "Several", identity=[identity.ref, "example.com"], from_address="noreply@example.org")


def vpc(stack: cdk.Stack) -> ec2.Vpc:
    return ec2.Vpc(stack, "Vpc", nat_gateways=0)


def endpoint(stack: cdk.Stack) -> ec2.IVpcEndpoint:
    return ec2.InterfaceVpcEndpoint.from_interface_vpc_endpoint_attributes(
        stack, "Endpoint", vpc_endpoint_id="vpce-0123456789abcdef0", port=465
    )


def zone(stack: cdk.Stack) -> route53.IHostedZone:
    return route53.HostedZone.from_hosted_zone_attributes(
        stack, "Zone", hosted_zone_id="Z0123", zone_name="example.com"
    )


NETWORKS = "contain strings"
ENDPOINTS = "be a construct of type ec2.IVpcEndpoint, or its name or id"
VPCS = "be a construct of type ec2.IVpc, or its name or id"
IDENTITY = "be a construct of type ses.IEmailIdentity, or its name or id"
SET = "be a construct of type ses.IConfigurationSet, or its name or id"
NAT = "give the public address that it sends from, such as the `.attr_public_ip` of its NAT gateway's CfnEIP"


@pytest.mark.parametrize(
    ("prop", "make", "rule", "shown", "remedy"),
    [
        ("allowed_cidrs", lambda s: ec2.CfnEIP(s, "Eip"), NETWORKS, "CfnEIP Stack/Eip", "give its `.attr_public_ip`"),
        ("allowed_cidrs", vpc, NETWORKS, "Vpc Stack/Vpc", f"{NAT}, or give it to `allowed_vpcs`"),
        ("allowed_cidrs", endpoint, NETWORKS, "construct Stack/Endpoint", "give it to `allowed_vpc_endpoints`"),
        ("allowed_cidrs", lambda s: ec2.SecurityGroup(s, "Group", vpc=vpc(s)), NETWORKS, "SecurityGroup Stack/Group", NAT),
        ("allowed_cidrs", lambda _: ec2.Peer.any_ipv4(), NETWORKS, "CDK object", "write its text"),
        ("allowed_cidrs", lambda _: ip_network("203.0.113.0/24"), NETWORKS, "IPv4Network('203.0.113.0/24')", "write its text"),
        ("allowed_cidrs", lambda s: s3.Bucket(s, "Bucket"), NETWORKS, "Bucket Stack/Bucket", "write one such as 203.0.113.0/24"),
        ("allowed_vpc_endpoints", vpc, ENDPOINTS, "Vpc Stack/Vpc", "give an endpoint in it, or give it to `allowed_vpcs`"),
        (
            "allowed_vpc_endpoints",
            lambda s: ec2.CfnVPCEndpoint(s, "Endpoint", vpc_id="vpc-1", service_name="x"),
            ENDPOINTS,
            "CfnVPCEndpoint Stack/Endpoint",
            "give its `.ref`",
        ),
        (
            "allowed_vpc_endpoints",
            lambda _: ec2.InterfaceVpcEndpointAwsService.EMAIL_SMTP,
            ENDPOINTS,
            "InterfaceVpcEndpointAwsService object",
            'make an endpoint, and give that: vpc.add_interface_endpoint("Smtp", service=…)',
        ),
        ("allowed_vpcs", endpoint, VPCS, "construct Stack/Endpoint", "give its VPC, or give it to `allowed_vpc_endpoints`"),
        ("allowed_vpcs", lambda s: ec2.CfnVPC(s, "Vpc", cidr_block="10.0.0.0/16"), VPCS, "CfnVPC Stack/Vpc", "give its `.ref`"),
        ("allowed_vpcs", lambda s: s3.Bucket(s, "Bucket"), VPCS, "Bucket Stack/Bucket", "give one of these"),
        (
            "identity",
            zone,
            IDENTITY,
            "construct Stack/Zone",
            "make a ses.EmailIdentity of it: identity=ses.Identity.public_hosted_zone(…)",
        ),
        (
            "identity",
            lambda _: ses.Identity.domain("example.com"),
            IDENTITY,
            "Identity object",
            'make a ses.EmailIdentity of it: ses.EmailIdentity(self, "Identity", identity=…)',
        ),
        (
            "identity",
            lambda s: ses.CfnEmailIdentity(s, "Identity", email_identity="example.com"),
            IDENTITY,
            "CfnEmailIdentity Stack/Identity",
            "give its `.ref`",
        ),
        (
            "configuration_set",
            lambda s: ses.CfnConfigurationSet(s, "Set"),
            SET,
            "CfnConfigurationSet Stack/Set",
            "give its `.ref`",
        ),
        ("configuration_set", made, SET, "EmailIdentity Stack/Identity", "give one of these"),
    ],
)  # fmt: skip
def test_a_wrong_construct_is_refused_with_the_remedy(  # noqa: PLR0913, PLR0917
    app: cdk.App, prop: str, make: Make, rule: str, shown: str, remedy: str
) -> None:
    stack = cdk.Stack(app, "Stack", env=HERE)
    given = make(stack)
    one = given if prop in {"identity", "configuration_set"} else [given]

    assert refused(stack, **{prop: one}) == f"`{prop}` must {rule}, got {shown}; {remedy}"


def test_a_vpc_that_is_not_yet_looked_up_is_accepted(stack: cdk.Stack) -> None:
    """The CDK synthesizes with a dummy VPC first, looks the VPC up, and synthesizes again."""
    looked_up = ec2.Vpc.from_lookup(stack, "Vpc", is_default=True)
    user(stack, allowed_vpcs=[looked_up])
    assert '"aws:SourceVpc": "vpc-12345"' in policy(stack)
