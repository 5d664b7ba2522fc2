"""Checks of tokens that refer to resources of the app.

Without them, a reference to a wrong resource or attribute would only be noticed when SES refuses all mail.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, cast

from aws_cdk import Reference, Tokenization

from ses_secure_user.restrictions.marks import LIST_TOKEN, TOKEN

from .refusal import refusal
from .tokens import is_token, place_of, stack_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from aws_cdk import CfnResource
    from aws_cdk import aws_ec2 as ec2
    from aws_cdk import aws_ses as ses

_SMTP_SERVICES = ("email-smtp", "email-smtp-fips")
"""https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html"""

_ENDPOINT, _VPC = "AWS::EC2::VPCEndpoint", "AWS::EC2::VPC"


class _Takes(NamedTuple):
    """The references that a property takes.

    Attributes:
        rule: The rule of the property.
        attributes: The valid attributes by the type of the resource. ``Ref`` stands for the return value of ``Ref``.
        never: A pattern of invalid attributes of other types.
        remedy: The remedy.
    """

    rule: str
    attributes: dict[str, tuple[str, ...]]
    never: str
    remedy: str


_PUBLIC = "give the public address that sends mail, such as the `.attr_public_ip` of the NAT gateway's CfnEIP"
_TAKES = {
    "allowed_cidrs": _Takes(
        "contain public networks",
        {"AWS::EC2::EIP": ("Ref", "PublicIp")},
        r"Ref|CidrBlock\w*|\w*Private\w*|\w*(?:Id|Arn|Name)",
        _PUBLIC,
    ),
    "allowed_vpc_endpoints": _Takes(
        "be VPC endpoints for SES SMTP", {_ENDPOINT: ("Ref", "Id")}, r"Ref|\w*Arn", "give the endpoint"
    ),
    "allowed_vpcs": _Takes("be VPCs", {_VPC: ("Ref", "VpcId")}, r"Ref|\w*Arn", "give the VPC"),
    "configuration_set": _Takes(
        "be a configuration set", {"AWS::SES::ConfigurationSet": ("Ref",)}, r"Ref|\w*Arn", "give the set"
    ),
    "identity": _Takes(
        "be a verified identity",
        {"AWS::SES::EmailIdentity": ("Ref",), "AWS::Route53::HostedZone": ()},
        r"\w*Id|\w*Arn",  # a bucket may be named as a domain is
        "give the ses.EmailIdentity",
    ),
}

_INSTEAD = {
    ("allowed_cidrs", "AWS::EC2::EIP"): "give its `.attr_public_ip`",
    ("allowed_cidrs", "AWS::EC2::Instance"): "give its `.attr_public_ip`, or that of its CfnEIP",
    ("allowed_cidrs", _ENDPOINT): "give the endpoint to `allowed_vpc_endpoints`",
    ("allowed_cidrs", _VPC): f"{_PUBLIC}, or give the VPC to `allowed_vpcs`",
    ("allowed_vpc_endpoints", _VPC): "give the endpoint, or the VPC to `allowed_vpcs`",
    ("allowed_vpcs", _ENDPOINT): "give the VPC, or the endpoint to `allowed_vpc_endpoints`",
}


class _Referred(NamedTuple):
    """A resource and the attribute that a value refers to."""

    resource: CfnResource
    attribute: str

    @property
    def type(self) -> str:
        return self.resource.cfn_resource_type

    @property
    def shown(self) -> str:
        return f"{self.attribute} of the {self.type} {self.resource.node.path}"


def check_references(values: Mapping[str, Sequence[str]], region: str) -> None:
    """Check the references in the values of properties.

    Args:
        values: The values by property. Other strings and tokens pass.
        region: The region that mail is sent through.

    Raises:
        ValueError: A value refers to another kind of resource, to a wrong attribute, to an endpoint of another service,
            or to an endpoint or a configuration set in another region.
    """
    for prop, takes in _TAKES.items():
        for referred in _referred(values[prop]):
            _check(prop, takes, referred, region)


def known_identities(given: object) -> dict[str, str]:
    """Return the known names of identities that tokens refer to, by token.

    Args:
        given: The name or ARN of an identity, or a list of them. Other types pass.
    """
    values = [given] if isinstance(given, str) else given if isinstance(given, list) else []
    ends = [re.search(rf"{TOKEN}\Z", one) for one in values if isinstance(one, str)]
    known = {}
    for token in (end[0] for end in ends if end):
        for referred in _referred([token]):
            if (referred.type, referred.attribute) == ("AWS::SES::EmailIdentity", "Ref"):
                name = cast("ses.CfnEmailIdentity", referred.resource).email_identity
                if not is_token(name):
                    known[token] = name if "@" in name else name.lower()
    return known


def reference_warnings(values: Mapping[str, Sequence[str]], region: str) -> list[tuple[str, str]]:
    """Return warnings about VPCs in another region than the endpoint: pairs of an id and a message."""
    found = []
    for one in _referred(values["allowed_vpcs"]):
        theirs = place_of(stack_of(one.resource)).region
        if _differs(theirs, region):
            message = (
                f"`allowed_vpcs` contains {one.resource.node.path} in {theirs}, but mail is sent through {region},"
                f" whose endpoints for SES SMTP are in VPCs in {region}; name such a VPC, or send through {theirs}"
            )
            found.append(("ses-secure-user:otherRegionVpc", message))
    return found


def _check(prop: str, takes: _Takes, referred: _Referred, region: str) -> None:
    if referred.attribute not in takes.attributes.get(referred.type, ()):
        if referred.type in takes.attributes or re.fullmatch(takes.never, referred.attribute):
            remedy = _INSTEAD.get((prop, referred.type), takes.remedy)
            raise refusal(prop, takes.rule, referred.shown, remedy)
    elif referred.type == _ENDPOINT:
        _check_service(prop, cast("ec2.CfnVPCEndpoint", referred.resource), region)
    elif prop == "configuration_set":
        _check_region(prop, referred.resource, region)


def _referred(values: Sequence[str]) -> Iterator[_Referred]:
    """Yield the resources that the values refer to. A prefix length can follow a reference."""
    for value in values:
        if value.startswith(LIST_TOKEN):
            token = Tokenization.reverse_list([value])
        elif re.fullmatch(rf"{TOKEN}(?:/\d+)?", value):
            token = Tokenization.reverse_string(value).first_token
        else:
            continue
        if token is not None and Reference.is_reference(token):
            reference = cast("Reference", token)
            if hasattr(reference.target, "cfn_resource_type"):
                yield _Referred(cast("CfnResource", reference.target), reference.display_name)


def _check_service(prop: str, endpoint: ec2.CfnVPCEndpoint, region: str) -> None:
    """Check that an endpoint is for SES SMTP in a region. Parts of the service name that are tokens pass."""
    resolved = stack_of(endpoint).resolve(endpoint.service_name)
    parts = resolved["Fn::Join"][1] if isinstance(resolved, dict) and "Fn::Join" in resolved else [resolved or ""]
    name = "".join(part if isinstance(part, str) else "*" for part in parts)
    service = name.rpartition(".")[2]
    if service not in {"*", *_SMTP_SERVICES}:
        remedy = "give one created with ec2.InterfaceVpcEndpointAwsService.EMAIL_SMTP"
        got = f"{endpoint.node.path} for {service or 'no service'}"
        raise refusal(prop, _TAKES[prop].rule, got, remedy)
    theirs = name.split(".")[-2:][0]
    if service != "*" and theirs != "*" and _differs(theirs, region):
        _refuse_region(prop, endpoint, theirs, region)


def _check_region(prop: str, resource: CfnResource, region: str) -> None:
    theirs = place_of(stack_of(resource)).region
    if _differs(theirs, region):
        _refuse_region(prop, resource, theirs, region)


def _refuse_region(prop: str, resource: CfnResource, theirs: str, region: str) -> None:
    remedy = f"give one in {region}, or an `identity` in {theirs}"
    raise refusal(prop, f"be in {region}, through which mail is sent", f"{resource.node.path} in {theirs}", remedy)


def _differs(theirs: str, region: str) -> bool:
    return theirs != region and not is_token(theirs) and not is_token(region)
