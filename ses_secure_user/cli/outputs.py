"""The outputs of a command: lines or JSON, to the terminal or a file, and an HTML page and a JUnit file."""

from __future__ import annotations

import functools
import io
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.text import Text

from .claims import Row, Verdict, overall
from .errors import CannotJudgeError
from .files import write_private
from .page import Page, html_of
from .printable import as_json, printable
from .report import junit_xml, wrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

EXIT = {Verdict.PROVED: 0, Verdict.BROKEN: 1, Verdict.NOT_PROVED: 2}
WIDTH_OF_FILES = 120

_FILE = click.Path(dir_okay=False, path_type=Path)
_OPTIONS = (
    click.option("--json", "in_json", is_flag=True, help="Print a JSON object instead of lines."),
    click.option("--output", type=_FILE, metavar="FILE", help="Write the report to this file instead of printing it."),
    click.option("--html", type=_FILE, metavar="FILE", help="Also write the report as an HTML page."),
    click.option("--junit", type=_FILE, metavar="FILE", help="Also write the report as a JUnit file."),
)


class NotJudged(click.ClickException):
    """An error that prints one sentence to standard error and exits with 2."""

    exit_code = EXIT[Verdict.NOT_PROVED]

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """The findings of a command, in all formats.

    Attributes:
        rows: The claims.
        json: The JSON object.
        lines: Returns the lines for a width in characters.
        page: The HTML page.
    """

    rows: list[Row]
    json: str
    lines: Callable[[int], Iterable[Text]]
    page: Page


@dataclass(frozen=True, kw_only=True, slots=True)
class Outputs:
    """The outputs that the options of a command select. Only the owner can read the files.

    Attributes:
        command: The name of the command.
        in_json: True to print JSON.
        output: The file for the report, instead of the terminal.
        html: The file for the HTML page.
        junit: The JUnit file.
    """

    command: str
    in_json: bool
    output: Path | None
    html: Path | None
    junit: Path | None

    @contextmanager
    def judging(self) -> Iterator[Callable[[str], None]]:
        """Show progress. If nothing can be judged, write the reason to all outputs, and exit with 2."""
        try:
            with Console(stderr=True).status("Calling AWS") as status:
                yield lambda text: status.update(Text(printable(text)))
        except CannotJudgeError as caught:
            self._report_error(str(caught))
            raise NotJudged(str(caught)) from None

    def report(self, report: Report) -> int:
        """Write the findings to all outputs, and return the exit code.

        Raises:
            NotJudged: A file cannot be written.
        """
        if self.html:
            self._write(self.html, html_of(report.page))
        if self.junit:
            self._write(self.junit, junit_xml(self.command, report.rows))
        self._print(report.json if self.in_json else report.lines)
        return EXIT[overall(report.rows)]

    def _report_error(self, error: str) -> None:
        verdict = Verdict.NOT_PROVED
        if self.html:
            page = Page(title=f"ses-secure-user {self.command}", verdict=verdict, counts=error)
            self._write(self.html, html_of(page))
        if self.junit:
            self._write(self.junit, junit_xml(self.command, [], error=error))
        if self.in_json:
            self._print(as_json({"verdict": verdict, "error": error}))
        elif self.output:
            self._print(lambda width: map(Text, wrapped(printable(f"{verdict}: {error}"), width, "", "")))

    def _print(self, what: str | Callable[[int], Iterable[Text]]) -> None:
        """Print JSON or lines to the terminal, which wraps long lines itself, or write them to the file."""
        file = io.StringIO() if self.output else None
        console = Console(file=file, highlight=False, width=WIDTH_OF_FILES if file else None)
        for line in [Text(what)] if isinstance(what, str) else what(console.width):
            console.print(line, soft_wrap=True)
        if file and self.output:
            self._write(self.output, file.getvalue())

    def _write(self, path: Path, text: str) -> None:
        try:
            write_private(path, text)
        except OSError as cause:
            raise NotJudged(f"{path} cannot be written: {cause.strerror}") from None


def reporting(command: Callable[..., None]) -> Callable[..., None]:
    """Add the output options to a command, and pass them to it as ``outputs``."""

    @functools.wraps(command)
    def packed(*args: object, **options: Any) -> None:  # noqa: ANN401 - the options of any command
        mine = {name: options.pop(name) for name in ("in_json", "output", "html", "junit")}
        command(*args, outputs=Outputs(command=command.__name__, **mine), **options)

    for option in reversed(_OPTIONS):
        packed = option(packed)
    return packed
