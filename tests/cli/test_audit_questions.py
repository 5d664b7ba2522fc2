"""The simulations of `audit`, and its findings if IAM's answers are not conclusive."""

from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any, ClassVar

import pytest

from ses_secure_user.cli.account.simulator import Answer, Send, Simulator
from ses_secure_user.cli.account.users import AccountUser, account_users
from ses_secure_user.cli.audit.audit import AuditedKey, audited_keys
from ses_secure_user.cli.audit.conditions import common, conditions_on_mail
from ses_secure_user.cli.audit.places import remainder
from ses_secure_user.cli.audit.questions import questions_of
from ses_secure_user.cli.audit.worth import MOST_QUESTIONS, TOO_MANY, Identity, Inquiry, Judgement
from ses_secure_user.cli.claims import Verdict

ARN = "arn:aws:ses:eu-west-1:111122223333:identity/example.com"
NOW = datetime(2026, 11, 25, tzinfo=UTC)
ALLOW = {"Effect": "Allow", "Action": "ses:SendRawEmail", "Resource": "*"}


class Denying(Simulator):
    """A simulator that denies everything, and reports two condition keys as missing unless it is given them."""

    asked: int

    def answer(self, send: Send) -> Answer:
        object.__setattr__(self, "asked", getattr(self, "asked", 0) + 1)
        told = {one["ContextKeyName"] for one in send.context}
        return Answer(allowed=False, missing=frozenset({"acme:Ticket", "aws:MultiFactorAuthPresent"} - told))


def judged(*statements: dict[str, Any], elsewhere: frozenset[str] = frozenset()) -> Judgement:
    conditions = conditions_on_mail([{"Statement": list(statements)}], ARN)
    questions = questions_of(conditions, "example.com", {}, NOW)
    return Inquiry(Denying(None, "arn", {}), Identity(ARN), questions).judge(set(elsewhere))  # type: ignore[arg-type]


def test_a_missing_key_that_no_policy_shows_is_a_doubt() -> None:
    """MFA is not a doubt, because an access key never has it."""
    judgement = judged(ALLOW)
    assert (judgement.worst, judgement.doubts) == (None, ("acme:Ticket",))


def test_a_key_of_statements_about_other_actions_is_no_doubt() -> None:
    assert judged(ALLOW, elsewhere=frozenset({"acme:ticket"})).doubts == ()


def test_a_key_that_was_simulated_is_no_doubt() -> None:
    """The mail is denied with the key and without it."""
    assert judged({**ALLOW, "Condition": {"StringEquals": {"acme:Ticket": "x"}}}).doubts == ()


def test_too_many_conditions_are_a_doubt() -> None:
    senders = [f"a{number}@example.com" for number in range(MOST_QUESTIONS // 2)]
    condition = {"StringEquals": {"ses:FromAddress": senders, "acme:Ticket": ["x", "y"]}}
    assert TOO_MANY in judged({**ALLOW, "Condition": condition}).doubts


def test_the_same_mail_is_simulated_once() -> None:
    simulator = Denying(None, "arn", {})  # type: ignore[arg-type]
    inquiry = Inquiry(simulator, Identity(ARN), questions_of([], "example.com", {}, NOW))
    inquiry.judge(set())
    before = simulator.asked
    inquiry.judge(set())
    assert before == simulator.asked == len(inquiry.answers)


def details(**user: Any) -> Any:  # noqa: ANN401 - a client
    class Iam:
        def get_paginator(self, _name: str) -> "Iam":
            return self

        def paginate(self, **_request: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - any filter
            return [{"UserDetailList": [{"UserName": "mailer", **user}], "GroupDetailList": [], "Policies": []}]

    return Iam()


@pytest.mark.parametrize(
    "user",
    [
        {"AttachedManagedPolicies": [{"PolicyArn": "arn:aws:iam::aws:policy/Mail"}]},
        {"PermissionsBoundary": {"PermissionsBoundaryArn": "arn:aws:iam::aws:policy/Mail"}},
    ],
    ids=["attached", "boundary"],
)
def test_a_policy_that_cannot_be_read_is_a_doubt(user: dict[str, Any]) -> None:
    (found,) = account_users(details(**user))
    key = AuditedKey(found, {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE"}, None, ())
    assert key.row.finding.verdict is Verdict.NOT_PROVED
    assert key.row.finding.evidence == (
        "not judged, because it depends on the policy Mail, which IAM does not return; at worst nothing"
    )


class Account:
    """One user with one key, and one identity. IAM denies everything, and reports a missing key that no policy
    names."""

    policy: ClassVar[dict[str, Any]] = {"Version": "2012-10-17", "Statement": ALLOW}
    meta = type("Meta", (), {"region_name": "eu-west-1"})

    def iam(self) -> Any:  # noqa: ANN401 - a client
        answer = {"EvalDecision": "implicitDeny", "MissingContextValues": ["acme:Ticket"], "EvalActionName": "x"}
        methods: dict[str, Any] = {
            "get_paginator": details(UserPolicyList=[{"PolicyDocument": self.policy}]).get_paginator,
            "list_access_keys": lambda **_: {"AccessKeyMetadata": [{"AccessKeyId": "AKIA4EE9", "Status": "Active"}]},
            "get_access_key_last_used": lambda **_: {"AccessKeyLastUsed": {"ServiceName": "N/A", "Region": "N/A"}},
            "simulate_principal_policy": lambda **_: {"EvaluationResults": [answer]},
        }
        return type("Iam", (), {name: staticmethod(method) for name, method in methods.items()})

    def ses(self, _region: str) -> "Account":
        return self

    def account(self) -> str:
        return "111122223333"

    def partition(self, _region: str) -> str:
        return "aws"

    def list_email_identities(self) -> dict[str, Any]:
        return {"EmailIdentities": [{"IdentityName": "example.com", "SendingEnabled": True}]}

    def get_email_identity(self, **_request: Any) -> dict[str, Any]:  # noqa: ANN401 - any identity
        return {}


def test_a_key_that_cannot_be_judged_is_listed() -> None:
    """It is listed although every simulated mail was denied."""
    account: Any = Account()
    (key,) = audited_keys(account, ["eu-west-1"], NOW, lambda _: None)
    assert key.row.finding.evidence == "not judged, because it depends on acme:Ticket; at worst nothing"
    assert key.last_used is None


def test_a_user_has_the_condition_keys_of_its_requests() -> None:
    detail: Any = {
        "UserName": "mailer",
        "UserId": "AIDAEXAMPLE",
        "Arn": "arn:aws:iam::111122223333:user/mailer",
        "Tags": [{"Key": "team", "Value": "mail"}, {"Key": "empty", "Value": ""}],
    }
    told = {name: values for name, (_, values) in AccountUser(detail, (), None).facts.items()}
    assert told == {
        "aws:username": ("mailer",),
        "aws:userid": ("AIDAEXAMPLE",),
        "aws:PrincipalArn": ("arn:aws:iam::111122223333:user/mailer",),
        "aws:PrincipalAccount": ("111122223333",),
        "aws:PrincipalType": ("User",),
        "aws:PrincipalTag/team": ("mail",),
        "aws:PrincipalIsAWSService": ("false",),
        "aws:ViaAWSService": ("false",),
    }


@pytest.mark.parametrize(
    ("pattern", "other", "found"),
    [
        ("*noreply*", "?*@example.com", "noreply@example.com"),
        ("noreply@*", "?*@example.com", "noreply@example.com"),
        ("NoReply@Ex*", "?*@example.com", "NoReply@Example.com"),
        ("*", "?*@example.com", "x@example.com"),
        ("a*b*c@example.com", "?*@example.com", "abc@example.com"),
        ("??@example.com", "?*@example.com", "xx@example.com"),
        ("*@*.net", "?*@example.com", None),
        ("a@example.com", "?*@?*.example.com", None),
        ("*" * 3000 + "@example.com", "?*@example.com", "x@example.com"),
        ("a" * 3000 + "*", "?*@example.com", None),
    ],
)
def test_a_text_that_matches_two_patterns(pattern: str, other: str, found: str | None) -> None:
    assert common(pattern, other) == found


@pytest.mark.parametrize(
    ("text", "without", "address", "size"),
    [
        ("203.0.113.0/24", [], "203.0.113.0", 256),
        ("203.0.113.0/24", ["203.0.113.0/25"], "203.0.113.128", 128),
        ("203.0.113.0/24", ["203.0.113.0/25", "203.0.113.64/26"], "203.0.113.128", 128),
        ("203.0.113.0/24", ["203.0.113.64/26", "203.0.113.255/32"], "203.0.113.0", 191),
        ("203.0.113.0/24", ["203.0.113.0/25", "203.0.113.128/25"], None, 0),
        ("2001:db8::/32", ["2001:db8::/33"], "2001:db8:8000::", 2**95),
    ],
)
def test_the_remainder_of_a_network(text: str, without: list[str], address: str | None, size: int) -> None:
    assert remainder(ip_network(text), map(ip_network, without)) == (address, size)


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ({"NumericLessThan": {"acme:X": "5"}}, {("numeric", "4"), ("numeric", "5"), ("numeric", "6")}),
        ({"NumericLessThan": {"acme:X": "much"}}, set()),
        ({"Bool": {"acme:X": "true"}}, {("boolean", "true"), ("boolean", "false")}),
        ({"IpAddress": {"acme:X": "10.1.0.0/16"}}, {("ip", "192.0.2.1"), ("ip", "10.1.0.0")}),
        ({"ForAnyValue:StringLike": {"acme:X": "a*"}}, {("stringList", "anything"), ("stringList", "a")}),
        ({"StringEqualsIfExists": {"acme:X": "a*"}}, {("string", "anything"), ("string", "a*")}),
        ({"BinaryEquals": {"acme:X": "QQ=="}}, {("binary", "QQ==")}),
        (
            {"DateLessThan": {"acme:X": "2027-01-01"}},
            {("date", f"{day}Z") for day in ("2026-12-31T23:59:59", "2027-01-01T00:00:00", "2027-01-01T00:00:01")},
        ),
        ({"DateLessThan": {"acme:X": "soon"}}, set()),
    ],
)
def test_an_unknown_key_is_simulated_around_each_border(condition: dict[str, Any], told: set[tuple[str, str]]) -> None:
    """It is simulated with the values next to each border of a condition, and without a value."""
    conditions = conditions_on_mail([{"Statement": {**ALLOW, "Condition": condition}}], ARN)
    nothing, *values = questions_of(conditions, "example.com", {}, NOW).unknown["acme:X"]
    assert nothing == {}
    assert {(kind, value) for one in values for kind, (value,) in one.values()} == told


@pytest.mark.parametrize(
    ("operator", "kind"), [("NumericLessThan", "numeric"), ("DateLessThan", "date"), ("StringEquals", "date")]
)
def test_seconds_have_the_type_that_the_policy_compares(operator: str, kind: str) -> None:
    conditions = conditions_on_mail([{"Statement": {**ALLOW, "Condition": {operator: {"aws:EpochTime": "0"}}}}], ARN)
    (now,) = questions_of(conditions, "example.com", {}, NOW).moments
    assert now.keys == {
        "aws:CurrentTime": ("date", ("2026-11-25T00:00:00Z",)),
        "aws:EpochTime": (kind, (str(int(NOW.timestamp())),)),
    }
