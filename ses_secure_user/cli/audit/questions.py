"""The mails to simulate: values that a thief can choose, the worst first, and values from conditions of policies.

Region, time, TLS and the user are known and get their real values. A condition key whose value is not known is
simulated with every value that policies name, with one that they do not name, and without a value
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
"""Keys whose value the sender can choose freely."""

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
"""Keys that are never in a request that a user's access key signs and that does not tag a resource."""

_ABSENT_TAGS = ("aws:principaltag/", "aws:requesttag/")
"""The user's own tags are among the facts."""

_TOLD = {"aws:securetransport", "aws:requestedregion"}
_OF_MAIL = {one.lower() for one in (FROM, RECIPIENTS, RETURN_PATH, NOW, EPOCH)}

Keys = dict[str, Told]


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time to simulate: now, or one at which a policy's decision may change.

    Attributes:
        keys: The condition keys that hold it.
        words: The time, as the report shows it; empty for now.
    """

    keys: Mapping[str, Told]
    words: str


@dataclass(frozen=True, slots=True)
class Sender:
    """A From address to simulate.

    Attributes:
        address: The address.
        named: The value by which a policy names it; empty for any address.
    """

    address: str
    named: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Questions:
    """The values to simulate for mail as one identity, the worst first.

    Attributes:
        facts: The condition keys that every request has.
        places: The places that the mail comes from.
        senders: The From addresses.
        moments: The points in time.
        choices: The other values that a sender can choose.
        unknown: The possible values of each key that is not known, by the name of the key.
    """

    facts: Keys
    places: Sequence[Place]
    senders: Sequence[Sender]
    moments: Sequence[Moment]
    choices: Sequence[Sequence[Keys]]
    unknown: Mapping[str, Sequence[Keys]]

    def chosen(self) -> Iterator[Keys]:
        """Return the combinations of values that a sender can choose besides the From address, the worst first."""
        return (_joined(one) for one in product(*self.choices))

    def possibilities(self) -> Iterator[Keys]:
        """Return the possible combinations of the keys that are not known. The first one has none of them."""
        return (_joined(one) for one in product(*self.unknown.values()))


def is_absent(key: str) -> bool:
    """Return whether a key is never in a request that a user's access key signs, apart from the user's tags."""
    return key.lower() in ABSENT or key.lower().startswith(_ABSENT_TAGS)


def questions_of(conditions: Sequence[Condition], identity: str, facts: Keys, now: datetime) -> Questions:
    """Return the values to simulate for mail as an identity.

    Args:
        conditions: The conditions of the policies.
        identity: The name of the identity.
        facts: The condition keys of every request of the user.
        now: The current time.
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
    """Return addresses of the identity: a stranger's, and one for each value in the conditions."""
    own = (identity,) if "@" in identity else (f"?*@{identity}", f"?*@?*.{identity}")
    found = {own[0].replace("?*", STRANGER): ""}
    for condition in conditions:
        for value in condition.values:
            for address in _matching(value, own, is_pattern=condition.is_pattern):
                found.setdefault(address, value)
    return [Sender(address, value) for address, value in found.items()]


def _matching(value: str, own: Iterable[str], *, is_pattern: bool) -> list[str]:
    """Return addresses of an identity that match a value of a condition."""
    if is_pattern:
        return [found for one in own if (found := common(value, one))]
    # Without a pattern a star is an ordinary character, so it is replaced by an x for the comparison.
    plain = value.replace("*", "x").replace("?", "x")
    return [value] if any(common(plain, one) for one in own) else []


def _samples(conditions: Iterable[Condition], form: str = "?*") -> list[str]:
    """Return a text that matches each value in the conditions, of the given form if possible."""
    found = (
        (common(value, form) or value.replace("*", "x")) if condition.is_pattern else value
        for condition in conditions
        for value in condition.values
    )
    return list(dict.fromkeys(filter(None, found)))


def _recipients(conditions: Sequence[Condition]) -> list[Keys]:
    """Return a stranger, then each recipient in the conditions, first with a stranger if one match is enough."""
    named = _samples(conditions, "?*@?*")
    several = [
        (FOREIGN_RECIPIENT, one)
        for one in named
        if any(condition.quantifier == "ForAnyValue" for condition in conditions)
    ]
    return [{RECIPIENTS: ("stringList", one)} for one in ((FOREIGN_RECIPIENT,), *several, *((one,) for one in named))]


def _return_paths(conditions: Sequence[Condition]) -> list[Keys]:
    """Return the sender's own Return-Path, which needs no value, then those in the conditions."""
    named: list[Keys] = [{RETURN_PATH: ("string", (one,))} for one in _samples(conditions, "?*@?*")]
    return [{}, *named]


def _moments(conditions: Iterable[Condition], now: datetime) -> list[Moment]:
    """Return now, and every future time at which the result of a condition may change."""
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
    """Return the values of a key that conditions distinguish: no value, and one on each side of each border."""
    conditions = list(conditions)
    found: dict[Told, None] = {}
    for condition in conditions:
        kind, values = _borders(condition)
        kind = f"{kind}List" if condition.quantifier else kind
        found |= dict.fromkeys((kind, (value,)) for value in values)
    return [{}, *({name: told} for told in found)]


def _borders(condition: Condition) -> tuple[str, list[str]]:
    """Return the type of a condition's key, and values that the condition distinguishes."""
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
