"""How a wrong property is refused."""

import pytest

from ses_secure_user.cdk.refusal import refusal


@pytest.mark.parametrize(
    ("got", "shown"), [("a b", "a b"), ("", "''"), (" ", "' '"), ("a\nb", r"'a\nb'"), (None, "None"), ([], "[]")]
)
def test_a_value_is_shown_so_that_it_can_be_seen(got: object, shown: str) -> None:
    assert str(refusal("name", "be a word", got, "write one")) == f"`name` must be a word, got {shown}; write one"
