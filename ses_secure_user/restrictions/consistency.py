"""List entries with regard to each other: no duplicates, and every From address belongs to an identity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ses_secure_user.cdk.refusal import refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def check_once(prop: str, values: Sequence[str]) -> None:
    """Check that no entry is named twice.

    Raises:
        ValueError: One is.
    """
    for value in values:
        if values.count(value) > 1:
            raise refusal(prop, "name each entry once", f"{value} twice", "leave one out")


def check_membership(identities: Sequence[str], senders: Sequence[str]) -> None:
    """Check that each From address is an identity, or belongs to an identity's domain or a subdomain of it.

    Raises:
        ValueError: One is not
            (https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html).
    """
    for sender in senders:
        domain = sender.rpartition("@")[2]
        if sender not in identities and not any(f".{domain}".endswith(f".{identity}") for identity in identities):
            remedy = f"use an address of {' or '.join(identities)}, or add {domain} to `identity`"
            raise refusal("from_address", "belong to an `identity`", sender, remedy)


def subdomains(identities: Sequence[str], senders: Sequence[str]) -> tuple[str, ...]:
    """Return the subdomains of identities that From addresses are in.

    One may be verified by itself. SES then authorizes that identity and not the domain above it
    (https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html).
    """
    found = dict.fromkeys(one for sender in senders for identity in identities for one in _between(identity, sender))
    return tuple(one for one in found if one not in identities)


def _between(identity: str, sender: str) -> Iterator[str]:
    """Yield the domain of a From address, and those above it, as long as they are below the identity."""
    domain = sender.rpartition("@")[2]
    while domain.endswith(f".{identity}"):
        yield domain
        domain = domain.partition(".")[2]
