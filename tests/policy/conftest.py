"""One evaluator for all policies, and its counts in the run's summary."""

from collections.abc import Iterator

import pytest

from tests.policy.evaluator import Evaluator, evaluator

COUNTS: dict[str, int] = {}


@pytest.fixture(scope="session")
def iam() -> Iterator[Evaluator]:
    with evaluator() as running:
        yield running
        COUNTS["questions to the evaluator"] = running.questions


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if COUNTS:
        terminalreporter.section("policy")
        terminalreporter.write_line(", ".join(f"{count:,} {what}" for what, count in COUNTS.items()))
