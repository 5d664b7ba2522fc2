"""Random restrictions for Hypothesis."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

DOMAINS = ("example.com", "mail.example.com", "example.org")
ADDRESSES = tuple(f"{local}@{domain}" for local in ("noreply", "Billing", "a+b") for domain in DOMAINS)
ENDPOINTS = ("vpce-0123456789abcdef0", "vpce-0fedcba9876543210")
NETWORKS = ("203.0.113.0/24", "203.0.113.64/26", "198.51.100.7", "192.0.2.0/25", "2001:db8::/48", "2001:db8:0:1::/64")
RECIPIENTS = ("*@example.net", "person@example.org")
DISPLAY_NAMES = ("Example Shop", "CEO")
VPCS = ("vpc-0123456789abcdef0", "vpc-0fedcba9876543210")
SETS = ("transactional", "marketing")


def some(values: tuple[str, ...], least: int = 0) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), unique=True, min_size=least)


@st.composite
def random_properties(draw: st.DrawFn) -> dict[str, Any]:
    networks = draw(some(NETWORKS))
    return {
        "identity": ["example.com", "example.org"],
        "from_address": draw(some(ADDRESSES, 1)),
        "allowed_cidrs": networks,
        "allowed_vpc_endpoints": draw(some(ENDPOINTS, 0 if networks else 1)),
        "allowed_vpcs": draw(some(VPCS)),
        "allowed_recipients": draw(st.none() | some(RECIPIENTS, 1)),
        "from_display_name": draw(st.none() | some(DISPLAY_NAMES, 1)),
        "feedback_address": draw(st.none() | st.sampled_from(ADDRESSES)),
        "valid_until": draw(st.none() | st.just(datetime(2099, 1, 31, tzinfo=UTC))),
        "configuration_set": draw(st.none() | st.sampled_from(SETS)),
        "sandbox_recipients": draw(some(("person@example.net",))),
    }
