"""Names of constructs that are given for a property."""

from __future__ import annotations

from typing import Any, NamedTuple

from .refusal import wrong_type
from .tokens import is_token


class _Takes(NamedTuple):
    """The constructs that a property takes: their interface, the attribute with their name, the type of their L1."""

    interface: str
    attribute: str
    type: str = ""


TAKES_CONSTRUCTS = {
    "identity": _Takes("ses.IEmailIdentity", "email_identity_name", "AWS::SES::EmailIdentity"),
    "configuration_set": _Takes("ses.IConfigurationSet", "configuration_set_name", "AWS::SES::ConfigurationSet"),
    "allowed_vpc_endpoints": _Takes("ec2.IVpcEndpoint", "vpc_endpoint_id", "AWS::EC2::VPCEndpoint"),
    "allowed_vpcs": _Takes("ec2.IVpc", "vpc_id", "AWS::EC2::VPC"),
    "allowed_cidrs": _Takes("", ""),
}

_PARTS = len(("arn", "partition", "ses", "region", "account", "identity/NAME"))

_NETWORK = "write its text"
_NAT = "give the public address that it sends from, such as the `.attr_public_ip` of its NAT gateway's CfnEIP"
_INSTEAD = {
    "allowed_cidrs": {
        "attr_public_ip": "give its `.attr_public_ip`",
        "instance_public_ip": "give its `.instance_public_ip`",
        "vpc_endpoint_id": "give it to `allowed_vpc_endpoints`",
        "vpc_cidr_block": f"{_NAT}, or give it to `allowed_vpcs`",
        "subnet_id": f"{_NAT}, or give its VPC to `allowed_vpcs`",
        "security_group_id": _NAT,
        "unique_id": _NETWORK,
        "exploded": _NETWORK,
    },
    "allowed_vpc_endpoints": {
        "vpc_cidr_block": "give an endpoint in it, or give it to `allowed_vpcs`",
        "private_dns_default": 'make an endpoint, and give that: vpc.add_interface_endpoint("Smtp", service=…)',
    },
    "allowed_vpcs": {
        "vpc_endpoint_id": "give its VPC, or give it to `allowed_vpc_endpoints`",
        "subnet_id": "give its VPC",
    },
    "identity": {
        "hosted_zone_id": "make a ses.EmailIdentity of it: identity=ses.Identity.public_hosted_zone(…)",
        "value": 'make a ses.EmailIdentity of it: ses.EmailIdentity(self, "Identity", identity=…)',
    },
    "configuration_set": {},
}
"""The remedy for another construct, by an attribute that identifies it."""


def names(prop: str, given: object, home: str = "") -> Any:  # noqa: ANN401 - `restrict` refuses other types
    """Return the name of a construct, or the names of several. Strings are returned unchanged.

    Args:
        prop: The property.
        given: The value of the property.
        home: The region of the user's stack.

    Raises:
        ValueError: A construct is of another kind. The message says what to give instead.
    """
    if isinstance(given, list | tuple):
        return [_name(prop, one, home) for one in given]
    return _name(prop, given, home)


def _name(prop: str, one: object, home: str) -> object:
    takes = TAKES_CONSTRUCTS[prop]
    if isinstance(one, str) or one is None:
        return one
    if takes.attribute and getattr(one, "cfn_resource_type", None) is None and hasattr(one, takes.attribute):
        return _identity(one, home) if prop == "identity" else getattr(one, takes.attribute)
    remedy = _remedy(prop, one)
    if remedy is None and not hasattr(one, "node"):
        return one
    if takes.interface:
        rule = f"be a construct of type {takes.interface}, or its name or id"
        raise wrong_type(prop, rule, one, remedy or "give one of these")
    raise wrong_type(prop, "contain strings", one, remedy or "write one such as 203.0.113.0/24")


def _identity(one: Any, home: str) -> str:  # noqa: ANN401 - an imported construct has no class
    """Return the ARN of an identity if its region is known, which can differ from the stack's, or else its name."""
    arn = str(one.email_identity_arn)
    parts = arn.split(":")
    if len(parts) != _PARTS or is_token(parts[3]):
        return str(one.email_identity_name)
    # An identity that is imported by name has the region of its stack, and a partition that is a token.
    is_name = parts[3] == home and is_token(parts[1]) and not is_token(parts[5])
    return parts[5].partition("/")[2] if is_name else arn


def _remedy(prop: str, one: object) -> str | None:
    """Return the remedy for another construct, if there is one."""
    if TAKES_CONSTRUCTS[prop].type and getattr(one, "cfn_resource_type", None) == TAKES_CONSTRUCTS[prop].type:
        return "give its `.ref`"
    return next((remedy for attribute, remedy in _INSTEAD[prop].items() if hasattr(one, attribute)), None)
