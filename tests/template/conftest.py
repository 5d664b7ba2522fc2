"""Fixtures: the template, rendered once, and a local AWS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from local_aws.aws import LocalAws, verified_aws
from ses_secure_user.template import template

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.template.resolving import Json


@pytest.fixture(scope="session")
def text() -> str:
    return template()


@pytest.fixture(scope="session")
def rendered(text: str) -> Json:
    return dict(json.loads(text))


@pytest.fixture(scope="session")
def aws() -> Iterator[LocalAws]:
    with verified_aws() as running:
        yield running
