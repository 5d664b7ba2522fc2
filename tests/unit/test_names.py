"""Names: those of SES are normalized, those that AWS would refuse are refused."""

from typing import Any

import aws_cdk as cdk
import pytest

from ses_secure_user.restrictions import restrict
from tests.unit.users import refused, refused_restrictions
from tests.unit.wrong_restrictions import GIVEN, RIGHT_NAMES, WRONG_NAMES


@pytest.mark.parametrize(("changed", "message"), WRONG_NAMES)
def test_a_wrong_name_is_refused(changed: dict[str, Any], message: str) -> None:
    assert refused_restrictions(**changed) == message


@pytest.mark.parametrize(("changed", "attribute", "expected"), RIGHT_NAMES)
def test_a_right_name_is_normalized(changed: dict[str, Any], attribute: str, expected: object) -> None:
    assert getattr(restrict(**(GIVEN | changed)), attribute) == expected


@pytest.mark.parametrize(
    ("prop", "name", "alphabet"),
    [
        ("user_name", "no spaces", "1 to 64 letters, digits and _+=.@-"),
        ("user_name", "a,b", "1 to 64 letters, digits and _+=.@-"),
        ("user_name", "x" * 65, "1 to 64 letters, digits and _+=.@-"),
        ("secret_name", "mailer:smtp", "1 to 512 letters, digits and /_+=.@-"),
    ],
)
def test_a_name_that_aws_does_not_take_is_refused(stack: cdk.Stack, prop: str, name: str, alphabet: str) -> None:
    assert refused(stack, **{prop: name}) == (
        f"`{prop}` must be {alphabet}, got {name}; leave it out to have one generated"
    )
