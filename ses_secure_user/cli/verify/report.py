"""The report of `verify` as terminal lines and an HTML page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from ses_secure_user.cli.account.user_policy import in_words
from ses_secure_user.cli.claims import Verdict, overall
from ses_secure_user.cli.page import Page, claim_cards
from ses_secure_user.cli.printable import printable
from ses_secure_user.cli.report import claim_lines, summary

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ses_secure_user.cli.claims import Row

    from .tried import Tried


PROMISE = {
    Verdict.PROVED: "The last column is proved for this login by the claims below.",
    Verdict.BROKEN: "The last column does not apply to this login: see the broken claims below.",
    Verdict.NOT_PROVED: "The last column is not proved for this login: see the claims below that are not proved.",
}


def about(tried: Tried) -> dict[str, str]:
    """Return the login, a summary of its policy, its rotation function, and the place where the command ran."""
    return {
        "secret": tried.known.secret.description.get("Name", ""),
        "user": tried.known.user.name,
        "policy": in_words(tried.known.restrictions),
        "rotated by": tried.known.secret.rotation_function or "nothing",
        "judged from": f"{_place(tried)}: {tried.known.place.because}",
    }


def verify_lines(tried: Tried, rows: Sequence[Row], width: int) -> Iterator[Text]:
    """Return the lines of the login, all claims and the summary."""
    for name, value in about(tried).items():
        yield Text(f"{name}: {printable(value)}")
    yield Text()
    yield from claim_lines(rows, width)
    yield Text()
    yield summary(rows)


def verify_page(tried: Tried, rows: Sequence[Row]) -> Page:
    """Return the page for all claims."""
    return Page(
        title="Impact of a leak of this SMTP login",
        verdict=overall(rows),
        counts=summary(rows).plain,
        promise=PROMISE[overall(rows)],
        about={**about(tried), "checked on": f"{tried.known.now:%Y-%m-%d %H:%M} UTC"},
        heading="Each claim",
        cards=claim_cards(rows),
    )


def _place(tried: Tried) -> str:
    if tried.known.place.inside is None and not tried.inside:
        return "unknown"
    return "inside" if tried.inside else "outside"
