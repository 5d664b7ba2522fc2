"""Networks: public networks are merged, and others are refused at synthesis or deployment."""

from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_secure_user.functions.issuer.networks import NetworkError, check_networks
from ses_secure_user.restrictions.networks import is_wide
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


@pytest.mark.parametrize(("changed", "message"), WRONG_NETWORKS)
def test_a_wrong_network_is_refused_at_deployment(changed: dict[str, Any], message: str) -> None:
    """Only an IPv6 address without a prefix differs: the construct adds the prefix, and the function refuses it."""
    networks = [f"{one}/128" if ":" in one and "/" not in one else one for one in changed["allowed_cidrs"]]
    with pytest.raises(NetworkError) as refusal:
        check_networks(networks)
    assert str(refusal.value).replace("/128", "") == message


def test_an_ipv6_address_without_prefix_is_refused() -> None:
    """IAM treats it as a /32, which is a network of 2 to the power of 96 addresses."""
    with pytest.raises(NetworkError) as refusal:
        check_networks(["203.0.113.7", "2001:db8::7"])
    assert str(refusal.value) == (
        "`allowed_cidrs` must have the prefix of an IPv6 network, since IAM takes a bare IPv6 address for a /32, got"
        " 2001:db8::7; write 2001:db8::7/128"
    )


@pytest.mark.parametrize("networks", [[], [""], ["203.0.113.7"], ["203.0.113.0/24", "2001:db8::/48", ""]])
def test_valid_networks_pass_at_deployment(networks: list[str]) -> None:
    """An empty text comes from an empty parameter."""
    check_networks(networks)


@pytest.mark.parametrize(
    ("text", "size", "wide"),
    [
        ("0.0.0.0/1", 2**16, False),
        ("0.0.0.0/1", 2**16 + 1, True),
        ("10.0.0.0/8", 2**24, False),
        ("2000::/3", 2**96, False),
        ("2000::/3", 2**96 + 1, True),
        ("fc00::/7", 2**121, False),
    ],
)
def test_a_network_wider_than_needed(text: str, size: int, wide: bool) -> None:  # noqa: FBT001
    assert is_wide(ip_network(text), size) is wide
