"""Names: those of SES are normalized, those that AWS would refuse are refused."""

from typing import Any

import aws_cdk as cdk
import pytest

from ses_secure_user.restrictions.names import SECRET_NAME
from ses_secure_user.restrictions.restrict import restrict
from tests.cases.refusals import GIVEN, RIGHT_NAMES, WRONG_NAMES
from tests.construct.users import refused, refused_restrictions

OF_USERS = "1 to 64 letters, digits and _+=,.@-"
OF_SECRETS = "1 to 183 letters, digits and /_+=.@-, as a tag of the user holds its ARN"


@pytest.mark.parametrize(("changed", "message"), WRONG_NAMES)
def test_a_wrong_name_is_refused(changed: dict[str, Any], message: str) -> None:
    assert refused_restrictions(**changed) == message


@pytest.mark.parametrize(("changed", "attribute", "expected"), RIGHT_NAMES)
def test_a_right_name_is_normalized(changed: dict[str, Any], attribute: str, expected: object) -> None:
    assert getattr(restrict(**(GIVEN | changed)), attribute) == expected


@pytest.mark.parametrize(
    ("prop", "name", "alphabet"),
    [
        ("user_name", "no spaces", OF_USERS),
        ("user_name", "a|b", OF_USERS),
        ("user_name", "x" * 65, OF_USERS),
        ("secret_name", "mailer:smtp", OF_SECRETS),
        ("secret_name", "x" * 184, OF_SECRETS),
    ],
)
def test_a_name_that_aws_does_not_take_is_refused(stack: cdk.Stack, prop: str, name: str, alphabet: str) -> None:
    assert refused(stack, **{prop: name}) == (
        f"`{prop}` must be {alphabet}, got {name}; leave it out to have one generated"
    )


def test_a_secrets_arn_fits_into_a_tag_of_the_user() -> None:
    """In the partition and the region with the longest names."""
    longest = "arn:aws-us-gov:secretsmanager:us-isof-south-1:123456789012:secret:" + "x" * SECRET_NAME + "-AbCdEf"
    assert len(longest) == 256
