"""The restrictions, one row each. This module does not use the CDK. All code that handles restrictions reads the rows.

The rows cover all condition keys that SES documents for `SendRawEmail`, except two that would not restrict anything:
the client chooses `aws:UserAgent`, and `aws:SecureTransport` is always true over SMTP
(https://docs.aws.amazon.com/ses/latest/dg/control-user-access.html).
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from itertools import count
from typing import TYPE_CHECKING

from .moments import second_before, spelled
from .names import (
    address,
    configuration_set_name,
    display_name,
    identity_name,
    one_address,
    recipient,
    vpc_endpoint_id,
    vpc_id,
)
from .networks import merged_networks, network

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Test = tuple[str, "Sequence[str]"]
"""The operator and the values of a condition."""

ACTION = "ses:SendRawEmail"

DENY_OTHER_ORIGINS = "DenyOtherOrigins"
"""The Sid of the one Deny statement of all origins."""

UNTRUSTED = ("192.0.2.1", "198.51.100.1", "203.0.113.1", "8.8.8.8", "2001:db8::1", "3fff::1", "2600::1")
"""Addresses for the simulator. The first IPv4 and the first IPv6 address outside the allowed networks are used."""

_NEGATED = {
    "StringEquals": "StringNotEquals",
    "IpAddress": "NotIpAddress",
    "ForAllValues:StringLike": "ForAnyValue:StringNotLike",
    "DateLessThan": "DateGreaterThanEqualsIfExists",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A restriction.

    Attributes:
        prop: The construct's property.
        means: Its description in the tables of the documentation.
        parse: A function of the property and one value that checks and normalizes the value.
        example: A valid value.
        is_required: Whether it is required. Default: no.
        may_stand_alone: Whether one value can be given without a list. Default: no.
        is_single: Whether it takes one value instead of a list. Default: no.
        when_empty: The remedy for an empty list. Default: the list can be empty.
        spell: A function of the property and a value that converts the value to a string. Default: only strings are
            accepted.
        merge: A function that checks and normalizes all values together. Default: no value can be given twice.
        resource: The kind of resource, as in an ARN, by which SES authorizes it. Default: none.
        key: The condition key. Default: none.
        operator: The operator of the Allow statement.
        told_as: The type of the key's values, as IAM's policy simulator names it.
        is_origin: Whether it restricts the origin of mail. One origin must match; all other restrictions must match.
        allow: The Sid of the Allow statement of an origin.
        deny: The Sid of the Deny statement of a restriction that is not an origin.
        joined: The pattern of two values written as one, which could match an allowed pattern. Default: none.
        guards: The object of the statements, for messages.
        claim: The name of the claim of `verify` that another value is refused. Default: no claim.
        refused: The mail that is refused, for that claim.
        sample: A function that makes a matching value from an allowed value.
        others: A function that makes values that match no allowed value.
    """

    prop: str
    means: str
    parse: Callable[[str, str], str]
    example: str
    is_required: bool = False
    may_stand_alone: bool = False
    is_single: bool = False
    when_empty: str = ""
    spell: Callable[[str, object], str] | None = None
    merge: Callable[[Sequence[str]], Iterable[str]] | None = None
    resource: str = ""
    key: str = ""
    operator: str = "StringEquals"
    told_as: str = "string"
    is_origin: bool = False
    allow: str = ""
    deny: str = ""
    joined: str = ""
    guards: str = ""
    claim: str = ""
    refused: str = ""
    sample: Callable[[str], str] = str
    others: Callable[[Sequence[str]], Sequence[str]] = tuple

    @property
    def negated(self) -> str:
        """The operator of the Deny statement. It is true for a missing key, unless it is a set operator."""
        return _NEGATED[self.operator]

    @property
    def is_of_mail(self) -> bool:
        """True if the value is part of the mail, and not of the request."""
        return self.key.startswith("ses:")

    @property
    def is_set(self) -> bool:
        """True if the key has several values. The operator then needs an additional `Null`."""
        return self.operator.startswith("ForAllValues:")

    def denials(self, values: Sequence[str]) -> dict[str, Test]:
        """Return the operator and the values of each Deny statement, by Sid."""
        found: dict[str, Test] = {self.deny: (self.negated, values)}
        if self.is_set:
            found[self.deny.replace("Other", "Unknown")] = ("Null", ("true",))
        if self.joined:
            found[self.deny.replace("Other", "Joined")] = ("ForAnyValue:StringLike", (self.joined,))
        return found


def _another(name: str, allowed: Sequence[str], after: str = "") -> str:
    return next(one for number in count() if (one := f"{name}{number or ''}{after}") not in allowed)


def _another_address(allowed: Sequence[str]) -> tuple[str]:
    return (_another("stranger", allowed, f"@{allowed[0].rpartition('@')[2]}"),)


def _first_address(text: str) -> str:
    return str(ip_network(text, strict=False)[0])


def _outside(allowed: Sequence[str]) -> tuple[str, ...]:
    """Return an IPv4 and an IPv6 address outside all networks.

    If the networks of a family contain all candidates, return the first candidate.
    """
    networks = [ip_network(text, strict=False) for text in allowed]
    families = [[one for one in UNTRUSTED if (":" in one) == is_ipv6] for is_ipv6 in (False, True)]
    return tuple(
        next((one for one in family if not any(ip_address(one) in network for network in networks)), family[0])
        for family in families
    )


ROWS = (
    Row(
        prop="identity",
        means="the verified domain or address to send from",
        parse=identity_name,
        example="example.com",
        is_required=True,
        may_stand_alone=True,
        when_empty="name the verified domain or address to send from",
        resource="identity",
    ),
    Row(
        prop="from_address",
        means="the allowed From addresses, exactly as the application writes them",
        parse=address,
        example="noreply@example.com",
        is_required=True,
        may_stand_alone=True,
        when_empty="name the address that the application sends from",
        resource="identity",
        key="ses:FromAddress",
        deny="DenyOtherSenders",
        guards="the From address",
        claim="from",
        refused="mail as {other}",
        others=_another_address,
    ),
    Row(
        prop="from_display_name",
        means="the allowed display names of the From header, exactly as the application writes them; then required",
        parse=display_name,
        example="Example Shop",
        may_stand_alone=True,
        when_empty="leave it out to allow every display name",
        key="ses:FromDisplayName",
        deny="DenyOtherDisplayNames",
        guards="the display name",
        claim="display-name",
        refused="mail with another display name",
        others=lambda allowed: (_another("Stranger", allowed),),
    ),
    Row(
        prop="feedback_address",
        means="the allowed Return-Path",
        parse=one_address,
        example="bounces@example.com",
        is_single=True,
        key="ses:FeedbackAddress",
        deny="DenyOtherReturnPaths",
        guards="the Return-Path",
        claim="return-path",
        refused="mail with another Return-Path",
        others=_another_address,
    ),
    Row(
        prop="allowed_recipients",
        means="the allowed recipients: addresses or `*@domain`",
        parse=recipient,
        example="*@example.com",
        when_empty="leave it out to allow every recipient",
        key="ses:Recipients",
        operator="ForAllValues:StringLike",
        told_as="stringList",
        deny="DenyOtherRecipients",
        joined="*@*@*",
        guards="the recipients",
        claim="recipient",
        refused="mail to another recipient",
        sample=lambda pattern: pattern.replace("*", "person").replace("?", "x"),
        others=lambda _: ("person@ses-secure-user.example",),
    ),
    Row(
        prop="valid_until",
        means="the time when the login ends, for example for a supplier, a trial or a migration",
        parse=lambda _, text: text,
        example="2099-01-31T00:00:00Z",
        spell=spelled,
        is_single=True,
        key="aws:CurrentTime",
        operator="DateLessThan",
        told_as="date",
        deny="DenyAfterEnd",
        guards="the end",
        claim="time",
        refused="mail from {other} on",
        sample=second_before,
        others=tuple,
    ),
    Row(
        prop="allowed_cidrs",
        means="the public networks that may send, IPv4 or IPv6; an address without a prefix length is one address",
        parse=network,
        example="203.0.113.0/24",
        merge=merged_networks,
        key="aws:SourceIp",
        operator="IpAddress",
        told_as="ip",
        is_origin=True,
        allow="SendFromNetworks",
        guards="the networks",
        sample=_first_address,
        others=_outside,
    ),
    Row(
        prop="allowed_vpc_endpoints",
        means="the VPC endpoints for SES SMTP that may be sent through; their traffic has no public address",
        parse=vpc_endpoint_id,
        example="vpce-0123456789abcdef0",
        key="aws:SourceVpce",
        is_origin=True,
        allow="SendThroughEndpoints",
        guards="the VPC endpoints",
        others=lambda _: ("vpce-0ffffffffffffffff",),
    ),
    Row(
        prop="allowed_vpcs",
        means="the VPCs that may send through an endpoint for SES SMTP in them",
        parse=vpc_id,
        example="vpc-0123456789abcdef0",
        key="aws:SourceVpc",
        is_origin=True,
        allow="SendFromVpcs",
        guards="the VPCs",
        others=lambda _: ("vpc-0ffffffffffffffff",),
    ),
    Row(
        prop="sandbox_recipients",
        means="the identities of recipients, which SES also authorizes while the account is in the sandbox",
        parse=identity_name,
        example="person@example.net",
        resource="identity",
    ),
    Row(
        prop="configuration_set",
        means="the allowed configuration set; required if an identity has a default configuration set",
        parse=configuration_set_name,
        example="transactional",
        is_single=True,
        resource="configuration-set",
    ),
)
"""The rows in the order of the policy."""

BY_PROPERTY = {row.prop: row for row in ROWS}
PURPOSES = tuple(row for row in ROWS if row.key and not row.is_origin)
ORIGINS = tuple(row for row in ROWS if row.is_origin)
