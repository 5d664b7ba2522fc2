"""The places that mail can come from, as the conditions of policies distinguish them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import product
from typing import TYPE_CHECKING

from ses_secure_user.restrictions.networks import is_wide
from ses_secure_user.restrictions.rows import BY_PROPERTY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from .conditions import Condition

Told = tuple[str, tuple[str, ...]]
"""The type of a condition key, as the IAM policy simulator names it, and its values."""

SOURCE_IP, SOURCE_VPCE, SOURCE_VPC = (
    BY_PROPERTY[prop].key for prop in ("allowed_cidrs", "allowed_vpc_endpoints", "allowed_vpcs")
)
VPC_SOURCE_IP = "aws:VpcSourceIp"
OF_PLACES = {one.lower() for one in (SOURCE_IP, SOURCE_VPCE, SOURCE_VPC, VPC_SOURCE_IP)}

INTERNET = (ip_network("0.0.0.0/0"), ip_network("::/0"))
ANY_PRIVATE = "10.0.0.1"
ENOUGH = 8
"""The characters of an endpoint or VPC id that a pattern must fix, so that other accounts cannot create a match."""

_Network = IPv4Network | IPv6Network


class Reach(IntEnum):
    """The places from which a key can send, in ascending order of impact."""

    NOWHERE = 0
    INSIDE = 1
    ANYWHERE = 2


@dataclass(frozen=True, slots=True)
class Place:
    """A place that mail can come from.

    Attributes:
        keys: The condition keys that identify it. SES sets no other key for a place.
        reach: ``ANYWHERE`` if a stranger can send from there.
        words: The place, as the report shows it.
        named: The values by which a policy names it, by property of the construct.
    """

    keys: Mapping[str, Told]
    reach: Reach
    words: str
    named: Mapping[str, str] = field(default_factory=dict)


def places(conditions: Sequence[Condition]) -> list[Place]:
    """Return one place of each kind that the conditions distinguish, a stranger's places first."""
    return sorted([*_networks(conditions), *_endpoints(conditions)], key=lambda place: -place.reach)


def _networks(conditions: Iterable[Condition]) -> Iterator[Place]:
    """Return an address of each network in the conditions, outside the other networks that it contains.

    Two networks are nested or disjoint, so one address stands for all addresses of such a remainder.
    """
    named = {found: text for text in _values(conditions, SOURCE_IP) if (found := _network(text))}
    for network in (*INTERNET, *(one for one in named if one not in INTERNET)):
        inner = [one for one in named if one != network and _within(one, network)]
        address, size = remainder(network, inner)
        if network in INTERNET:
            if address:
                yield Place({SOURCE_IP: ("ip", (address,))}, Reach.ANYWHERE, "from anywhere")
        elif address and is_wide(network, size):
            yield Place({SOURCE_IP: ("ip", (address,))}, Reach.ANYWHERE, f"from all of {network}")
        elif address or not inner:
            first = address or str(network.network_address)
            yield Place({SOURCE_IP: ("ip", (first,))}, Reach.INSIDE, "", {"allowed_cidrs": str(network)})


def remainder(network: _Network, without: Iterable[_Network]) -> tuple[str | None, int]:
    """Return the first address of a network outside other networks, or None, and the number of such addresses."""
    taken = sorted((int(one.network_address), int(one.broadcast_address)) for one in without)
    begin = start = int(network.network_address)
    last = int(network.broadcast_address)
    first, size = None, 0
    for lowest, highest in (*taken, (last + 1, last + 1)):
        if lowest > start:
            first = start if first is None else first
            size += lowest - start
        start = max(start, highest + 1)
    return (None if first is None else str(network[first - begin])), size


def _endpoints(conditions: Sequence[Condition]) -> Iterator[Place]:
    """Return each endpoint and VPC in the conditions, and a stranger's, which can have any private address."""
    endpoints = list(_ids(conditions, SOURCE_VPCE, "allowed_vpc_endpoints"))
    vpcs = list(_ids(conditions, SOURCE_VPC, "allowed_vpcs"))
    found = (one for text in _values(conditions, VPC_SOURCE_IP) if (one := _network(text)))
    sources = dict.fromkeys((ANY_PRIVATE, *(str(network.network_address) for network in found)))
    for endpoint, vpc, source in product(endpoints, vpcs, sources):
        keys = {
            SOURCE_VPCE: ("string", (endpoint.value,)),
            SOURCE_VPC: ("string", (vpc.value,)),
            VPC_SOURCE_IP: ("ip", (source,)),
        }
        is_open = endpoint.is_open and vpc.is_open
        reach = Reach.ANYWHERE if is_open else Reach.INSIDE
        named = {one.prop: one.value for one in (endpoint, vpc) if not one.is_open}
        yield Place(keys, reach, "from anyone's VPC endpoint" if is_open else "", named)


@dataclass(frozen=True, slots=True)
class _Id:
    prop: str
    value: str
    is_open: bool


def _ids(conditions: Iterable[Condition], key: str, prop: str) -> Iterator[_Id]:
    yield _Id(prop, BY_PROPERTY[prop].others(())[0], is_open=True)
    for condition in conditions:
        if condition.key.lower() != key.lower():
            continue
        for value in condition.values:
            fixed = value.replace("*", "").replace("?", "").partition("-")[2]
            is_pattern = condition.is_pattern and fixed != value.partition("-")[2]
            yield _Id(
                prop,
                value.replace("*", "0").replace("?", "0") if is_pattern else value,
                is_open=is_pattern and len(fixed) < ENOUGH,
            )


def _values(conditions: Iterable[Condition], key: str) -> Iterator[str]:
    yield from (value for condition in conditions if condition.key.lower() == key.lower() for value in condition.values)


def _network(text: str) -> _Network | None:
    """Return a network, or None. An address pattern such as ``203.0.113.*`` is a network too."""
    fixed, star, _ = text.partition("*")
    if star and fixed.endswith("."):
        octets = fixed.rstrip(".").split(".")
        text = f"{'.'.join([*octets, '0', '0', '0', '0'][:4])}/{8 * len(octets)}"
    try:
        return ip_network("0.0.0.0/0" if text == "*" else text, strict=False)
    except ValueError:
        return None


def _within(network: _Network, other: _Network) -> bool:
    return network.version == other.version and network.subnet_of(other)  # type: ignore[arg-type]
