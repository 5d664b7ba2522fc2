"""The mails to ask IAM about: what a thief chooses, the worst first, and what the conditions of policies name.

What nobody chooses is told as it is: region, time, TLS and the user. What IAM cannot be told for certain is asked with
every value that policies name, with one that they do not name, and without a value
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import TYPE_CHECKING

from ses_secure_user.restrictions.moments import FORMAT
from ses_secure_user.restrictions.rows import BY_PROPERTY, UNTRUSTED

from .conditions import common, filled
from .places import OF_PLACES, Told, places

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from .conditions import Condition
    from .places import Place

FROM, RECIPIENTS, RETURN_PATH, DISPLAY_NAME = (
    BY_PROPERTY[prop].key for prop in ("from_address", "allowed_recipients", "feedback_address", "from_display_name")
)
NOW, EPOCH = "aws:CurrentTime", "aws:EpochTime"

STRANGER = "anybody"
FOREIGN_RECIPIENT = "stranger@ses-secure-user.example"
UNNAMED = "anything"
"""A value that no policy names."""

CLAIMED = {one.lower(): one for one in (DISPLAY_NAME, "aws:UserAgent", "aws:Referer")}
"""Keys that hold what the sender claims."""

ABSENT = {
    "aws:multifactorauthpresent",
    "aws:multifactorauthage",
    "aws:tokenissuetime",
    "aws:federatedprovider",
    "aws:assumedroot",
    "aws:sourceidentity",
    "aws:calledvia",
    "aws:calledviafirst",
    "aws:calledvialast",
    "aws:sourcearn",
    "aws:sourceaccount",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:principalservicename",
    "aws:principalservicenameslist",
    "aws:tagkeys",
}
"""Keys that no request has that an access key of a user signs and that tags nothing."""

_ABSENT_TAGS = ("aws:principaltag/", "aws:requesttag/")
"""Tags of the user that it has are among the facts."""

_TOLD = {"aws:securetransport", "aws:requestedregion"}
_OF_MAIL = {one.lower() for one in (FROM, RECIPIENTS, RETURN_PATH, NOW, EPOCH)}

Keys = dict[str, Told]


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment to ask about: now, or one from which on a policy may decide otherwise.

    Attributes:
        keys: The condition keys that tell it.
        words: The moment in words; empty for now.
    """

    keys: Mapping[str, Told]
    words: str


@dataclass(frozen=True, slots=True)
class Sender:
    """A From address to ask about.

    Attributes:
        address: The address.
        named: What a policy names it by; empty for anybody.
    """

    address: str
    named: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Questions:
    """The values to ask with about mail as one identity, the worst first.

    Attributes:
        facts: What is told always.
        places: Where it may come from.
        senders: As whom.
        moments: When.
        choices: What else a sender chooses.
        unknown: What may hold and is not known, each possibility with the names of its keys.
    """

    facts: Keys
    places: Sequence[Place]
    senders: Sequence[Sender]
    moments: Sequence[Moment]
    choices: Sequence[Sequence[Keys]]
    unknown: Mapping[str, Sequence[Keys]]

    def chosen(self) -> Iterator[Keys]:
        """Return what a sender may choose besides the From address, the worst first."""
        return (_joined(one) for one in product(*self.choices))

    def possibilities(self) -> Iterator[Keys]:
        """Return all that the keys that are not known may hold, beginning with nothing."""
        return (_joined(one) for one in product(*self.unknown.values()))


def is_absent(key: str) -> bool:
    """Return whether a key is in no request that a user signs with an access key, unless it is a tag of the user."""
    return key.lower() in ABSENT or key.lower().startswith(_ABSENT_TAGS)


def questions_of(conditions: Sequence[Condition], identity: str, facts: Keys, now: datetime) -> Questions:
    """Return the values to ask with about mail as an identity.

    Args:
        conditions: The conditions of the policies.
        identity: The name of the identity.
        facts: What is known of the user, by condition key.
        now: The time.
    """
    known = {name.lower(): values[0] for name, (_, values) in facts.items()}
    found = [
        replace(condition, values=tuple(filled(one, known, UNNAMED) for one in condition.values))
        for condition in conditions
    ]

    def about(*keys: str) -> list[Condition]:
        names = {key.lower() for key in keys}
        return [condition for condition in found if condition.key.lower() in names]

    settled = known.keys() | CLAIMED.keys() | _TOLD | _OF_MAIL | OF_PLACES
    unknown = {condition.key.lower(): condition.key for condition in found if not is_absent(condition.key)}
    return Questions(
        facts=facts,
        places=places(found),
        senders=_senders(identity, about(FROM)),
        moments=_moments(about(NOW, EPOCH), now),
        choices=[
            _recipients(about(RECIPIENTS)),
            _return_paths(about(RETURN_PATH)),
            *(_possible(name, about(name)) for name in CLAIMED.values() if about(name)),
        ],
        unknown={name: _possible(name, about(name)) for key, name in unknown.items() if key not in settled},
    )


def _joined(several: Iterable[Keys]) -> Keys:
    return {name: told for keys in several for name, told in keys.items()}


def _senders(identity: str, conditions: Iterable[Condition]) -> list[Sender]:
    """Return a stranger, and for each value that is named an address that it matches and that is the identity's."""
    own = (identity,) if "@" in identity else (f"?*@{identity}", f"?*@?*.{identity}")
    found = {own[0].replace("?*", STRANGER): ""}
    for condition in conditions:
        for value in condition.values:
            for address in _matching(value, own, is_pattern=condition.is_pattern):
                found.setdefault(address, value)
    return [Sender(address, value) for address, value in found.items()]


def _matching(value: str, own: Iterable[str], *, is_pattern: bool) -> list[str]:
    """Return addresses of an identity that a value of a condition matches."""
    if is_pattern:
        return [found for one in own if (found := common(value, one))]
    # A literal star is an address like any other, so it stands for an x while the two are compared.
    plain = value.replace("*", "x").replace("?", "x")
    return [value] if any(common(plain, one) for one in own) else []


def _samples(conditions: Iterable[Condition], form: str = "?*") -> list[str]:
    """Return, for each value that is named, a text that it matches, of a form if there is one."""
    found = (
        (common(value, form) or value.replace("*", "x")) if condition.is_pattern else value
        for condition in conditions
        for value in condition.values
    )
    return list(dict.fromkeys(filter(None, found)))


def _recipients(conditions: Sequence[Condition]) -> list[Keys]:
    """Return anybody, then those that are named, beside anybody where one that is named is enough."""
    named = _samples(conditions, "?*@?*")
    several = [
        (FOREIGN_RECIPIENT, one)
        for one in named
        if any(condition.quantifier == "ForAnyValue" for condition in conditions)
    ]
    return [{RECIPIENTS: ("stringList", one)} for one in ((FOREIGN_RECIPIENT,), *several, *((one,) for one in named))]


def _return_paths(conditions: Sequence[Condition]) -> list[Keys]:
    """Return the sender's own, for which nothing is chosen, then those that are named."""
    named: list[Keys] = [{RETURN_PATH: ("string", (one,))} for one in _samples(conditions, "?*@?*")]
    return [{}, *named]


def _moments(conditions: Iterable[Condition], now: datetime) -> list[Moment]:
    """Return now, and every moment to come from which on a condition may turn out otherwise."""
    conditions = list(conditions)
    named = {one for condition in conditions for value in condition.values if (one := _moment(value)) and one > now}
    kind = "numeric" if any(condition.operator.startswith("Numeric") for condition in conditions) else "date"
    found = []
    for moment in (now, *sorted(one + timedelta(seconds=after) for one in named for after in (0, 1))):
        keys: Keys = {
            NOW: ("date", (f"{moment:{FORMAT}}",)),
            EPOCH: (kind, (str(int(moment.timestamp())),)),
        }
        found.append(Moment(keys, "" if moment == now else f"from {moment:{FORMAT}} on"))
    return found


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromtimestamp(int(text), UTC) if text.isdigit() else datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _possible(name: str, conditions: Iterable[Condition]) -> list[Keys]:
    """Return all that a key may hold, as far as it matters: nothing, and a value on each side of a border."""
    conditions = list(conditions)
    found: dict[Told, None] = {}
    for condition in conditions:
        kind, values = _borders(condition)
        kind = f"{kind}List" if condition.quantifier else kind
        found |= dict.fromkeys((kind, (value,)) for value in values)
    return [{}, *({name: told} for told in found)]


def _borders(condition: Condition) -> tuple[str, list[str]]:
    """Return the type of a condition's key and values that the condition tells apart."""
    if condition.operator.startswith("Numeric"):
        numbers = [float(one) for one in condition.values if re.fullmatch(r"-?\d{1,15}(\.\d{1,9})?", one)]
        return "numeric", [f"{one + step:g}" for one in numbers for step in (-1, 0, 1)]
    if condition.operator.startswith("Date"):
        moments = [one for one in map(_moment, condition.values) if one]
        return "date", [f"{one + timedelta(seconds=step):{FORMAT}}" for one in moments for step in (-1, 0, 1)]
    if condition.operator == "Bool":
        return "boolean", ["true", "false"]
    if condition.operator == "IpAddress":
        return "ip", [UNTRUSTED[0], *(one.partition("/")[0] for one in condition.values)]
    if condition.operator.startswith("Binary"):
        return "binary", list(condition.values)
    return "string", [UNNAMED, *_samples([condition])]
