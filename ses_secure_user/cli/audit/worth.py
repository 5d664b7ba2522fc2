"""What an access key is worth to a thief, by IAM's simulator, which is asked about mails.

Policies are looked into only for what to ask: whether there is anything to ask about an identity at all, and the values
that conditions name, which may be what they let through.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import ip_network
from itertools import islice, product
from typing import TYPE_CHECKING

from ses_secure_user.cli.account.policy_reading import ACTION, listed, statements
from ses_secure_user.cli.account.simulator import Send
from ses_secure_user.cli.verify.case import UNTRUSTED_IPV4

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ses_secure_user.cli.account.policy_reading import Document, Statement
    from ses_secure_user.cli.account.simulator import Simulator

STRANGER = "anybody"
MOST_HINTS = 5
"""Of each kind, since each combination is a question."""

FOREIGN_RECIPIENT = "stranger@ses-secure-user.example"

Origin = tuple[str | None, str | None]
"""A public address or a VPC endpoint."""


class Reach(IntEnum):
    """From where a key can send, the worst last."""

    NOWHERE = 0
    INSIDE = 1
    ANYWHERE = 2


@dataclass(frozen=True, slots=True)
class Ability:
    """What a key can send as one identity.

    Attributes:
        identity: The identity's name.
        reach: From where.
        anybody: Whether as any address of the domain.
        senders: As which addresses otherwise.
        send: The mail that showed it.
    """

    identity: str
    reach: Reach
    anybody: bool
    senders: tuple[str, ...]
    send: Send

    @property
    def any_recipient(self) -> bool:
        """Whether it can send to anybody."""
        return self.send.recipients == (FOREIGN_RECIPIENT,)


@dataclass(frozen=True, slots=True)
class Hints:
    """Values that a user's policies make conditions of."""

    senders: tuple[str, ...]
    recipients: tuple[str, ...]
    return_paths: tuple[str, ...]
    origins: tuple[Origin, ...]


def hints_of(documents: Iterable[Document]) -> Hints:
    """Find what a user's policies let through, if they let through only certain things."""
    found: dict[str, dict[str, None]] = {}
    for document in documents:
        for one in statements(document):
            for keys in one.get("Condition", {}).values():
                for key, values in keys.items():
                    found.setdefault(key.lower(), {}).update(dict.fromkeys(map(str, listed(values))))
    addresses = [address for text in found.get("aws:sourceip", ()) if (address := _address(text))]
    origins = (*((one, None) for one in addresses), *((None, one) for one in found.get("aws:sourcevpce", ())))
    return Hints(
        senders=_literal(found.get("ses:fromaddress", ())),
        recipients=_literal(found.get("ses:recipients", ())),
        return_paths=_literal(found.get("ses:feedbackaddress", ())),
        origins=origins[:MOST_HINTS],
    )


def may_allow(documents: Iterable[Document], arn: str) -> bool:
    """Whether any of these policies allows mail on an identity under some condition; if none does, IAM denies it."""
    return any(
        one.get("Effect") == "Allow" and _covers(one, "Action", ACTION.lower()) and _covers(one, "Resource", arn)
        for document in documents
        for one in statements(document)
    )


def _covers(statement: Statement, element: str, value: str) -> bool:
    def matches(pattern: str) -> bool:
        text = re.escape(pattern.lower() if element == "Action" else pattern)
        return re.fullmatch(text.replace(r"\*", ".*").replace(r"\?", "."), value) is not None

    if f"Not{element}" in statement:
        return not any(map(matches, listed(statement[f"Not{element}"])))
    return any(map(matches, listed(statement.get(element, "*"))))


def ability(simulator: Simulator, arn: str, hints: Hints) -> Ability | None:
    """The worst that a key can do as one identity, or None where it can send nothing as that.

    Args:
        simulator: IAM's judgement of the key's user.
        arn: The identity's ARN.
        hints: What its policies make conditions of.
    """
    name = arn.partition(":identity/")[2]
    stranger = name if "@" in name else f"{STRANGER}@{name}"
    origins: tuple[Origin, ...] = ((UNTRUSTED_IPV4[0], None), *hints.origins)
    for origin in origins:
        for sender in (stranger, *_at(name, hints.senders)):
            send = _allowed(simulator, arn, sender, origin, hints)
            if send is None:
                continue
            others = _at(name, hints.senders) if sender != stranger else ()
            senders = [one for one in others if one == sender or _allowed(simulator, arn, one, origin, hints)]
            reach = Reach.ANYWHERE if origin == origins[0] else Reach.INSIDE
            return Ability(name, reach, sender == stranger, tuple(senders), send)
    return None


def in_words(abilities: Sequence[Ability]) -> str:
    """What a leak of the key is worth: the worst that it can do, in the words of the README's table."""
    reach = max((one.reach for one in abilities), default=Reach.NOWHERE)
    if reach is Reach.NOWHERE:
        return "nothing"
    worst = [one for one in abilities if one.reach is reach]
    recipients = "" if any(one.any_recipient for one in worst) else ", to certain recipients"
    mail = f"mail as {_senders(worst)}{recipients}"
    return f"{mail}, from anywhere" if reach is Reach.ANYWHERE else f"nothing from outside; inside, {mail}"


def _senders(abilities: Sequence[Ability]) -> str:
    domains = list(dict.fromkeys(one.identity for one in abilities if one.anybody and "@" not in one.identity))
    addresses = [one.identity for one in abilities if one.anybody and "@" in one.identity]
    addresses = list(dict.fromkeys([*addresses, *(sender for one in abilities for sender in one.senders)]))
    whose = f"anybody at {domains[0] if len(domains) == 1 else f'{len(domains)} domains'}" if domains else ""
    named = ", ".join(addresses[:2]) if len(addresses) <= 2 else f"{len(addresses)} addresses"  # noqa: PLR2004 - a line
    return " and ".join(one for one in (whose, named) if one)


def _allowed(simulator: Simulator, arn: str, sender: str, origin: Origin, hints: Hints) -> Send | None:
    """A mail from there as that sender that is allowed, one to a stranger first."""
    recipients, return_paths = (FOREIGN_RECIPIENT, *hints.recipients), (sender, *hints.return_paths)
    for recipient, return_path in product(recipients, return_paths):
        send = Send(
            resources=(arn,),
            from_address=sender,
            recipients=(recipient,),
            feedback_address=return_path,
            source_ip=origin[0],
            vpc_endpoint=origin[1],
        )
        if simulator.allows(send):
            return send
    return None


def _at(identity: str, senders: Iterable[str]) -> tuple[str, ...]:
    """Those addresses that belong to an identity."""
    return tuple(one for one in senders if one == identity or f".{one.rpartition('@')[2]}".endswith(f".{identity}"))


def _literal(patterns: Iterable[str]) -> tuple[str, ...]:
    found = (text.replace("*", STRANGER).replace("?", "x") for text in patterns if "@" in text)
    return tuple(islice(found, MOST_HINTS))


def _address(network: str) -> str | None:
    try:
        return str(ip_network(network, strict=False)[0])
    except ValueError:
        return None
