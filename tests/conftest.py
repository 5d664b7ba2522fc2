"""One loader of AWS's service models for all tests, and a summary of all test processes at the end of a run."""

import os
from functools import cache
from typing import Any

import botocore.loaders
import pytest

from tests.summary import COUNTS, LINES

botocore.loaders.create_loader = cache(botocore.loaders.create_loader)
"""One loader for all sessions. Otherwise each boto3 session parses the service models again, which is slow."""

FIRST = ("terraform", "deployed", "lifecycle", "project", "template", "local_aws", "cli")
"""The folders with the slowest files, which start first, so that all processes end at the same time."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the files in the order in which the processes run them."""
    ranks = {name: rank for rank, name in enumerate(FIRST)}
    items.sort(key=lambda item: min((ranks.get(part, len(FIRST)) for part in item.path.parts[-3:-1]), default=0))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send the counts of this process to the main process."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["counts"] = {subject: dict(counts) for subject, counts in COUNTS.items()}
        output["lines"] = dict(LINES)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Start one process more than there are cores, because many tests wait for the local AWS or the CDK."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:  # noqa: ANN401 - xdist's own
    """Add the counts of another process."""
    output = getattr(node, "workeroutput", {})
    for subject, counts in output.get("counts", {}).items():
        COUNTS[subject].update(counts)
    for subject, lines in output.get("lines", {}).items():
        LINES[subject] += [line for line in lines if line not in LINES[subject]]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for subject, counts in COUNTS.items():
        terminalreporter.write_line(f"{subject}: " + ", ".join(f"{count:,} {what}" for what, count in counts.items()))
    for subject, lines in LINES.items():
        for line in lines:
            terminalreporter.write_line(f"{subject}: {line}")
