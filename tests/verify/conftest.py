"""A local AWS with two verified domains, for the whole session."""

from collections.abc import Iterator

import pytest

from tests.deploy.local_aws import LocalAws, local_aws


@pytest.fixture(scope="session")
def aws() -> Iterator[LocalAws]:
    with local_aws() as running:
        for identity in ("example.com", "example.org"):
            running.client("sesv2").create_email_identity(EmailIdentity=identity)
        yield running
