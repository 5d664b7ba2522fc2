"""The policy as a document: its form and size. `tests/policy` judges its effect."""

from typing import Any

import pytest

from ses_secure_user.restrictions.policy import POLICY_LIMIT, check_size, policy_document, policy_size
from ses_secure_user.restrictions.restrict import restrict
from tests.cases.refusals import GIVEN, TOO_MANY


def document(**properties: Any) -> dict[str, Any]:  # noqa: ANN401 - any restriction
    made = restrict(**(GIVEN | properties))
    return policy_document(made, partition="aws", region="eu-west-1", account="111122223333")


@pytest.mark.parametrize(("changed", "message"), TOO_MANY)
def test_a_policy_that_is_too_long_is_refused(changed: dict[str, Any], message: str) -> None:
    """The message contains the number of entries that fit."""
    with pytest.raises(ValueError, match="must fit") as refusal:
        check_size(restrict(**(GIVEN | changed)))

    assert str(refusal.value) == message


def test_the_number_of_networks_in_the_message_fits() -> None:
    networks = TOO_MANY[0][0]["allowed_cidrs"][:156]

    assert len(restrict(**(GIVEN | {"allowed_cidrs": networks}))["allowed_cidrs"]) == 156
    assert policy_size(document(allowed_cidrs=networks)) <= POLICY_LIMIT


def test_the_policy_allows_one_action_and_no_wildcard() -> None:
    allowed = [one for one in document(configuration_set="x")["Statement"] if one["Effect"] == "Allow"]
    assert [one["Action"] for one in allowed] == ["ses:SendRawEmail"]
    assert [one for one in allowed[0]["Resource"] if "*" in one] == []


def test_the_policy_is_deterministic() -> None:
    """A single value is not written as a list."""
    assert document() == document()
    assert document()["Statement"][0]["Condition"] == {
        "StringEquals": {"ses:FromAddress": "noreply@example.com"},
        "IpAddress": {"aws:SourceIp": "203.0.113.0/24"},
    }
