"""The patches: each behavior exists with the patches and is missing without them.

If a new version of ministack has a behavior, the second test fails, and the patch can be deleted.
"""

from collections.abc import Callable, Iterator

import pytest
from botocore.exceptions import ClientError

from local_aws.aws import DeploymentFailed, LocalAws, local_aws
from local_aws.tests.account_behaviours import ACCOUNT_BEHAVIOURS
from local_aws.tests.behaviours import BEHAVIOURS
from local_aws.tests.template_behaviours import TEMPLATE_BEHAVIOURS

Behaviour = Callable[[LocalAws], bool]
every_behaviour = pytest.mark.parametrize(
    "behaviour", [*BEHAVIOURS, *ACCOUNT_BEHAVIOURS, *TEMPLATE_BEHAVIOURS], ids=lambda behaviour: behaviour.__name__
)


@pytest.fixture(scope="module")
def ministack() -> Iterator[LocalAws]:
    with local_aws("--unpatched") as running:
        yield running


@every_behaviour
def test_the_local_aws_behaves_like_aws(aws: LocalAws, behaviour: Behaviour) -> None:
    assert behaviour(aws)


@every_behaviour
def test_ministack_alone_does_not(ministack: LocalAws, behaviour: Behaviour) -> None:
    try:
        alike = behaviour(ministack)
    except (DeploymentFailed, LookupError, ClientError):
        alike = False
    assert not alike
