"""Claims about an account, their judges and their findings, for all commands."""

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
    """A behavior that AWS does not document. No answer is wrong."""


class Judge(StrEnum):
    """The service that judged a claim."""

    SES = "SES"
    IAM = "IAM"
    SECRETS_MANAGER = "Secrets Manager"


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict, the services that gave it, and the evidence.

    Attributes:
        verdict: The verdict.
        by: The services that gave it.
        evidence: Their answer, in one line.
        answer: The response of SES, with account id and key id masked.
    """

    verdict: Verdict
    by: tuple[Judge, ...]
    evidence: str
    answer: str = ""

    @classmethod
    def of(cls, by: Judge, evidence: str, *, holds: bool) -> Finding:
        """Return the finding for a yes-or-no answer."""
        return cls(Verdict.PROVED if holds else Verdict.BROKEN, (by,), evidence)


@dataclass(frozen=True, slots=True)
class Claim(Generic[Subject]):
    """One statement about an account, to be checked.

    Attributes:
        name: A stable identifier for programs.
        text: The sentence for the report.
        judge: Checks the claim for a subject.
    """

    name: str
    text: str
    judge: Callable[[Subject], Finding]


@dataclass(frozen=True, slots=True)
class Row:
    """A claim with its finding, as shown in a report."""

    name: str
    text: str
    finding: Finding


def judged(claims: Iterable[Claim[Subject]], subject: Subject) -> Iterator[Row]:
    """Judge claims in order."""
    for claim in claims:
        yield Row(claim.name, claim.text, claim.judge(subject))


def overall(rows: Iterable[Row]) -> Verdict:
    """Return the overall verdict.

    `BROKEN` if any claim is broken, else `NOT_PROVED` if any could not be judged, else `PROVED`.
    """
    verdicts = {row.finding.verdict for row in rows}
    return next((one for one in (Verdict.BROKEN, Verdict.NOT_PROVED) if one in verdicts), Verdict.PROVED)
