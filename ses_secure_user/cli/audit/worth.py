"""The worth of an access key to a thief, determined by simulating mails with the IAM policy simulator."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ses_secure_user.cli.account.simulator import Answer, Send

from .places import Reach
from .questions import FOREIGN_RECIPIENT, FROM, RECIPIENTS, RETURN_PATH, Questions, is_absent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ses_secure_user.cli.account.simulator import Simulator

    from .places import Place
    from .questions import Keys, Moment, Sender

MOST_QUESTIONS = 600
"""The maximum for one identity. A key that needs more is not judged."""

TOO_MANY = "more conditions than can be simulated"


@dataclass(frozen=True, slots=True)
class Identity:
    """A verified identity.

    Attributes:
        arn: The ARN.
        policies: The sending authorization policies.
        configuration_set: The default configuration set; empty if there is none.
    """

    arn: str
    policies: Sequence[Mapping[str, Any]] = ()
    configuration_set: str = ""

    @property
    def name(self) -> str:
        """The domain or email address."""
        return self.arn.partition(":identity/")[2]

    @property
    def region(self) -> str:
        """The region in which the identity is verified."""
        return self.arn.split(":")[3]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ability:
    """The mail that a key can send as one identity.

    Attributes:
        identity: The identity.
        reach: The worst place that it can send from.
        where: That place, as the report shows it, if a stranger can send from there.
        when: The time from which it can send, as the report shows it; empty for now.
        anybody: True if it can send as any address of the identity.
        senders: Otherwise the From addresses, as the policy names them.
        any_recipient: True if it can send to any recipient.
        origins: The networks, endpoints and VPCs it can send from if a stranger cannot, by property of the construct.
        send: The mail that IAM allowed.
    """

    identity: Identity
    reach: Reach
    where: str = ""
    when: str = ""
    anybody: bool = False
    senders: tuple[str, ...] = ()
    any_recipient: bool = True
    origins: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    send: Send

    @property
    def breadth(self) -> tuple[int, int]:
        """The sort key of the impact: the reach, then the number of senders. A whole domain counts as 1,000."""
        return self.reach, 1000 if self.anybody else len(self.senders)


@dataclass(frozen=True, slots=True)
class Judgement:
    """The judgement of a key as one identity.

    Attributes:
        worst: The worst ability that the key has or may have; None if it can send nothing.
        is_certain: True if values that are not known do not change whether a stranger can send.
        doubts: The reasons why the key cannot be judged.
    """

    worst: Ability | None
    is_certain: bool
    doubts: tuple[str, ...]


@dataclass
class Inquiry:
    """The simulations for one user and one identity. Each is requested once.

    Attributes:
        simulator: The policy simulator for the user.
        identity: The identity.
        questions: The values to simulate.
        most: The maximum number of simulations. Default: 600.
    """

    simulator: Simulator
    identity: Identity
    questions: Questions
    most: int = MOST_QUESTIONS
    answers: dict[str, Answer] = field(default_factory=dict, init=False)

    def judge(self, elsewhere: set[str]) -> Judgement:
        """Find the worst mail that the user can send.

        If the decision depends on a key whose value is not known, the key is a doubt. So is every key that was missing
        in all simulations. If a stranger can send in all cases, there is no doubt.

        Args:
            elsewhere: The keys, in lower case, that policies name only in statements about other requests.
        """
        found: list[Ability | None] = []
        doubts: tuple[str, ...] = ()
        try:
            for possible in self.questions.possibilities():
                found.append(self._ability(possible))  # noqa: PERF401 - results before the error are kept
        except _TooManyError:
            doubts = (TOO_MANY,)
        worst = max(filter(None, found), key=lambda one: one.breadth, default=None)
        reached = {one is not None and one.reach is Reach.ANYWHERE for one in found}
        if reached == {True}:
            return Judgement(worst, is_certain=True, doubts=())
        if len(reached) > 1:
            doubts += tuple(self.questions.unknown)
        return Judgement(worst, is_certain=len(reached) == 1, doubts=(*doubts, *self._untold(elsewhere)))

    def _untold(self, elsewhere: set[str]) -> list[str]:
        """Return the keys that were missing in every simulation, and that this mail may depend on."""
        answers = list(self.answers.values())
        missing = answers[0].missing.intersection(*(one.missing for one in answers)) if answers else ()
        return sorted(key for key in missing if not is_absent(key) and key.lower() not in elsewhere)

    def _ability(self, possible: Keys) -> Ability | None:
        for place in self.questions.places:
            for sender in self.questions.senders:
                for moment in self.questions.moments:
                    send = self._allowed(place, sender, moment, possible)
                    if send:
                        return self._found(place, sender, moment, possible, send)
        return None

    def _found(self, place: Place, sender: Sender, moment: Moment, possible: Keys, send: Send) -> Ability:
        """Return the ability that an allowed mail shows, with the other senders and origins."""
        named = [one for one in self.questions.senders if one.named and sender.named]
        senders = [one.named for one in named if one == sender or self._allowed(place, one, moment, possible)]
        inside = [one for one in self.questions.places if one.reach is Reach.INSIDE and place.reach is Reach.INSIDE]
        allowed = [one for one in inside if one == place or self._allowed(one, sender, moment, possible)]
        origins: dict[str, dict[str, None]] = {}
        for prop, value in (item for one in allowed for item in one.named.items()):
            origins.setdefault(prop, {})[value] = None
        return Ability(
            identity=self.identity,
            reach=place.reach,
            where=place.words,
            when=moment.words,
            anybody=not sender.named,
            senders=tuple(dict.fromkeys(senders)),
            any_recipient=FOREIGN_RECIPIENT in send.further[RECIPIENTS][1],
            origins={prop: tuple(values) for prop, values in origins.items()},
            send=send,
        )

    def _allowed(self, place: Place, sender: Sender, moment: Moment, possible: Keys) -> Send | None:
        """Return an allowed mail, or None. Mail to a stranger is tried first."""
        address: Keys = dict.fromkeys((FROM, RETURN_PATH), ("string", (sender.address,)))
        for chosen in self.questions.chosen():
            keys = {**self.questions.facts, **address, **chosen, **place.keys, **moment.keys, **possible}
            send = Send(resources=(self.identity.arn,), further=keys)
            if self._answer(send).allowed:
                return send
        return None

    def _answer(self, send: Send) -> Answer:
        asked = repr(send)
        if asked not in self.answers:
            if len(self.answers) >= self.most:
                raise _TooManyError
            self.answers[asked] = self.simulator.answer(send)
        return self.answers[asked]


class _TooManyError(Exception):
    """An error: the maximum number of simulations is reached."""


def in_words(abilities: Sequence[Ability]) -> str:
    """Describe the impact of a leaked key, in the words of the README's table."""
    reach = max((one.reach for one in abilities), default=Reach.NOWHERE)
    if reach is Reach.NOWHERE:
        return "nothing"
    worst = [one for one in abilities if one.reach is reach]
    recipients = "" if any(one.any_recipient for one in worst) else ", to certain recipients"
    when = "" if any(not one.when for one in worst) else f", {worst[0].when}"
    mail = f"mail as {_senders(worst)}{recipients}"
    if reach is Reach.ANYWHERE:
        return f"{mail}, {', '.join(dict.fromkeys(one.where for one in worst))}{when}"
    return f"nothing from outside; inside, {mail}{when}"


def _senders(abilities: Sequence[Ability]) -> str:
    domains = list(
        dict.fromkeys(one.identity.name for one in abilities if one.anybody and "@" not in one.identity.name)
    )
    addresses = [one.identity.name for one in abilities if one.anybody and "@" in one.identity.name]
    addresses = list(dict.fromkeys([*addresses, *(sender for one in abilities for sender in one.senders)]))
    several = domains[0] if len(domains) == 1 else f"{len(domains)} domains"
    whose = f"anyone at {several}" if domains else ""
    named = ", ".join(addresses[:2]) if len(addresses) <= 2 else f"{len(addresses)} addresses"  # noqa: PLR2004 - a line
    return " and ".join(one for one in (whose, named) if one)
