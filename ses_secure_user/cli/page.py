"""A report as one HTML page that holds all that it needs, to be sent on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ses_secure_user import __version__

from .printable import printable
from .report import STYLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .claims import Row, Verdict

WITH_THIS = "with SecureSesSmtpUser"

LEAKS = (
    (
        "a laptop, a backup or a .env with the login",
        "mail as anyone at your domain, from anywhere, for ever",
        "nothing: SES refuses every network but yours",
    ),
    (
        "a server inside your network",
        "the same",
        "mail as that one address, while the thief is inside, until two rotations after the secret was last read",
    ),
    (
        "the user, given more rights by mistake",
        "those rights",
        "nothing: its boundary and denials stay",
    ),
)
"""Leaks, each with its worth with a plain SMTP user and with this one, as the README says."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """One finding of a page.

    Attributes:
        verdict: The verdict.
        title: What it is about.
        worth: What it is worth, by when.
        facts: What else is known of it, by name.
        code: Lines to paste.
    """

    verdict: Verdict
    title: str
    worth: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    code: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """One page.

    Attributes:
        title: Its heading.
        verdict: The overall verdict.
        counts: The number of findings of each verdict, or why there is none.
        about: What was asked about, by name.
        promise: Whether what is promised of a login was proved of the one that the page is about.
        heading: The heading of the findings.
        cards: The findings.
        note: What to read next.
    """

    title: str
    verdict: Verdict
    counts: str
    about: Mapping[str, str] = field(default_factory=dict)
    promise: str = ""
    heading: str = ""
    cards: Sequence[Card] = ()
    note: str = ""


def claim_cards(rows: Sequence[Row]) -> list[Card]:
    """Return a card for each claim: its verdict and text, who judged it, and the evidence."""
    return [
        Card(
            verdict=row.finding.verdict,
            title=row.text,
            facts={
                "judged by": ", ".join(row.finding.by),
                "evidence": row.finding.evidence,
                **({"answer": row.finding.answer} if row.finding.answer else {}),
            },
        )
        for row in rows
    ]


def html_of(page: Page) -> str:
    """Return a page as HTML: without scripts, and without anything from elsewhere."""
    environment = Environment(
        loader=PackageLoader("ses_secure_user.cli", "."),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    signs = {verdict: sign for verdict, (sign, _) in STYLES.items()}
    template = environment.get_template("page.html")
    return template.render(page=page, leaks=LEAKS, with_this=WITH_THIS, signs=signs, version=__version__)


def _shown(value: object) -> object:
    """Return what the template prints: all text is made printable."""
    return value if isinstance(value, Markup) else printable(value)
