"""The topic of an alarm: its region and its policy."""

import re
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_sns as sns

from ses_secure_user import CredentialIssuer, SecureSesSmtpUser, SendsAlarm
from tests.construct.users import resources, topic, user

ARN = "arn:aws:sns:us-east-1:111122223333:alarms"


def counted(stack: cdk.Stack) -> SecureSesSmtpUser:
    return user(stack, configuration_set="transactional")


def test_a_topic_with_its_own_policy_lets_every_alarm_publish(stack: cdk.Stack) -> None:
    """The default policy of a topic, which allows CloudWatch, is replaced by the first added statement."""
    told = topic(stack)
    CredentialIssuer.of(stack, alarm_topic=told)
    made = user(stack, configuration_set="transactional")

    SendsAlarm(stack, "Sends", user=made, per_hour=500, topic=told)

    (policy,) = resources(stack, "AWS::SNS::TopicPolicy")
    statements = [one for one in policy["PolicyDocument"]["Statement"] if one["Effect"] == "Allow"]
    assert [(one["Principal"], one["Action"], one["Resource"], one["Condition"]) for one in statements] == [
        (
            {"Service": "cloudwatch.amazonaws.com"},
            "sns:Publish",
            {"Ref": "TopicBFC7AF6E"},
            {"StringEquals": {"aws:SourceAccount": "111122223333"}},
        )
    ]
    assert [len(one["AlarmActions"]) for one in resources(stack, "AWS::CloudWatch::Alarm")] == [1, 1]


@pytest.mark.parametrize("given", [None, ARN])
def test_a_value_that_is_not_a_topic_is_refused(stack: cdk.Stack, given: Any) -> None:  # noqa: ANN401
    message = f"`topic` must be a construct of type sns.ITopic, got {given!r}; create or import one, and give it"

    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        SendsAlarm(stack, "Sends", user=counted(stack), per_hour=1, topic=given)


def test_a_topic_of_another_region_is_refused(stack: cdk.Stack) -> None:
    distant = sns.Topic.from_topic_arn(stack, "Distant", ARN)

    with pytest.raises(ValueError, match=r"^`topic` must be in eu-west-1, got us-east-1; "):
        SendsAlarm(stack, "Sends", user=counted(stack), per_hour=1, topic=distant)
