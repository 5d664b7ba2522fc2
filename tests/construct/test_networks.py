"""Networks: public ones are merged, all others refused."""

from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_secure_user.restrictions.restrict import restrict
from tests.cases.refusals import GIVEN, RIGHT_NETWORKS, WRONG_NETWORKS
from tests.construct.users import refused_restrictions


@pytest.mark.parametrize(("changed", "message"), WRONG_NETWORKS)
def test_a_wrong_network_is_refused(changed: dict[str, Any], message: str) -> None:
    assert refused_restrictions(**changed) == message


@pytest.mark.parametrize(("given", "networks"), RIGHT_NETWORKS)
def test_networks_are_normalized_and_merged(given: list[str], networks: tuple[str, ...]) -> None:
    assert restrict(**(GIVEN | {"allowed_cidrs": given}))["allowed_cidrs"] == networks


@given(st.lists(st.tuples(st.integers(0, 255), st.integers(24, 32)), min_size=1, max_size=8))
def test_merging_changes_no_address(drawn: list[tuple[int, int]]) -> None:
    given = [ip_network(f"203.0.113.{number}/{length}", strict=False) for number, length in drawn]
    merged = map(ip_network, restrict(**(GIVEN | {"allowed_cidrs": list(map(str, given))}))["allowed_cidrs"])
    assert {address for one in merged for address in one} == {address for one in given for address in one}
