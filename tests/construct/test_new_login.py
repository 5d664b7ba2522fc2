"""The EventBridge rule for a new login: its pattern, its target and its stack."""

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Template
from moto.events.models import EventPattern

from tests.construct.users import HERE, resources, user

ARN = "arn:aws:secretsmanager:us-west-2:012345678901:secret:mySecret-a1b2c3"
EVENT: dict[str, Any] = {
    "version": "0",
    "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
    "detail-type": "Secret Label Updated",
    "source": "aws.secretsmanager",
    "account": "012345678901",
    "time": "2024-02-06T16:43:48Z",
    "region": "us-west-2",
    "resources": [ARN],
    "detail": {
        "name": "mySecret",
        "labelUpdated": "AWSCURRENT",
        "versionId": "a1b2c3d4-5678-90ab-cdef-EXAMPLE11111",
    },
}
"""The sample event of the AWS documentation."""


def queue(stack: cdk.Stack) -> targets.SqsQueue:
    return targets.SqsQueue(sqs.Queue(stack, "Queue"))


def rule(stack: cdk.Stack) -> dict[str, Any]:
    (made,) = resources(stack, "AWS::Events::Rule")
    return made


def matches(stack: cdk.Stack, event: dict[str, Any]) -> bool:
    """Return whether the rule matches an event, with the sample's ARN instead of the secret's."""
    (credential,) = Template.from_stack(stack).find_resources("Custom::SesSmtpCredential")
    pattern = rule(stack)["EventPattern"]
    assert pattern["resources"] == [{"Fn::GetAtt": [credential, "SecretArn"]}]
    pattern |= {"resources": [ARN]}
    return bool(EventPattern(json.dumps(pattern), pattern).matches_event(event))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, True),
        ({"detail": EVENT["detail"] | {"labelUpdated": "AWSPREVIOUS"}}, False),
        ({"detail": EVENT["detail"] | {"labelUpdated": "MINE"}}, False),
        ({"resources": [f"{ARN}-other"]}, False),
        ({"detail-type": "AWS API Call via CloudTrail"}, False),
        ({"source": "aws.ssm"}, False),
    ],
    ids=["AWS's sample", "another label", "a custom label", "another secret", "a call", "another service"],
)
def test_only_a_new_login_of_this_secret_matches(stack: cdk.Stack, changed: dict[str, Any], *, expected: bool) -> None:
    user(stack).on_new_login("Restart", target=queue(stack))
    assert matches(stack, EVENT | changed) is expected


def test_the_rule_starts_its_target(stack: cdk.Stack) -> None:
    made = user(stack)
    found = made.on_new_login("Restart", target=queue(stack), description="Restarts it", rule_name="restart")
    found.add_target(targets.SqsQueue(sqs.Queue(stack, "Second")))

    assert (rule(stack)["State"], rule(stack)["Name"], rule(stack)["Description"]) == (
        "ENABLED",
        "restart",
        "Restarts it",
    )
    queues = Template.from_stack(stack).find_resources("AWS::SQS::Queue")
    assert [one["Arn"]["Fn::GetAtt"][0] for one in rule(stack)["Targets"]] == list(queues)
    assert found.node.path == "Stack/Mailer/Restart"


def test_a_target_can_be_added_later(stack: cdk.Stack) -> None:
    user(stack).on_new_login("Restart")
    assert "Targets" not in rule(stack)
    assert matches(stack, EVENT)


def test_a_further_pattern_restricts_it(stack: cdk.Stack) -> None:
    """It restricts the version, which an application can prefix."""
    further = events.EventPattern(detail={"versionId": [{"prefix": "a1b2"}]})
    user(stack).on_new_login("Restart", event_pattern=further)

    assert matches(stack, EVENT)
    assert not matches(stack, EVENT | {"detail": EVENT["detail"] | {"versionId": "b1b2"}})


def test_the_rule_can_be_in_the_stack_of_the_target(app: cdk.App, stack: cdk.Stack) -> None:
    """Then the stack of the user does not depend on it."""
    other = cdk.Stack(app, "Application", env=HERE)
    user(stack).on_new_login("Restart", target=queue(other), cross_stack_scope=other)
    app.synth()

    assert resources(stack, "AWS::Events::Rule") == []
    assert "Fn::ImportValue" in json.dumps(rule(other)["EventPattern"]["resources"])
    assert [one.stack_name for one in other.dependencies] == ["Stack"]


def test_one_login_can_have_several_rules(stack: cdk.Stack) -> None:
    made = user(stack)
    for name in ("Restart", "Tell"):
        made.on_new_login(name)
    assert len(resources(stack, "AWS::Events::Rule")) == 2


@pytest.mark.parametrize("given", ["arn:aws:lambda:eu-west-1:111122223333:function:f", "restart", 5])
def test_a_value_that_is_not_a_target_is_refused(stack: cdk.Stack, given: object) -> None:
    made = user(stack)

    with pytest.raises(ValueError, match="`target`") as refusal:
        made.on_new_login("Restart", target=given)  # type: ignore[arg-type]

    assert str(refusal.value) == (
        f"`target` must be a construct of type events.IRuleTarget, got {given!r}; write one of"
        " aws_cdk.aws_events_targets, such as targets.LambdaFunction(function)"
    )
    assert made.node.try_find_child("Restart") is None


def test_a_function_is_not_a_target(stack: cdk.Stack) -> None:
    function = lambda_.Function.from_function_name(stack, "Function", "restart")
    with pytest.raises(ValueError, match=r"targets\.LambdaFunction"):
        user(stack).on_new_login("Restart", target=function)  # type: ignore[arg-type]
