"""Claims about an account, the way they are judged, and the findings. All commands share them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Subject = TypeVar("Subject")


class Verdict(StrEnum):
    """The verdict on a claim."""

    PROVED = "proved"
    BROKEN = "broken"
    NOT_PROVED = "not proved"
    OBSERVED = "observed"
    """AWS documents neither answer, and neither breaks anything."""


class Judge(StrEnum):
    """The service that judged a claim."""

    SES = "SES"
    IAM = "IAM"
    SECRETS_MANAGER = "Secrets Manager"


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict, the services that gave it, and the evidence.

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
        """Return the finding for an answer that is either yes or no."""
        return cls(Verdict.PROVED if holds else Verdict.BROKEN, (by,), evidence)


@dataclass(frozen=True, slots=True)
class Claim(Generic[Subject]):
    """One sentence about an account that is checked.

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
    """A claim with its finding: a line of the report."""

    name: str
    text: str
    finding: Finding


def judged(claims: Iterable[Claim[Subject]], subject: Subject) -> Iterator[Row]:
    """Judge claims one after the other."""
    for claim in claims:
        yield Row(claim.name, claim.text, claim.judge(subject))


def overall(rows: Iterable[Row]) -> Verdict:
    """Return the overall verdict.

    `BROKEN` if any claim is broken, else `NOT_PROVED` if any could not be judged, else `PROVED`.
    """
    verdicts = {row.finding.verdict for row in rows}
    return next((one for one in (Verdict.BROKEN, Verdict.NOT_PROVED) if one in verdicts), Verdict.PROVED)
