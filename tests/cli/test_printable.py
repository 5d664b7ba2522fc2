"""Escaping of text from an account, for the terminal, rich markup, JSON, XML and HTML."""

import json
import unicodedata
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ses_secure_user.cli.claims import Finding, Judge, Row, Verdict
from ses_secure_user.cli.page import Card, Page, html_of
from ses_secure_user.cli.printable import as_json, printable
from ses_secure_user.cli.report import claim_lines, claims_json, junit_xml

HOSTILE = {
    "color": "\x1b[31mred",
    "title": "\x1b]0;owned\x07",
    "one byte": "\x9b2J",
    "backspaces": "denied\x08\x08\x08\x08\x08\x08allowed",
    "return": "✗ broken\r✓ proved",
    "line": "a\nb\u2028c\u2029d\x85e",
    "right to left": "\u202eevil\u2066",
    "invisible": "a\u200bb\ufeffc",
    "forbidden in XML": "\x00\ufffe\uffff\x0b",
    "half a character": "\ud800",
    "markup": "[bold red]x[/] [/nothing] [link=https://x.example]y[/link]",
    "HTML": "<script>alert(1)</script>\"'&amp;{{ 7 * 7 }}{% raw %}",
}
every_text = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
FORBIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def harmless(text: str) -> bool:
    return not any(unicodedata.category(one) in FORBIDDEN for one in text)


def rows(text: str) -> list[Row]:
    finding = Finding(Verdict.BROKEN, (Judge.IAM,), text, text)
    return [Row(text, text, finding), Row("other", "other", Finding(Verdict.PROVED, (Judge.SES,), text))]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.text())
def test_any_text_stays_on_its_line(text: str) -> None:
    assert harmless(printable(text))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m", r"\x1b[31m"),
        ("\u202e", r"\u202e"),
        ("\ud800", r"\ud800"),
        ("a\nb", r"a\nb"),
        ("Größe ✓ 日本 …", "Größe ✓ 日本 …"),
        (r"C:\x1b", r"C:\x1b"),
    ],
)
def test_unprintable_characters_are_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


@every_text
def test_lines_show_hostile_text_as_text(text: str) -> None:
    lines = [line.plain for line in claim_lines(rows(text), 4000)]
    assert all(map(harmless, lines))
    assert f"    IAM: {' '.join(printable(text).split())}" in lines


@every_text
def test_json_keeps_the_exact_text(text: str) -> None:
    written = claims_json({"secret": text}, rows(text))
    read = json.loads(written)
    assert (read["secret"], read["claims"][0]["evidence"]) == (text, text)
    assert all(map(harmless, written.splitlines()))
    assert json.loads(as_json([text])) == [text]


@every_text
def test_a_junit_file_with_hostile_text_is_valid(text: str) -> None:
    suite = ET.fromstring(junit_xml("verify", rows(text), error=text))  # noqa: S314 - we have just written it
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert (failure.get("message"), len(suite)) == (printable(text), 3)


@every_text
def test_a_page_shows_hostile_text_as_text(text: str) -> None:
    card = Card(verdict=Verdict.BROKEN, title=text, worth={text: text}, facts={text: text}, code=[text])
    page = Page(
        title=text, verdict=Verdict.BROKEN, counts=text, about={text: text}, promise=text, cards=[card], note=text
    )
    html = html_of(page)
    assert all(map(harmless, html.split("\n")))
    assert "<script" not in html
    assert "49" not in html.replace(html[html.index("<style>") : html.index("</style>")], "")
