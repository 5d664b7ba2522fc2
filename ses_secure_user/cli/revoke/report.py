"""The report of `revoke` as terminal lines and an HTML page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from ses_secure_user.cli.claims import overall
from ses_secure_user.cli.page import Page, claim_cards
from ses_secure_user.cli.printable import printable
from ses_secure_user.cli.report import claim_lines, summary, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .revoke import Ended


def revoke_lines(ended: Ended, width: int) -> Iterator[Text]:
    """Return the lines of the leak, the plan, all claims and the summary."""
    for name, value in ended.about.items():
        yield Text(f"{name}: {printable(value)}")
    for number, step in enumerate(ended.plan, 1):
        yield from map(Text, wrapped(printable(f"{number}. {step}"), width, "", "   "))
    yield Text()
    yield from claim_lines(ended.rows, width)
    yield Text()
    yield summary(ended.rows)


def revoke_page(ended: Ended) -> Page:
    """Return the page for all claims."""
    steps = {f"step {number}": step for number, step in enumerate(ended.plan, 1)}
    return Page(
        title="Revocation of a leaked SMTP login",
        verdict=overall(ended.rows),
        counts=summary(ended.rows).plain,
        about={**ended.about, **steps},
        heading="Each claim",
        cards=claim_cards(ended.rows),
    )
