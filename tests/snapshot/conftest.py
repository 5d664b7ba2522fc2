"""What the packs found is part of the run's summary."""

import pytest

SUMMARY: list[str] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if SUMMARY:
        terminalreporter.section("rule packs")
        for line in SUMMARY:
            terminalreporter.write_line(line)
