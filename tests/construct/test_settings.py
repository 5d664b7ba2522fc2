"""The settings of a login: the fields of its secret."""

from typing import Any

import aws_cdk as cdk
import pytest

from ses_secure_user.functions.issuer.contract import NAMED_FIELDS, Declaration
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
            "`secret_fields` must rename known fields, got user; write one of username, password, host, port, region, iam_user, url, port_text",
        ),
        (
            {"secret_fields": {"username": "password"}},
            "`secret_fields` must give each field a name of its own, got password twice; rename one of them",
        ),
        (
            {"secret_fields": {"username": "SMTP USER"}},
            "`secret_fields` must name fields with letters, digits and _.-, got SMTP USER; write one such as SMTP_USERNAME",
        ),
        (
            {"secret_fields": {"username": ""}},
            "`secret_fields` must name fields with letters, digits and _.-, got ''; write one such as SMTP_USERNAME",
        ),
        (
            {"secret_fields": {"port": "SMTP_PORT", "port_text": "SMTP_PORT"}},
            "`secret_fields` must give each field a name of its own, got SMTP_PORT twice; rename one of them",
        ),
        (
            {"secret_fields": {"url": "X" * 253}},
            "`secret_fields` must fit into the 256 characters of a tag, each as url=NAME with a blank between, got 257 characters; shorten the names, or leave some out",
        ),
        (
            {"secret_fields": {"username": "X" * 120, "password": "Y" * 118}},
            "`secret_fields` must fit into the 256 characters of a tag, each as password=NAME with a blank between, got 257 characters; shorten the names, or leave some out",
        ),
    ],
)
def test_a_wrong_setting_is_refused(stack: cdk.Stack, changed: dict[str, Any], message: str) -> None:
    assert refused(stack, **changed) == message


@pytest.mark.parametrize(
    "names",
    [
        {"url": "X" * 252},
        {"username": "X" * 120, "password": "Y" * 117},
        {"username": "SPRING_MAIL_USERNAME", "password": "SPRING_MAIL_PROPERTIES_MAIL_SMTP_PASSWORD"},
        {"port_text": "port_text"},
        {field: f"{number}{'X' * 22}" for number, field in enumerate(NAMED_FIELDS)},
    ],
    ids=["one", "two", "of a framework", "the port's text by its own name", "all"],
)
def test_names_that_fit_into_one_tag_are_accepted(stack: cdk.Stack, names: dict[str, str]) -> None:
    user(stack, secret_fields=names)

    (tagged,) = resources(stack, "AWS::IAM::User")
    (value,) = (one["Value"] for one in tagged["Tags"] if one["Key"] == "ses-secure-user:fields")
    assert len(value) <= 256
    declared = Declaration("arn", "eu-west-1", "email-smtp.eu-west-1.amazonaws.com", "465", value)
    assert declared.fault == ""
    assert dict(word.split("=") for word in value.split()) == names


def test_the_port_can_be_added_as_text() -> None:
    """The number keeps its name."""
    declared = Declaration("arn", "eu-west-1", "host", "587", "port=MAIL_PORT port_text=SMTP_PORT url=MAIL_URL")
    value = declared.value("mailer", "AKIA", "password")

    assert {name: value[name] for name in ("port", "MAIL_PORT", "SMTP_PORT")} == {
        "port": 587,
        "MAIL_PORT": 587,
        "SMTP_PORT": "587",
    }
    assert value["MAIL_URL"] == value["url"]
    assert "port_text" not in value
    assert declared.fits(value)
    assert not declared.fits(value | {"SMTP_PORT": 587})
