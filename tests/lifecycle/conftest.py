"""Worlds for the tests of single events; there calls go through botocore's and moto's own HTTP layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.lifecycle.scenes import Stage, stage

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def on() -> Iterator[Stage]:
    with stage(wire=True) as ready:
        yield ready


@pytest.fixture(params=[False, True], ids=["labelled as asked", "first is current"])
def empty(request: pytest.FixtureRequest) -> Iterator[Stage]:
    with stage(wire=True, first_is_current=request.param) as ready:
        yield ready
