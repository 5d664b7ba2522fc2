"""The HTML page: one file that loads nothing, in the README's words."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ses_secure_user.cli.claims import Verdict
from ses_secure_user.cli.page import LEAKS, WITH_THIS, Card, Page, html_of

ROOT = Path(__file__).parents[2]
CARD = Card(
    verdict=Verdict.NOT_PROVED,
    title="mailer …4EE9",
    worth={"a leak today": "mail as anyone", WITH_THIS: "nothing"},
    facts={"created by": "hand or another tool"},
    code=['SecureSesSmtpUser(self, "Mailer")'],
)
PAGE = Page(title="Logins", verdict=Verdict.BROKEN, counts="1 broken", cards=[CARD], heading="Each login", note="More.")


class Elements(HTMLParser):
    """The elements of a page. Every element must be closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag != "meta":
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag


@pytest.mark.parametrize("page", [PAGE, Page(title="None", verdict=Verdict.PROVED, counts="none")], ids=["one", "none"])
def test_it_loads_and_runs_nothing(page: Page) -> None:
    text = html_of(page)
    elements = Elements(text)
    assert {tag for tag, _ in elements.found} & {"script", "link", "img", "iframe", "object", "form", "base"} == set()
    assert [
        name for _, attributes in elements.found for name in attributes if name in {"src", "href"} or name[:2] == "on"
    ] == []
    assert re.findall(r"url\(|@import|https?://", text) == []
    policy = next(one["content"] for tag, one in elements.found if "http-equiv" in one)
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


def test_it_has_a_layout_for_dark_mode_narrow_screens_and_print() -> None:
    text = html_of(PAGE)
    for kind in ("prefers-color-scheme: dark", "max-width: 40rem", "media print"):
        assert kind in text
    assert '<html lang="en">' in text
    assert 'name="viewport" content="width=device-width' in text


def test_the_worth_before_and_after_is_in_the_readmes_words() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8").replace("`", "")
    for row in LEAKS:
        assert f"| {' | '.join(row)} |" in readme
    text = html_of(PAGE)
    assert all(part in text for row in LEAKS for part in row)


def test_every_part_of_a_finding_is_shown() -> None:
    text = html_of(PAGE)
    for part in (
        "mailer",
        "…4EE9",
        "? not proved",
        "mail as anyone",
        "created by",
        "hand or another tool",
        "Each login",
        "More.",
    ):
        assert part in text
    assert "<pre><code>SecureSesSmtpUser(self, &#34;Mailer&#34;)</code></pre>" in text
