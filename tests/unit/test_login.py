"""The login's settings: the test of it, and the fields of its secret."""

from typing import Any

import aws_cdk as cdk
import pytest

from tests.unit.users import refused


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"verify_login": "no"}, "`verify_login` must be a bool, got 'no'; write True or False"),
        (
            {"secret_fields": ["SMTP_USERNAME"]},
            '`secret_fields` must be a dict, got [\'SMTP_USERNAME\']; write one such as {"username": "SMTP_USERNAME"}',
        ),
        (
            {"secret_fields": {"user": "SMTP_USERNAME"}},
            "`secret_fields` must rename known fields, got user; write one of username, password, host, port, from_address, region, iam_user",
        ),
        (
            {"secret_fields": {"username": "password"}},
            "`secret_fields` must give each field a name of its own, got password twice; rename one of them",
        ),
        (
            {"secret_fields": {"username": "SMTP USER"}},
            "`secret_fields` must name fields with 1 to 27 letters, digits and _.-, got SMTP USER; write one such as SMTP_USERNAME",
        ),
        (
            {"from_address": ["o'hara@example.com", "noreply@example.com"]},
            "`from_address` must begin with an address of at most 256 letters, digits and + - = . _ : / @, since a tag of the secret holds it, got o'hara@example.com; write another one first",
        ),
    ],
)
def test_a_wrong_setting_is_refused(stack: cdk.Stack, changed: dict[str, Any], message: str) -> None:
    assert refused(stack, **changed) == message
