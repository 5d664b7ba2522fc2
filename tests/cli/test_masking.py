"""Masking of account ids and key ids in evidence."""

import pytest

from ses_secure_user.cli.masking import key_name, masked


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("User `arn:aws:iam::111122223333:user/x'", "User `arn:aws:iam::************:user/x'"),
        ("key AKIAIOSFODNN7EXAMPLE is gone", "key …MPLE is gone"),
        ("ASIAIOSFODNN7EXAMPLE", "…MPLE"),
        ("two\r\nlines\tand \x1b[31mred", r"two lines and \x1b[31mred"),
        ("250 Ok 0102018f1234567890123456-000000", "250 Ok 0102018f1234567890123456-000000"),
        ("vpce-0123456789abcdef0", "vpce-0123456789abcdef0"),
    ],
)
def test_accounts_and_keys_are_masked_on_one_line(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_the_name_of_a_key_is_its_end() -> None:
    assert key_name("AKIAIOSFODNN7EXAMPLE") == "…MPLE"
