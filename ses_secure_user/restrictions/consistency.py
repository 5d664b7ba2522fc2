"""Checks across list entries: no duplicates, and every From address belongs to an identity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ses_secure_user.cdk.refusal import refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def check_once(prop: str, values: Sequence[str]) -> None:
    """Check that no entry is named twice.

    Raises:
        ValueError: An entry is named twice.
    """
    for value in values:
        if values.count(value) > 1:
            raise refusal(prop, "name each entry once", f"{value} twice", "leave one out")


def check_membership(identities: Sequence[str], senders: Sequence[str]) -> None:
    """Check that each From address is an identity, or is in an identity's domain or a subdomain of it.

    Raises:
        ValueError: An address belongs to no identity
            (https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html).
    """
    for sender in senders:
        domain = sender.rpartition("@")[2]
        if sender not in identities and not any(f".{domain}".endswith(f".{identity}") for identity in identities):
            remedy = f"use an address of {' or '.join(identities)}, or add {domain} to `identity`"
            raise refusal("from_address", "belong to an `identity`", sender, remedy)


def subdomains(identities: Sequence[str], senders: Sequence[str]) -> tuple[str, ...]:
    """Return the subdomains of identities that contain a From address.

    A subdomain can be a verified identity of its own. SES then authorizes it instead of its parent domain
    (https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html).
    """
    found = dict.fromkeys(one for sender in senders for identity in identities for one in _between(identity, sender))
    return tuple(one for one in found if one not in identities)


def _between(identity: str, sender: str) -> Iterator[str]:
    """Yield the domain of a From address and its parent domains below the identity."""
    domain = sender.rpartition("@")[2]
    while domain.endswith(f".{identity}"):
        yield domain
        domain = domain.partition(".")[2]
