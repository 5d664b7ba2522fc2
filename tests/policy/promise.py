"""The promise: which requests a login may make, said of the construct's properties, apart from what writes the policy.

It is a formula about any request, and knows no statement and no operator of IAM.
"""

from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_network
from typing import Any

import z3

from tests.policy.encoder import Address, Formula, Request, Term, every, like, listed, seconds, some

ANYTHING = z3.Star(z3.AllChar(z3.ReSort(z3.StringSort())))
TWO_ADDRESSES = z3.Concat(ANYTHING, z3.Re("@"), ANYTHING, z3.Re("@"), ANYTHING)


def promised(request: Request, place: str, properties: Mapping[str, Any], *, guarded: bool = True) -> Formula:
    """Whether a login may make a request.

    Args:
        request: Any request.
        place: The beginning of the ARNs of the login's region and account: ``arn:aws:ses:eu-west-1:111122223333:``.
        properties: Those of the construct; identities by their names.
        guarded: Whether the Deny statements are there. The Allow statements alone do not ask whether one recipient
            holds two addresses.
    """

    def given(name: str) -> list[Any]:
        value = properties.get(name) or []
        return list(value) if isinstance(value, tuple) else listed(value)

    def each(key: str, name: str, holds: Callable[[Term, Any], Formula] = _is) -> Formula:
        """Whether the key is known, and each of its values is right by one of the property's."""
        return request.key(key).known_and_all(lambda value: some(holds(value, one) for one in given(name)))

    def purpose(key: str, name: str, holds: Callable[[Term, Any], Formula] = _is) -> Formula:
        return each(key, name, holds) if given(name) else True

    names = [
        f"identity/{_spelled(one)}"
        for prop in ("identity", "from_address", "sandbox_recipients")
        for one in given(prop)
    ]
    names += [f"identity/{one}" for one in _subdomains(given("identity"), given("from_address"))]
    names += [f"configuration-set/{one}" for one in given("configuration_set")]
    is_recipient = _is_recipient if guarded else _ends_as_recipient
    return every(
        (
            like(request.action, "ses:SendRawEmail", wild="", ignore_case=True),
            some(_is(request.resource, f"{place}{name}") for name in names),
            purpose("ses:FromAddress", "from_address"),
            purpose("ses:FromDisplayName", "from_display_name"),
            purpose("ses:FeedbackAddress", "feedback_address"),
            purpose("ses:Recipients", "allowed_recipients", is_recipient),
            purpose("aws:CurrentTime", "valid_until", lambda now, end: now < seconds(end)),
            some(
                (
                    each("aws:SourceIp", "allowed_cidrs", _is_in),
                    each("aws:SourceVpce", "allowed_vpc_endpoints"),
                    each("aws:SourceVpc", "allowed_vpcs"),
                )
            ),
        )
    )


def _spelled(identity: str) -> str:
    """An identity as SES writes it: the case of a domain makes no difference."""
    local, at, domain = identity.rpartition("@")
    return f"{local}{at}{domain.lower()}"


def _subdomains(identities: list[str], senders: list[str]) -> Iterator[str]:
    """The domains below an identity that a From address is in: SES asks for the one that is verified by itself."""
    for sender in senders:
        labels = sender.rpartition("@")[2].lower().split(".")
        below = [".".join(labels[start:]) for start in range(len(labels))]
        yield from (one for one in below if any(one.endswith(f".{identity.lower()}") for identity in identities))


def _is(found: Term, expected: str) -> Formula:
    return found == z3.StringVal(expected)


def _is_in(source: Address, network: str) -> Formula:
    """Whether an address has the family and the first bits of a network."""
    found = ip_network(network)
    family = source.is_v4 if found.version == 4 else z3.Not(source.is_v4)
    return z3.And(family, source.number / found.num_addresses == int(found[0]) // found.num_addresses)


def _ends_as_recipient(found: Term, expected: str) -> Formula:
    """Whether a recipient is the expected one, or ends as it does, if that is ``*@domain``."""
    local, _, domain = expected.partition("@")
    return z3.InRe(found, z3.Concat(ANYTHING, z3.Re(f"@{domain}"))) if local == "*" else z3.InRe(found, z3.Re(expected))


def _is_recipient(found: Term, expected: str) -> Formula:
    """Whether a recipient is that, and one address."""
    return z3.And(_ends_as_recipient(found, expected), z3.Not(z3.InRe(found, TWO_ADDRESSES)))
