"""Requests to the IAM policy simulator, and the reading of its response."""

import json
from dataclasses import replace
from typing import Any

import pytest

from ses_secure_user.cli.account.simulator import EVERYTHING, Send, Simulator

USER = "arn:aws:iam::111122223333:user/mailer"
IDENTITY = "arn:aws:ses:eu-west-1:111122223333:identity/example.com"
SET = "arn:aws:ses:eu-west-1:111122223333:configuration-set/watched"
MAIL = Send(
    resources=(IDENTITY,),
    told={
        "from_address": ("a@example.com",),
        "feedback_address": ("d@example.com",),
        "allowed_recipients": ("b@example.net", "c@example.net"),
        "allowed_cidrs": ("203.0.113.7",),
    },
)


class Iam:
    """A client that gives every simulation the same result and records the requests."""

    def __init__(self, of_resource: dict[str, str], above: str = "allowed") -> None:
        self.requests: list[dict[str, Any]] = []
        self._of_resource, self._above = of_resource, above

    def simulate_principal_policy(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401 - any simulation
        self.requests.append(request)
        results = [
            {"EvalResourceName": arn, "EvalResourceDecision": decision} for arn, decision in self._of_resource.items()
        ]
        result = {"EvalActionName": "x", "EvalDecision": self._above, "ResourceSpecificResults": results}
        return {"EvaluationResults": [result]}


def simulator(iam: Any, policies: dict[str, Any] | None = None) -> Simulator:  # noqa: ANN401 - a client
    return Simulator(iam, USER, policies or {})


@pytest.mark.parametrize(
    ("above", "of_resource", "allowed"),
    [("allowed", "implicitDeny", False), ("implicitDeny", "allowed", True), ("allowed", "explicitDeny", False)],
)
def test_the_decision_about_the_resource_counts(
    above: str,
    of_resource: str,
    allowed: bool,  # noqa: FBT001
) -> None:
    assert simulator(Iam({IDENTITY: of_resource}, above)).allows(MAIL) is allowed


def test_every_resource_must_be_allowed() -> None:
    iam = Iam({IDENTITY: "allowed", SET: "implicitDeny"})
    assert not simulator(iam).allows(replace(MAIL, resources=(IDENTITY, SET)))


def test_a_mail_has_all_the_condition_keys_that_ses_sets() -> None:
    iam = Iam({IDENTITY: "allowed"})
    simulator(iam).allows(MAIL)
    (request,) = iam.requests
    told = {
        one["ContextKeyName"]: (one["ContextKeyType"], one["ContextKeyValues"]) for one in request["ContextEntries"]
    }
    assert told == {
        "aws:SecureTransport": ("boolean", ["true"]),
        "aws:RequestedRegion": ("string", ["eu-west-1"]),
        "ses:FromAddress": ("string", ["a@example.com"]),
        "ses:FeedbackAddress": ("string", ["d@example.com"]),
        "ses:Recipients": ("stringList", ["b@example.net", "c@example.net"]),
        "aws:SourceIp": ("ip", ["203.0.113.7"]),
    }
    assert request.keys() == {"PolicySourceArn", "ActionNames", "ResourceArns", "ContextEntries"}


def test_the_policies_of_an_identity_are_passed_as_one() -> None:
    one = {"Version": "2012-10-17", "Statement": {"Sid": "a", "Effect": "Allow"}}
    two = {"Version": "2012-10-17", "Statement": [{"Sid": "a", "Effect": "Deny"}]}
    iam = Iam({IDENTITY: "allowed"})
    simulator(iam, {IDENTITY: [one, two]}).allows(MAIL)
    assert json.loads(iam.requests[0]["ResourcePolicy"])["Statement"] == [{"Effect": "Allow"}, {"Effect": "Deny"}]


def test_user_and_identity_both_grant_everything() -> None:
    iam = Iam({IDENTITY: "allowed"})
    simulator(iam).allows(MAIL, granted=True)
    (request,) = iam.requests
    assert [json.loads(one) for one in request["PolicyInputList"]] == [EVERYTHING]
    (grant,) = json.loads(request["ResourcePolicy"])["Statement"]
    assert (grant["Principal"], grant["Resource"]) == ({"AWS": USER}, IDENTITY)


def test_missing_keys_are_read_from_the_response() -> None:
    """IAM reports them for the resource and for the whole request."""

    class Missing(Iam):
        def simulate_principal_policy(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401 - any simulation
            answer = super().simulate_principal_policy(**request)
            (result,) = answer["EvaluationResults"]
            result["MissingContextValues"] = ["a:b"]
            result["ResourceSpecificResults"][0]["MissingContextValues"] = ["c:d"]
            return answer

    answer = simulator(Missing({IDENTITY: "implicitDeny"})).answer(MAIL)
    assert not answer.allowed
    assert answer.missing == {"a:b", "c:d"}
