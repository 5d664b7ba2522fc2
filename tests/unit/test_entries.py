"""Entries held against each other: each is named once, and each sender belongs to an identity."""

from typing import Any

import pytest

from tests.unit.users import refused_restrictions
from tests.unit.wrong_restrictions import WRONG_ENTRIES


@pytest.mark.parametrize(("changed", "message"), WRONG_ENTRIES)
def test_a_wrong_entry_is_refused(changed: dict[str, Any], message: str) -> None:
    assert refused_restrictions(**changed) == message
