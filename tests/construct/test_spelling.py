"""Other spellings of valid values: they are refused, and the remedy is the valid spelling."""

from typing import Any

import pytest

from ses_secure_user.cdk.spelling import remedy_for
from ses_secure_user.restrictions.restrict import restrict
from tests.cases.refusals import GIVEN, WRONG_SPELLINGS
from tests.construct.users import refused_restrictions


@pytest.mark.parametrize(("changed", "message"), WRONG_SPELLINGS)
def test_another_spelling_is_refused_with_the_valid_one(changed: dict[str, Any], message: str) -> None:
    assert refused_restrictions(**changed) == message


def test_the_entries_in_a_remedy_are_accepted() -> None:
    listed = ["203.0.113.0/24", "198.51.100.7"]
    restrict(**(GIVEN | {"allowed_cidrs": listed}))
    assert remedy_for(",".join(listed), lambda one: one in listed, "") == (
        'write each as an entry: ["203.0.113.0/24", "198.51.100.7"]'
    )


def test_a_valid_text_gets_the_default_remedy() -> None:
    assert remedy_for("a", lambda _: True, "do otherwise") == "do otherwise"
