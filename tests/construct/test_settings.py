"""The login's settings: the fields of its secret."""

from typing import Any

import aws_cdk as cdk
import pytest

from ses_secure_user.functions.issuer.contract import SECRET_FIELDS
from tests.construct.users import refused, resources, user


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"secret_fields": ""},
            '`secret_fields` must be a dict, got \'\'; write one such as {"username": "SMTP_USERNAME"}',
        ),
        (
            {"secret_fields": ["SMTP_USERNAME"]},
            '`secret_fields` must be a dict, got [\'SMTP_USERNAME\']; write one such as {"username": "SMTP_USERNAME"}',
        ),
        (
            {"secret_fields": {"user": "SMTP_USERNAME"}},
            "`secret_fields` must rename known fields, got user; write one of username, password, host, port, region, iam_user, url",
        ),
        (
            {"secret_fields": {"username": "password"}},
            "`secret_fields` must give each field a name of its own, got password twice; rename one of them",
        ),
        (
            {"secret_fields": {"username": "SMTP USER"}},
            "`secret_fields` must name fields with 1 to 27 letters, digits and _.-, got SMTP USER; write one such as SMTP_USERNAME",
        ),
    ],
)
def test_a_wrong_setting_is_refused(stack: cdk.Stack, changed: dict[str, Any], message: str) -> None:
    assert refused(stack, **changed) == message


def test_all_further_names_fit_into_one_tag(stack: cdk.Stack) -> None:
    """Of 256 characters."""
    user(stack, secret_fields={field: f"{number}{'X' * 26}" for number, field in enumerate(SECRET_FIELDS)})

    (tagged,) = resources(stack, "AWS::IAM::User")
    assert max(len(one["Value"]) for one in tagged["Tags"] if isinstance(one["Value"], str)) <= 256
