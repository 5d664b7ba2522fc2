"""What the module is held to the construct with: inputs that both take, and refusals that both know."""

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
"""What the module does not take: ARNs, letters that a domain has as punycode, and masks."""
ADJACENT = ["203.0.113.0/25", "203.0.113.128/25"]
"""What the construct merges, and the module does not."""


def accepted() -> list[Properties]:
    """The construct's properties of each case that both take."""
    cases = [GIVEN | one for one in SHAPES]
    return [
        one for one in cases if not any(sign in str(one) for sign in OTHERWISE) and one["allowed_cidrs"] != ADJACENT
    ]


def as_inputs(properties: Properties) -> dict[str, Any]:
    """Write a construct's properties as the module takes them: what may be one or several is a list."""
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
    """The refusals of the construct that are not those of a type, which Terraform words itself."""
    texts = ("must be a list of strings", "must be a string", "must be given", "must be in one", "`valid_until`")
    return [(as_inputs(GIVEN | one), said(words)) for one, words in WRONG if not any(text in words for text in texts)]


def said(words: str) -> str:
    """A refusal in the module's words: HCL knows no punycode."""
    return words.replace("have a domain with one spelling in punycode", "have its domain in ASCII")
