"""All restrictions together: missing values, wrong types, and warnings."""

from typing import Any

import aws_cdk as cdk
import pytest

from ses_secure_user.restrictions.restrict import restrict, restriction_warnings, unknown_networks
from tests.cases.refusals import GIVEN, WRONG_ARNS, WRONG_LISTS
from tests.construct.users import refused_restrictions


@pytest.mark.parametrize(("changed", "message"), [*WRONG_LISTS, *WRONG_ARNS])
def test_a_wrong_restriction_is_refused_with_rule_and_remedy(changed: dict[str, Any], message: str) -> None:
    assert refused_restrictions(**changed) == message


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, []),
        ({"allowed_cidrs": ["203.0.0.0/15"]}, ["ses-secure-user:wideNetwork"]),
        ({"allowed_cidrs": ["203.0.0.0/16"]}, []),
        ({"allowed_cidrs": ["2001:da8::/31"]}, ["ses-secure-user:wideNetwork"]),
        ({"from_address": "NoReply@example.com"}, ["ses-secure-user:upperCaseLocalPart"]),
        (
            {"from_address": "noreply@exämple.com", "identity": "exämple.com"},
            ["ses-secure-user:internationalSender"],
        ),
        (
            {"from_address": ["noreply@xn--exmple-cua.com"], "identity": "exämple.com"},
            [],
        ),
    ],
)
def test_a_risky_restriction_draws_a_warning(changed: dict[str, Any], expected: list[str]) -> None:
    properties = GIVEN | changed
    warnings = restriction_warnings(restrict(**properties), properties["identity"], properties["from_address"])
    assert [warning_id for warning_id, _ in warnings] == expected


def test_networks_known_at_deployment_are_checked_there() -> None:
    stack = cdk.Stack()
    text = cdk.CfnParameter(stack, "Text").value_as_string
    listed = cdk.CfnParameter(stack, "List", type="CommaDelimitedList").value_as_list

    for networks, expected in (
        (["203.0.113.0/24"], ()),
        ([text], (text,)),
        (["203.0.113.0/24", text], ("203.0.113.0/24", text)),
        ([f"{text}/128"], (f"{text}/128",)),
        (listed, tuple(listed)),
    ):
        assert unknown_networks(restrict(**(GIVEN | {"allowed_cidrs": networks}))) == expected


def test_a_token_that_may_be_an_arn_draws_a_warning() -> None:
    text = cdk.CfnParameter(cdk.Stack(), "Text").value_as_string
    arn = f"arn:aws:ses:{text}:{text}:identity/{text}"

    for identity, expected in (
        (text, ["ses-secure-user:tokenIdentity"]),
        (["example.com", text], ["ses-secure-user:tokenIdentity"]),
        ("example.com", []),
        (arn, []),
    ):
        warnings = restriction_warnings(restrict(**(GIVEN | {"identity": identity})), identity, "noreply@example.com")
        assert [warning_id for warning_id, _ in warnings] == expected
