"""A claim, how it is judged, and what came of it: shared by all that is asked of an account."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Subject = TypeVar("Subject")


class Verdict(StrEnum):
    """What is known of a claim."""

    PROVED = "proved"
    BROKEN = "broken"
    NOT_PROVED = "not proved"
    OBSERVED = "observed"
    """AWS documents neither answer, and neither breaks anything."""


class Judge(StrEnum):
    """Who said so."""

    SES = "SES"
    IAM = "IAM"
    SECRETS_MANAGER = "Secrets Manager"


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict, by whom, and on what evidence.

    Attributes:
        verdict: What is known.
        by: The services that were asked.
        evidence: What they answered, in one line.
        answer: The same in SES's own words, without account and key.
    """

    verdict: Verdict
    by: tuple[Judge, ...]
    evidence: str
    answer: str = ""

    @classmethod
    def of(cls, by: Judge, evidence: str, *, holds: bool) -> Finding:
        """Judge by an answer that can only be yes or no."""
        return cls(Verdict.PROVED if holds else Verdict.BROKEN, (by,), evidence)


@dataclass(frozen=True, slots=True)
class Claim(Generic[Subject]):
    """One sentence that an account is held to.

    Attributes:
        name: A short name that stays the same, for machines.
        text: The sentence.
        judge: Asks AWS about the subject.
    """

    name: str
    text: str
    judge: Callable[[Subject], Finding]


@dataclass(frozen=True, slots=True)
class Row:
    """A claim with what came of it: a line of the report."""

    name: str
    text: str
    finding: Finding


def judged(claims: Iterable[Claim[Subject]], subject: Subject) -> Iterator[Row]:
    """Judge claims one after the other."""
    for claim in claims:
        yield Row(claim.name, claim.text, claim.judge(subject))


def overall(rows: Iterable[Row]) -> Verdict:
    """Sum up: one broken claim breaks all, and one that could not be judged leaves it open."""
    verdicts = {row.finding.verdict for row in rows}
    return next((one for one in (Verdict.BROKEN, Verdict.NOT_PROVED) if one in verdicts), Verdict.PROVED)
