"""The restrictions, one row each, without the CDK. All code that handles a restriction reads it from here.

The rows hold all that SES documents for `SendRawEmail`, but for what would restrict nothing: `aws:UserAgent` is the
client's own claim, and `aws:SecureTransport` is always true over SMTP
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
"""Addresses to ask about, in the order of IPv4 and IPv6; the first of each that no allowed network holds is used."""

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
        means: How the documents' tables explain it.
        parse: Checks and normalizes one value, given the property and the value.
        example: A value that is right.
        is_required: Whether it must be given. Default: no.
        may_stand_alone: Whether one value may be given without a list. Default: no.
        is_single: Whether it takes one value and not a list. Default: a list.
        when_empty: What to write instead of an empty list. Default: it may be empty.
        spell: Writes a value that is no text as one, given the property and the value. Default: only texts are taken.
        merge: Checks and normalizes all values together. Default: none may be named twice.
        resource: The kind of resource that SES judges it as, in an ARN. Default: none.
        key: The condition key. Default: none.
        operator: The operator by which the key must match.
        told_as: The type of the key's values, in the words of IAM's simulator.
        is_origin: Whether it says where mail comes from: one of the origins must hold, and all else must.
        allow: Of an origin, the Sid of its Allow statement.
        deny: Of a purpose, the Sid of its Deny statement.
        joined: Of a purpose, the pattern of two values written as one, which could match an allowed pattern.
        guards: What the statements guard.
        claim: The name of the claim that another value is refused. Default: there is none of its own.
        refused: What is refused then, in words.
        sample: Makes a value that matches from one that is allowed.
        others: Makes values that match none that are allowed.
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
        """The operator of the Deny statement. It is true for a missing key, unless it works on sets."""
        return _NEGATED[self.operator]

    @property
    def is_of_mail(self) -> bool:
        """True if the value is a part of the mail itself, and not of the request around it."""
        return self.key.startswith("ses:")

    @property
    def is_set(self) -> bool:
        """True if the key has several values. `Null` must then stand next to the operator."""
        return self.operator.startswith("ForAllValues:")

    def denials(self, values: Sequence[str]) -> dict[str, Test]:
        """Return what a purpose denies: the operator and the values of each Deny statement, by Sid."""
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

    If the networks of a family hold all candidates, return one that they should not hold.
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
        means="the verified domain or address that is sent from",
        parse=identity_name,
        example="example.com",
        is_required=True,
        may_stand_alone=True,
        when_empty="name the verified domain or address that mail is sent from",
        resource="identity",
    ),
    Row(
        prop="from_address",
        means="the only From addresses, exactly as the application writes them",
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
        means="the only display names of the From header, exactly as the application writes them; then required in it",
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
        means="the only Return-Path",
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
        means="the only recipients: addresses or `*@domain`",
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
        means="when the login ends by itself, such as that of a supplier, a trial or a migration",
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
        means="the only public networks, IPv4 or IPv6; a bare address means itself",
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
        means="VPC endpoints for SES SMTP, whose traffic has no public address",
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
        means="VPCs whose endpoints for SES SMTP may be sent through, also one that replaces another",
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
        means="recipients' identities, which SES authorizes too while the account is in its sandbox",
        parse=identity_name,
        example="person@example.net",
        resource="identity",
    ),
    Row(
        prop="configuration_set",
        means="the only configuration set; an identity's default set must be named",
        parse=configuration_set_name,
        example="transactional",
        is_single=True,
        resource="configuration-set",
    ),
)
"""In the order in which a policy names them."""

BY_PROPERTY = {row.prop: row for row in ROWS}
PURPOSES = tuple(row for row in ROWS if row.key and not row.is_origin)
ORIGINS = tuple(row for row in ROWS if row.is_origin)
