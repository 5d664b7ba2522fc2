"""Prints what the tests have to tell."""

import pytest

from tests.summary import COUNTS, LINES


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for subject, counts in COUNTS.items():
        terminalreporter.write_line(f"{subject}: " + ", ".join(f"{count:,} {what}" for what, count in counts.items()))
    for subject, lines in LINES.items():
        for line in lines:
            terminalreporter.write_line(f"{subject}: {line}")
