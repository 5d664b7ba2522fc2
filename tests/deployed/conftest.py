"""Fixtures: one local AWS for the session. Each test uses its own stack names."""

from collections.abc import Iterator

import pytest

from local_aws.aws import LocalAws, local_aws


@pytest.fixture(scope="session")
def aws() -> Iterator[LocalAws]:
    with local_aws() as running:
        yield running
