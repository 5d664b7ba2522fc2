"""Networks for `aws:SourceIp`: they must be public, are merged, and must not cover the whole internet.

The construct checks networks that are known at synthesis, and the function checks those known at deployment.
"""

from __future__ import annotations

from ipaddress import (
    IPv4Interface,
    IPv4Network,
    IPv6Interface,
    IPv6Network,
    collapse_addresses,
    ip_interface,
    ip_network,
)
from typing import TYPE_CHECKING, TypeVar

from .errors import CredentialError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_RESERVED = tuple(
    (ip_network(network), kind)
    for kind, networks in {
        "unspecified": ("0.0.0.0/8", "::/128"),
        "private": ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"),
        "shared": ("100.64.0.0/10",),
        "loopback": ("127.0.0.0/8", "::1/128"),
        "link-local": ("169.254.0.0/16", "fe80::/10"),
        "multicast": ("224.0.0.0/4", "ff00::/8"),
        "benchmarking": ("198.18.0.0/15", "2001:2::/48"),
        "IPv4-mapped": ("::ffff:0:0/96",),
        "NAT64": ("64:ff9b::/96", "64:ff9b:1::/48"),
        "Teredo": ("2001::/32",),
        "6to4": ("192.88.99.0/24", "2002::/16"),
        "reserved": ("192.0.0.0/24", "240.0.0.0/4", "2001::/23", "::/3", "4000::/2", "8000::/1"),
    }.items()
    for network in networks
)
"""The networks that cannot send on the internet (IANA special-purpose registries), the more specific name first.

``is_global`` is not used, because it differs between versions of Python. Documentation networks are not included,
because examples use them.
"""

_HUGE = 12
"""A list that covers the internet without a network wider than this prefix exceeds the policy limit."""

NO_NETWORK = "contain IPv4 or IPv6 networks"

_Network = IPv4Network | IPv6Network
_Family = TypeVar("_Family", IPv4Network, IPv6Network)


class NetworkError(CredentialError):
    """An error: a text is not a network, or no mail can come from the network.

    Attributes:
        rule: The rule that is broken.
        got: The network.
        remedy: The remedy.
    """

    def __init__(self, rule: str, got: str, remedy: str) -> None:
        """Create an error with the same message as the construct."""
        super().__init__(f"`allowed_cidrs` must {rule}, got {got}; {remedy}")
        self.rule, self.got, self.remedy = rule, got, remedy


def check_networks(values: Sequence[str]) -> None:
    """Check the networks of a deployment. Empty texts are ignored, because they come from empty parameters.

    Raises:
        NetworkError: A text is not a public network, a prefix is missing, or all networks cover the whole internet.
    """
    given = [value for value in values if value]
    for value in given:
        if ":" in value and "/" not in value:
            # The construct adds the prefix at synthesis.
            rule = "have the prefix of an IPv6 network, since IAM takes a bare IPv6 address for a /32"
            raise NetworkError(rule, value, f"write {value}/128")
    merge(given)


def merge(values: Iterable[str]) -> list[str]:
    """Merge networks into the fewest that contain the same addresses.

    Raises:
        NetworkError: A text is not a public network, or all networks cover the whole internet.
    """
    parsed = [parsed_network(value) for value in values]
    return [*map(str, _merge(IPv4Network, parsed)), *map(str, _merge(IPv6Network, parsed))]


def _merge(family: type[_Family], networks: Iterable[_Network]) -> Iterable[_Family]:
    """Collapse the networks of one address family.

    Refuse a list that, with the reserved ranges, covers the whole internet.
    """
    given: list[_Family] = [network for network in networks if isinstance(network, family)]
    merged: list[_Family] = list(collapse_addresses(given))
    if any(network.prefixlen < _HUGE for network in merged):
        reserved: list[_Family] = [network for network, _ in _RESERVED if isinstance(network, family)]
        if any(network.prefixlen == 0 for network in collapse_addresses([*merged, *reserved])):
            remedy = "name the networks that send mail"
            raise NetworkError("not cover the whole internet", ", ".join(map(str, given)), remedy)
    return merged


def parsed_network(text: str) -> _Network:
    """Parse a network.

    Raises:
        NetworkError: The text is not a public network.
    """
    parsed = _parsed(text)
    if parsed is None or "%" in text:  # a zone names an interface, not a network
        raise NetworkError(NO_NETWORK, text, "write one such as 203.0.113.0/24, 203.0.113.7 or 2001:db8::/48")
    network: _Network = parsed.network
    if parsed.ip != network.network_address:
        remedy = f"write {network} for the network, {parsed.ip} for the one address"
        raise NetworkError("contain networks without host bits", text, remedy)
    for reserved, kind in _RESERVED:
        if _within(network, reserved):
            rule = f"contain public networks, because `aws:SourceIp` never contains {kind} addresses"
            remedy = "name the public address of the NAT gateway or proxy, or use `allowed_vpc_endpoints`"
            raise NetworkError(rule, text, remedy)
    return network


def _parsed(text: str) -> IPv4Interface | IPv6Interface | None:
    try:
        return ip_interface(text)
    except ValueError:
        return None


def _within(network: _Network, other: _Network) -> bool:
    if isinstance(network, IPv4Network):
        return isinstance(other, IPv4Network) and network.subnet_of(other)
    return isinstance(other, IPv6Network) and network.subnet_of(other)
