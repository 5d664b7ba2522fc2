"""One local AWS for the whole session; each test uses stack names of its own."""

from collections.abc import Iterator

import pytest

from local_aws.aws import LocalAws, local_aws


@pytest.fixture(scope="session")
def aws() -> Iterator[LocalAws]:
    with local_aws() as running:
        yield running
