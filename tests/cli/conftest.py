"""Fixtures: a local AWS with two verified domains for the session, and a plain login for each test module."""

from collections.abc import Iterator

import pytest

from local_aws.aws import LocalAws, verified_aws
from tests.cli.command import INSIDE, Command, deployed


@pytest.fixture(scope="session")
def aws() -> Iterator[LocalAws]:
    with verified_aws() as running:
        yield running


@pytest.fixture(scope="module")
def plain(aws: LocalAws) -> Iterator[Command]:
    with deployed(aws, "Plain") as command:
        yield command


@pytest.fixture
def sent_from_inside(aws: LocalAws) -> None:
    aws.send_from(INSIDE)
