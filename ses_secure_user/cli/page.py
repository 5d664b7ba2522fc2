"""A report as one self-contained HTML page."""

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
        "mail as anyone at your domain, from anywhere, forever",
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
"""Kinds of leaks and their impact with a plain SMTP user and with this one, as in the README."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """One finding of a page.

    Attributes:
        verdict: The verdict.
        title: The subject.
        worth: The impact of a leak, by situation.
        facts: Further facts, by name.
        code: Lines of code to copy.
    """

    verdict: Verdict
    title: str
    worth: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    code: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """The content of one page.

    Attributes:
        title: The title.
        verdict: The overall verdict.
        counts: The number of findings for each verdict, or the reason why there are none.
        about: The subject of the report, as names and values.
        promise: A sentence that says if the table's last column is proved for the login.
        heading: The heading of the findings.
        cards: The findings.
        note: A reference to further documentation.
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
    """Return a card for each claim, with its verdict, text, judges and evidence."""
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
    """Return a page as HTML, without scripts and external resources."""
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
    """Return a value for the template, with all text made printable."""
    return value if isinstance(value, Markup) else printable(value)
