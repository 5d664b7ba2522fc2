"""Names in SES: valid names are normalized, and names that SES does not accept are refused."""

from typing import Any

import pytest

from ses_secure_user.restrictions.restrict import restrict
from tests.cases.refusals import ARN, GIVEN, RIGHT_NAMES, WRONG_NAMES
from tests.construct.users import refused_restrictions


@pytest.mark.parametrize(("changed", "message"), WRONG_NAMES)
def test_a_wrong_name_is_refused(changed: dict[str, Any], message: str) -> None:
    assert refused_restrictions(**changed) == message


@pytest.mark.parametrize(("changed", "attribute", "expected"), RIGHT_NAMES)
def test_a_right_name_is_normalized(changed: dict[str, Any], attribute: str, expected: object) -> None:
    assert restrict(**(GIVEN | changed))[attribute] == expected


def test_an_arn_gives_region_and_account() -> None:
    found = restrict(**(GIVEN | {"identity": ARN}))
    assert (found.identity_region, found.identity_account) == ("eu-west-1", "111122223333")
