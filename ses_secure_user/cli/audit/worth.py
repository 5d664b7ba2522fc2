"""The worth of an access key to a thief, by the IAM policy simulator, which is asked about mails.

Policies are looked into only for what to ask: whether there is anything to ask about an identity at all, and the values
that conditions name, which may be what they let through.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from itertools import product
from typing import TYPE_CHECKING

from ses_secure_user.cli.account.simulator import Send
from ses_secure_user.restrictions.moments import FORMAT
from ses_secure_user.restrictions.reading import listed, statements
from ses_secure_user.restrictions.rows import ORIGINS, PURPOSES, ROWS, UNTRUSTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ses_secure_user.cli.account.simulator import Simulator
    from ses_secure_user.restrictions.reading import Document
    from ses_secure_user.restrictions.rows import Row

STRANGER = "anybody"
MOST_HINTS = 5
"""Of each kind, since each combination is a question."""

FOREIGN_RECIPIENT = "stranger@ses-secure-user.example"

Origin = tuple[str, str]
"""The property that restricts where mail comes from, and a value of its key."""

ELSEWHERE: Origin = ("allowed_cidrs", UNTRUSTED[0])


class Reach(IntEnum):
    """The places from where a key can send. The worst is last."""

    NOWHERE = 0
    INSIDE = 1
    ANYWHERE = 2


@dataclass(frozen=True, slots=True)
class Ability:
    """The mail that a key can send as one identity.

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
        """True if the key can send to anyone."""
        return self.send.told["allowed_recipients"] == (FOREIGN_RECIPIENT,)


@dataclass(frozen=True, slots=True)
class Hints:
    """Values that the conditions of a user's policies name.

    Attributes:
        values: By property, values of its condition key.
        origins: Where mail may come from.
    """

    values: Mapping[str, tuple[str, ...]]
    origins: tuple[Origin, ...]


def hints_of(documents: Iterable[Document]) -> Hints:
    """Collect the values that the conditions of a user's policies name."""
    found: dict[str, dict[str, None]] = {}
    for document in documents:
        for one in statements(document):
            for keys in one.get("Condition", {}).values():
                for key, values in keys.items():
                    found.setdefault(key.lower(), {}).update(dict.fromkeys(map(str, listed(values))))
    values = {row.prop: _samples(row, found.get(row.key.lower(), ())) for row in ROWS if row.key}
    origins = tuple((row.prop, value) for row in ORIGINS for value in values[row.prop])
    return Hints({row.prop: values[row.prop][:MOST_HINTS] for row in PURPOSES}, origins[:MOST_HINTS])


def _samples(row: Row, patterns: Iterable[str]) -> tuple[str, ...]:
    """Return values that match the patterns of a policy. Patterns that are not valid for the property are left out."""
    found = []
    for text in patterns:
        with suppress(ValueError):
            found.append(row.sample(text.replace("*", STRANGER).replace("?", "x")))
    return tuple(found)


def ability(simulator: Simulator, arn: str, hints: Hints) -> Ability | None:
    """Return the worst that a key can do as one identity, or None if it can send nothing as that identity.

    Args:
        simulator: IAM's judgement of the key's user.
        arn: The identity's ARN.
        hints: What its policies make conditions of.
    """
    name = arn.partition(":identity/")[2]
    stranger = name if "@" in name else f"{STRANGER}@{name}"
    origins: tuple[Origin, ...] = (ELSEWHERE, *hints.origins)
    for origin in origins:
        for sender in (stranger, *_at(name, hints.values["from_address"])):
            send = _allowed(simulator, arn, sender, origin, hints)
            if send is None:
                continue
            others = _at(name, hints.values["from_address"]) if sender != stranger else ()
            senders = [one for one in others if one == sender or _allowed(simulator, arn, one, origin, hints)]
            reach = Reach.ANYWHERE if origin == origins[0] else Reach.INSIDE
            return Ability(name, reach, sender == stranger, tuple(senders), send)
    return None


def in_words(abilities: Sequence[Ability]) -> str:
    """Describe the worth of a leaked key: the worst that it can do, in the words of the README's table."""
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
    """Return an allowed mail from this origin as this sender. Mail to a stranger is tried first."""
    own: dict[str, tuple[str, ...]] = {"feedback_address": (sender,), "allowed_recipients": (FOREIGN_RECIPIENT,)}
    others = {
        row.prop: (*own.get(row.prop, ("",)), *hints.values[row.prop])
        for row in PURPOSES
        if row.is_of_mail and row.prop != "from_address"
    }
    others["valid_until"] = (f"{datetime.now(UTC):{FORMAT}}",)
    for combination in product(*others.values()):
        told = {prop: (value,) if value else () for prop, value in zip(others, combination, strict=True)}
        send = Send(resources=(arn,), told={**told, "from_address": (sender,), origin[0]: (origin[1],)})
        if simulator.allows(send):
            return send
    return None


def _at(identity: str, senders: Iterable[str]) -> tuple[str, ...]:
    """Return those addresses that belong to an identity."""
    return tuple(one for one in senders if one == identity or f".{one.rpartition('@')[2]}".endswith(f".{identity}"))
