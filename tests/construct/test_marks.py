"""Tokens are told by their marks as the CDK itself tells them."""

import aws_cdk as cdk
import pytest

from ses_secure_user.restrictions.marks import is_list_token, is_marked, literals

TEXT = cdk.Token.as_string({"Ref": "Name"})
LISTED = cdk.Token.as_list({"Ref": "Names"})


@pytest.mark.parametrize("value", [TEXT, f"arn:aws:ses:{TEXT}", "plain", "${Token", "${AWS::Region}", ""], ids=range(6))
def test_a_text_is_marked_where_the_cdk_says_it_is_unresolved(value: str) -> None:
    assert is_marked(value) == cdk.Token.is_unresolved(value)


@pytest.mark.parametrize("values", [LISTED, [TEXT], ["plain"], []], ids=range(4))
def test_a_list_is_marked_as_a_whole_or_not(values: list[str]) -> None:
    assert is_list_token(values) == (cdk.Token.is_unresolved(values) and values == LISTED)


def test_what_is_known_is_left() -> None:
    assert literals((TEXT, "plain")) == ("plain",)
    assert literals(LISTED) == ()
