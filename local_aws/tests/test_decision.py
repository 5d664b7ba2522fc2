"""Our own judgement of certain requests, where `iam-simulate` is lenient, and what it refuses to judge."""

from typing import Any

import pytest

from local_aws.iam.decision import ALLOWED, EXPLICIT_DENY, IMPLICIT_DENY, Document
from local_aws.iam.evaluator import judged

USER = "arn:aws:iam::111122223333:user/mailer"
IDENTITY = "arn:aws:ses:eu-west-1:111122223333:identity/example.com"


def decided(condition: dict[str, Any], **context: str | list[str]) -> str:
    statement = {"Effect": "Allow", "Action": "ses:SendRawEmail", "Resource": IDENTITY, "Condition": condition}
    keys = {name.replace("_", ":"): value for name, value in context.items()}
    return decided_by([{"Statement": statement}], context=keys)


def decided_by(attached: list[Document], **others: Any) -> str:  # noqa: ANN401 - any part of a request
    nothing_else: dict[str, Any] = {"context": {}, "boundary": None, "resourcePolicy": None}
    asked = {"principal": USER, "action": "ses:SendRawEmail", "resource": IDENTITY, "account": "111122223333"}
    return judged({**asked, "attached": attached, **nothing_else, **others})


NAMED, RECIPIENTS = {"ses:FromAddress": "noreply@example.com"}, {"ses:Recipients": "*@example.net"}
LENIENT: list[tuple[str, dict[str, str], dict[str, Any], bool]] = [
    ("IpAddress", {"aws:SourceIp": "203.0.113.7"}, {"aws_SourceIp": "2001:db8::1"}, False),
    ("NotIpAddress", {"aws:SourceIp": "203.0.113.7"}, {"aws_SourceIp": "2001:db8::1"}, True),
    ("ForAllValues:StringLike", RECIPIENTS, {"ses_Recipients": []}, True),
    ("ForAnyValue:StringLike", RECIPIENTS, {"ses_Recipients": []}, False),
    ("StringEquals", NAMED, {}, False),
    ("StringNotEquals", NAMED, {}, True),
    ("StringEqualsIfExists", NAMED, {}, True),
    ("StringNotEqualsIfExists", NAMED, {}, True),
    ("ForAllValues:StringEquals", NAMED, {}, True),
    ("ForAnyValue:StringEquals", NAMED, {}, False),
    ("ForAnyValue:StringNotEquals", NAMED, {}, False),
]
"""An IPv6 address against an IPv4 network, no recipients, and keys that are missing."""


@pytest.mark.parametrize(("operator", "keys", "context", "allowed"), LENIENT)
def test_a_condition(operator: str, keys: dict[str, str], context: dict[str, Any], allowed: bool) -> None:  # noqa: FBT001
    assert decided({operator: keys}, **context) == (ALLOWED if allowed else IMPLICIT_DENY)


def test_a_denial_wins_over_all_grants() -> None:
    everything = {"Effect": "Allow", "Principal": {"AWS": USER}, "Action": "*", "Resource": "*"}
    deny = {"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}
    allow = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    around = {"boundary": {"Statement": [deny]}, "resourcePolicy": {"Statement": everything}}
    assert decided_by([allow], **around) == EXPLICIT_DENY


def test_a_grant_to_the_users_arn_passes_a_silent_boundary() -> None:
    grant = {"Effect": "Allow", "Principal": {"AWS": USER}, "Action": "ses:*", "Resource": "*"}
    silent = {"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}
    assert decided_by([], boundary=silent, resourcePolicy={"Statement": grant}) == ALLOWED


@pytest.mark.parametrize(
    "condition",
    [{"StringEquals": {"ses:FromAddress": "${aws:username, 'a'}"}}, {"StringEquals": {"ses:Recipients": "a"}}],
)
def test_what_it_does_not_know_it_does_not_judge(condition: dict[str, Any]) -> None:
    with pytest.raises(NotImplementedError):
        decided(condition, ses_FromAddress="a", ses_Recipients=["a", "b"])


@pytest.mark.parametrize(
    ("operator", "named", "told", "holds"),
    [
        ("StringEquals", "${aws:username}@example.com", "mailer@example.com", True),
        ("StringEquals", "${aws:userid}@example.com", "mailer@example.com", False),
        ("StringNotLike", "${aws:userid}*", "mailer@example.com", True),
        ("NumericLessThan", "10", "9", True),
        ("NumericGreaterThanEquals", "10", "9", False),
        ("DateLessThan", "2030-01-01", "1700000000", True),
        ("DateGreaterThan", "1900000000", "2026-01-01T00:00:00Z", False),
        ("ArnLike", "arn:aws:iam::*:user/m*", USER, True),
    ],
)
def test_variables_numbers_dates_and_arns(operator: str, named: str, told: str, holds: bool) -> None:  # noqa: FBT001
    decision = decided({operator: {"ses:ApiVersion": named}}, ses_ApiVersion=told, aws_username="mailer")
    assert decision == (ALLOWED if holds else IMPLICIT_DENY)
