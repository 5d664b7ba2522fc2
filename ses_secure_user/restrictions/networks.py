"""Checks of networks at synthesis, with a remedy for other spellings. `functions.issuer.networks` has the rules."""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network, summarize_address_range
from typing import TYPE_CHECKING

from ses_secure_user.cdk.refusal import refusal
from ses_secure_user.cdk.spelling import remedy_for, write
from ses_secure_user.functions.issuer.networks import NO_NETWORK, NetworkError, merge, parsed_network

if TYPE_CHECKING:
    from collections.abc import Iterable
    from ipaddress import IPv4Network, IPv6Network

_WIDEST = {4: 16, 6: 32}

_MOST_OF_A_RANGE = 8
"""The maximum number of networks in a remedy."""

_OF_IDS = {
    "vpce": "give it to `allowed_vpc_endpoints`",
    "vpc": "give it to `allowed_vpcs`",
    "subnet": "write the public address of its NAT gateway, or give its VPC to `allowed_vpcs`",
    "pl": "write the networks of the prefix list",
    "sg": "write the public addresses of what is in the group",
    **dict.fromkeys(("eipalloc", "nat", "i", "eni"), "write its public address"),
}
"""The remedy for an id, by its prefix."""


def merged_networks(values: Iterable[str]) -> list[str]:
    """Merge networks into the fewest that contain the same addresses.

    Raises:
        ValueError: A network is invalid or not public, or together they cover the whole internet.
    """
    try:
        return merge(values)
    except NetworkError as error:
        raise refusal("allowed_cidrs", error.rule, error.got, error.remedy) from None


def network(prop: str, text: str) -> str:
    """Check one network, and return it with its prefix length.

    Raises:
        ValueError: It is invalid, or not public.
    """
    try:
        return str(parsed_network(text))
    except NetworkError as error:
        remedy = _remedy(text, error.remedy) if error.rule == NO_NETWORK else error.remedy
        raise refusal(prop, error.rule, text, remedy) from None


def is_wide(network: IPv4Network | IPv6Network, size: int) -> bool:
    """Return whether a number of addresses in a public network is more than any sender needs."""
    try:
        parsed_network(str(network))
    except NetworkError:
        return False
    return size > 1 << (network.max_prefixlen - _WIDEST[network.version])


def wide_networks(networks: Iterable[str]) -> list[tuple[str, int]]:
    """Return the networks that are wider than any sender needs, each with the widest recommended prefix length."""
    found = [(ip_network(text), text) for text in networks]
    return [(text, _WIDEST[network.version]) for network, text in found if network.prefixlen < _WIDEST[network.version]]


def _remedy(text: str, otherwise: str) -> str:
    """Return the remedy for a value that is not a network."""
    of_id = re.fullmatch(r"(?P<kind>[a-z]+)-[0-9a-f]+", text.strip())
    if of_id and of_id["kind"] in _OF_IDS:
        return _OF_IDS[of_id["kind"]]
    meant = _range(text) or _wildcard(text) or _mask(text) or _zeros(text)
    if meant and all(map(_is_right, meant)):
        return write(meant) if len(meant) <= _MOST_OF_A_RANGE else "write the networks of the range"
    return remedy_for(text, _is_right, otherwise)


def _is_right(text: str) -> bool:
    try:
        merge([text])
    except NetworkError:
        return False
    return True


def _range(text: str) -> list[str]:
    """Return the networks of a range with a dash, whose end can be the last number of the address."""
    first, _, last = (part.strip() for part in text.replace("\u2013", "-").partition("-"))
    if last.isdigit():
        last = f"{first.rpartition('.')[0]}.{last}"
    try:
        return [str(one) for one in summarize_address_range(ip_address(first), ip_address(last))]
    except (ValueError, TypeError):
        return []


def _wildcard(text: str) -> list[str]:
    """Return the network of ``203.0.113.*``."""
    parts = text.strip().split(".")
    known = [part for part in parts if part != "*"]
    if len(parts) != 4 or not known or parts == known or set(parts[len(known) :]) != {"*"}:  # noqa: PLR2004 - bytes of IPv4
        return []
    return [f"{'.'.join([*known, *['0'] * (4 - len(known))])}/{8 * len(known)}"]


def _mask(text: str) -> list[str]:
    """Return the network of ``203.0.113.0 255.255.255.0``."""
    try:
        return [str(ip_network("/".join(text.split())))] if len(text.split()) == 2 else []  # noqa: PLR2004
    except ValueError:
        return []


def _zeros(text: str) -> list[str]:
    """Return an address with leading zeros, ``203.0.113.007``, without them."""
    found = re.fullmatch(r"0*(\d+)\.0*(\d+)\.0*(\d+)\.0*(\d+)(/\d+)?", text.strip())
    return [".".join(found.groups()[:4]) + (found[5] or "")] if found else []
