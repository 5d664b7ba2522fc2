"""Cases that compare the module with the construct: inputs that both accept, and refusals of both."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.cases.refusals import GIVEN, RIGHT, WRONG, Case, Properties

ENDPOINT = "vpce-0123456789abcdef0"
EVERYTHING: Properties = {
    "identity": ["example.com", "example.org"],
    "from_address": ["noreply@example.com", "Billing@mail.example.org"],
    "allowed_cidrs": ["203.0.113.0/25", "198.51.100.7", "2001:db8:1::/48"],
    "allowed_vpc_endpoints": [ENDPOINT, "vpce-0fedcba9876543210"],
    "allowed_vpcs": ["vpc-0123456789abcdef0"],
    "allowed_recipients": ["*@example.net", "person@example.org"],
    "from_display_name": ["Example Shop"],
    "feedback_address": "bounces@example.com",
    "valid_until": datetime(2099, 1, 31, tzinfo=UTC),
    "configuration_set": "transactional",
    "sandbox_recipients": ["person@example.net", "example.net"],
}
SHAPES: tuple[Properties, ...] = (
    {},
    EVERYTHING,
    {"allowed_cidrs": [], "allowed_vpc_endpoints": [ENDPOINT]},
    {"allowed_vpc_endpoints": [ENDPOINT]},
    {"allowed_cidrs": [], "allowed_vpcs": ["vpc-0123456789abcdef0"]},
    *({name: EVERYTHING[name]} for name in EVERYTHING if name not in {"from_address", "allowed_cidrs"}),
    *RIGHT,
)

OTHERWISE = ("arn:", "ü", "203.0.113.0/255.255.255.0")
"""Values that the module does not accept: ARNs, domains that need punycode, and netmasks."""
ADJACENT = ["203.0.113.0/25", "203.0.113.128/25"]
"""Networks that the construct merges and the module does not."""


def accepted() -> list[Properties]:
    """Return the properties of each case that both accept."""
    cases = [GIVEN | one for one in SHAPES]
    return [
        one for one in cases if not any(sign in str(one) for sign in OTHERWISE) and one["allowed_cidrs"] != ADJACENT
    ]


def as_inputs(properties: Properties) -> dict[str, Any]:
    """Return properties as inputs of the module. A property that can be one value or a list is a list."""
    one_or_more = {
        name: [properties[name]]
        for name in ("identity", "from_address", "from_display_name")
        if isinstance(properties.get(name), str)
    }
    return {name: _as_input(value) for name, value in (properties | one_or_more).items()}


def _as_input(value: object) -> object:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return list(value) if isinstance(value, tuple) else value


def refused() -> list[Case]:
    """Return the refusals of the construct, except wrong types, for which Terraform has its own messages."""
    texts = ("must be a list of strings", "must be a string", "must be given", "must be in one", "`valid_until`")
    return [(as_inputs(GIVEN | one), said(words)) for one, words in WRONG if not any(text in words for text in texts)]


def said(words: str) -> str:
    """Return a refusal as the module words it, because HCL has no function for punycode."""
    return words.replace("have a domain with one spelling in punycode", "have its domain in ASCII")
