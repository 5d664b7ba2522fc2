"""Fixtures for the tests of single events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.lifecycle.scenes import Stage, stage

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=[False, True], ids=["labelled as asked", "first is current"])
def on(request: pytest.FixtureRequest) -> Iterator[Stage]:
    with stage(first_is_current=request.param, pending_leaves=request.param) as ready:
        yield ready
