"""Fixtures: a local AWS for Terraform, and the installed programs."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from local_aws.aws import LocalAws, verified_aws
from tests.terraform.working import PROGRAMS, Terraform, missing, note

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Make = Callable[..., Terraform]


@pytest.fixture(scope="session")
def aws() -> Iterator[LocalAws]:
    with verified_aws() as running:
        yield running


@pytest.fixture(scope="session", params=[name for name in PROGRAMS if not missing(name)] or [*PROGRAMS][:1])
def program(request: pytest.FixtureRequest) -> str:
    """Return Terraform and OpenTofu in turn. Skip a program that is not installed."""
    for name in PROGRAMS:
        if reason := missing(name):
            note(name, reason)
    chosen: str = request.param
    if reason := missing(chosen):
        pytest.skip(reason)
    return chosen


@pytest.fixture(scope="session")
def make(program: str) -> Iterator[Make]:
    """Return a function that creates configurations, each in its own folder."""
    with tempfile.TemporaryDirectory(prefix="terraform-") as name:
        made: list[Path] = []

        def make(env: dict[str, str] | None = None) -> Terraform:
            folder = Path(name) / str(len(made))
            folder.mkdir()
            made.append(folder)
            return Terraform(program, folder, env or {"HOME": name})

        yield make
