"""The findings of `verify`, as lines for a terminal and as a page."""

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
    Verdict.PROVED: "The last column is proved of this login, by the claims below.",
    Verdict.BROKEN: "The last column does not hold for this login: see what is broken below.",
    Verdict.NOT_PROVED: "The last column is not proved of this login: see what could not be judged below.",
}


def about(tried: Tried) -> dict[str, str]:
    """Return the login, its policy in short, what renews it, and the place from where it was judged."""
    return {
        "secret": tried.known.secret.description.get("Name", ""),
        "user": tried.known.user.name,
        "policy": in_words(tried.known.restrictions),
        "rotated by": tried.known.secret.rotation_function or "nothing",
        "judged from": f"{_place(tried)}: {tried.known.place.because}",
    }


def verify_lines(tried: Tried, rows: Sequence[Row], width: int) -> Iterator[Text]:
    """Return the lines of all claims, with the login before and the numbers after them."""
    for name, value in about(tried).items():
        yield Text(f"{name}: {printable(value)}")
    yield Text()
    yield from claim_lines(rows, width)
    yield Text()
    yield summary(rows)


def verify_page(tried: Tried, rows: Sequence[Row]) -> Page:
    """Return the page of all claims."""
    return Page(
        title="What a leak of this SMTP login is worth",
        verdict=overall(rows),
        counts=summary(rows).plain,
        promise=PROMISE[overall(rows)],
        about={**about(tried), "asked on": f"{tried.known.now:%Y-%m-%d %H:%M} UTC"},
        heading="Each claim",
        cards=claim_cards(rows),
    )


def _place(tried: Tried) -> str:
    if tried.known.place.inside is None and not tried.inside:
        return "unknown"
    return "inside" if tried.inside else "outside"
