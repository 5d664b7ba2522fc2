"""Checks across list entries: no duplicates, and every sender belongs to an identity."""

from typing import Any

import pytest

from tests.cases.refusals import WRONG_ENTRIES
from tests.construct.users import refused_restrictions


@pytest.mark.parametrize(("changed", "message"), WRONG_ENTRIES)
def test_a_wrong_entry_is_refused(changed: dict[str, Any], message: str) -> None:
    assert refused_restrictions(**changed) == message
