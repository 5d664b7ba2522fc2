"""The findings of a command as terminal lines, JSON and a JUnit file."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from rich.text import Text

from .claims import Row, Verdict, overall
from .printable import as_json, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

STYLES = {
    Verdict.PROVED: ("✓", "green"),
    Verdict.BROKEN: ("✗", "bold red"),
    Verdict.NOT_PROVED: ("?", "yellow"),
    Verdict.OBSERVED: ("·", "dim"),
}

INDENT = "    "


def entry(verdict: Verdict, title: str, details: Iterable[str], width: int) -> Iterator[Text]:
    """Return the lines of one finding: its sign and title, and its indented details.

    Lines are broken only between words, so that names and ARNs stay in one piece.

    Args:
        verdict: The verdict.
        title: The subject.
        details: Further facts.
        width: The maximum length of a line, in characters.
    """
    sign, style = STYLES[verdict]
    first, *more = wrapped(f"{sign} {printable(title)}", width, "", "  ")
    yield Text.assemble((first[:1], style), first[1:])
    yield from (Text(line) for line in more)
    for detail in details:
        yield from (Text(line, "dim") for line in wrapped(printable(detail), width, INDENT, INDENT))


def wrapped(text: str, width: int, first: str, others: str) -> list[str]:
    """Break a text into indented lines between words."""
    return textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=others, break_long_words=False, break_on_hyphens=False
    )


def claim_lines(rows: Sequence[Row], width: int) -> Iterator[Text]:
    """Return the lines of all claims, each with its verdict, text, judges and evidence."""
    for row in rows:
        by = ", ".join(row.finding.by)
        yield from entry(row.finding.verdict, row.text, [f"{by}: {row.finding.evidence}"], width)


def summary(rows: Sequence[Row]) -> Text:
    """Return the number of claims for each verdict, as one line."""
    counts = {verdict: sum(row.finding.verdict is verdict for row in rows) for verdict in Verdict}
    text = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
    return Text(text, STYLES[overall(rows)][1])


def claims_json(about: Mapping[str, object], rows: Sequence[Row]) -> str:
    """Return a JSON object that contains one object for each claim."""
    claims = [
        {
            "name": row.name,
            "claim": row.text,
            "verdict": row.finding.verdict,
            "by": row.finding.by,
            "evidence": row.finding.evidence,
            **({"answer": row.finding.answer} if row.finding.answer else {}),
        }
        for row in rows
    ]
    return as_json({**about, "verdict": overall(rows), "claims": claims})


def junit_xml(command: str, rows: Sequence[Row], *, error: str | None = None) -> str:
    """Return a JUnit file. A broken claim is a failure, and one that is not proved is an error."""
    suite = ET.Element("testsuite", name=f"ses-secure-user {command}")
    for row in rows:
        _testcase(suite, row.name, row.text, row.finding.verdict, row.finding.answer or row.finding.evidence)
    if error:
        _testcase(suite, command, "the account can be judged", Verdict.NOT_PROVED, error)
    counts = {"tests": len(suite), "failures": len(suite.findall("*/failure")), "errors": len(suite.findall("*/error"))}
    suite.attrib.update({name: str(count) for name, count in counts.items()})
    text: bytes = ET.tostring(suite, encoding="utf-8", xml_declaration=True)
    return text.decode() + "\n"


def _testcase(suite: Any, name: str, text: str, verdict: Verdict, evidence: str) -> None:  # noqa: ANN401 - an element
    case = ET.SubElement(suite, "testcase", classname=printable(name), name=printable(text))
    kinds = {Verdict.BROKEN: "failure", Verdict.NOT_PROVED: "error"}
    if kind := kinds.get(verdict):
        ET.SubElement(case, kind, message=printable(evidence))
    else:
        ET.SubElement(case, "system-out").text = printable(evidence)
