"""One evaluator for all policies."""

from collections.abc import Iterator

import pytest

from local_aws.iam.evaluator import Evaluator, evaluator
from tests.summary import COUNTS


@pytest.fixture(scope="session")
def iam() -> Iterator[Evaluator]:
    with evaluator() as running:
        yield running
        COUNTS["policy"]["questions to the evaluator"] = running.questions
