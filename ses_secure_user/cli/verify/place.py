"""The place where the command runs, inside or outside the allowed networks."""

from __future__ import annotations

import urllib.request
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING

from ses_secure_user.cli.errors import CannotJudgeError
from ses_secure_user.restrictions.rows import ORIGINS

if TYPE_CHECKING:
    from collections.abc import Callable

    from ses_secure_user.restrictions.reading import Deployed

ADDRESS_SERVICE = "https://checkip.amazonaws.com"
UNKNOWN = "use --inside or --outside"


@dataclass(frozen=True, slots=True)
class Place:
    """The place where the command runs, and the evidence for it.

    Attributes:
        inside: True if mail from this machine comes from an allowed origin; None if only the response of SES shows it.
        because: The evidence.
    """

    inside: bool | None
    because: str


def own_address() -> str:
    """Request the public address of this machine from AWS.

    Raises:
        OSError: The request failed.
    """
    with urllib.request.urlopen(ADDRESS_SERVICE, timeout=10) as answer:
        return str(answer.read(64).decode("ascii", errors="replace").strip())


def find_place(restrictions: Deployed, ask: Callable[[], str]) -> Place:
    """Compare this machine's public address with the allowed networks.

    Mail through a VPC endpoint has no public address. So if endpoints are allowed, an address outside the networks
    proves nothing, and the response of SES to an allowed mail decides.

    Raises:
        CannotJudgeError: The address is not known.
    """
    if not restrictions["allowed_cidrs"]:
        return Place(None, "mail goes through a VPC endpoint")
    try:
        address = _parsed(ask())
    except (OSError, ValueError):
        raise CannotJudgeError(f"{ADDRESS_SERVICE} does not return this machine's address: {UNKNOWN}") from None
    if any(address in network for network in restrictions.networks):
        return Place(True, f"{address} is in an allowed network")
    if any(restrictions[row.prop] for row in ORIGINS if row.prop != "allowed_cidrs"):
        return Place(None, f"{address} is in no allowed network, but mail through a VPC endpoint may be allowed")
    return Place(False, f"{address} is in no allowed network")


def _parsed(text: str) -> IPv4Address | IPv6Address:
    return ip_address(text)
