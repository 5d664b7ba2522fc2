"""The findings of `verify`, as a table, as JSON and as a JUnit file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from rich import box
from rich.table import Table
from rich.text import Text

from .claims import Row, Verdict, overall

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

STYLES = {
    Verdict.PROVED: ("✓", "green"),
    Verdict.BROKEN: ("✗", "bold red"),
    Verdict.NOT_PROVED: ("?", "yellow"),
    Verdict.OBSERVED: ("·", "dim"),
}


def table(rows: Sequence[Row]) -> Table:
    """Return a table with a row for each claim: its verdict, text, judges and evidence."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    made.add_column("")
    for heading in ("claim", "by", "evidence"):
        made.add_column(heading, overflow="fold")
    for row in rows:
        sign, style = STYLES[row.finding.verdict]
        by = ", ".join(row.finding.by)
        made.add_row(Text(sign, style), Text(row.text), Text(by), Text(row.finding.evidence, style="dim"))
    return made


def summary(rows: Sequence[Row]) -> Text:
    """Return the number of claims for each verdict, in one line."""
    counts = {verdict: sum(row.finding.verdict is verdict for row in rows) for verdict in Verdict}
    text = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
    return Text(text, STYLES[overall(rows)][1])


def as_json(about: Mapping[str, object], rows: Sequence[Row]) -> str:
    """Return one JSON object that contains an object for each claim."""
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
    return json.dumps({**about, "verdict": overall(rows), "claims": claims}, indent=2, ensure_ascii=False)


def write_junit(path: Path, rows: Sequence[Row], *, error: str | None = None) -> None:
    """Write a JUnit file for continuous integration. A broken claim is a failure, one not proved an error.

    Raises:
        OSError: The file cannot be written.
    """
    suite = ET.Element("testsuite", name="ses-secure-user verify")
    for row in rows:
        _testcase(suite, row.name, row.text, row.finding.verdict, row.finding.answer or row.finding.evidence)
    if error:
        _testcase(suite, "verify", "the login can be judged", Verdict.NOT_PROVED, error)
    counts = {"tests": len(suite), "failures": len(suite.findall("*/failure")), "errors": len(suite.findall("*/error"))}
    suite.attrib.update({name: str(count) for name, count in counts.items()})
    ET.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)


def _testcase(suite: Any, name: str, text: str, verdict: Verdict, evidence: str) -> None:  # noqa: ANN401 - an element
    case = ET.SubElement(suite, "testcase", classname=name, name=text)
    kinds = {Verdict.BROKEN: "failure", Verdict.NOT_PROVED: "error"}
    if kind := kinds.get(verdict):
        ET.SubElement(case, kind, message=evidence)
    else:
        ET.SubElement(case, "system-out").text = evidence
