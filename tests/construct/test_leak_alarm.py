"""`LeakAlarm`: the events that match, the regions, and the message to the topic."""

import json
import re
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Template
from moto.events.models import EventPattern

from ses_secure_user import LeakAlarm
from tests.construct.users import VIRGINIA, resources, topic

KEY_ID = "AKIAIOSFODNN7EXAMPLE"
EXPOSED: dict[str, Any] = {
    "version": "0",
    "id": "121345678-1234-1234-1234-123456789012",
    "detail-type": "AWS Health Event",
    "source": "aws.health",
    "account": "123456789012",
    "time": "2016-06-05T06:27:57Z",
    "region": "us-east-1",
    "resources": [],
    "detail": {
        "eventArn": "arn:aws:health:us-east-1::event/AWS_RISK_CREDENTIALS_EXPOSED_XXXXXXXXXXXXXXXXX",
        "service": "RISK",
        "eventTypeCode": "AWS_RISK_CREDENTIALS_EXPOSED",
        "eventTypeCategory": "issue",
        "startTime": "Sat, 05 Jun 2016 15:10:09 GMT",
        "eventDescription": [{"language": "en_US", "latestDescription": "A description"}],
        "affectedEntities": [{"entityValue": KEY_ID}],
    },
}
"""The sample event of the AWS documentation, with its sample key id."""


def rule(stack: cdk.Stack) -> dict[str, Any]:
    (made,) = resources(stack, "AWS::Events::Rule")
    return made


def told(rule: dict[str, Any], event: dict[str, Any]) -> str:
    """Return the message for an event, as EventBridge fills in the rule's template."""
    (target,) = rule["Targets"]
    transformer = target["InputTransformer"]
    text = "\n".join(json.loads(line) for line in transformer["InputTemplate"].splitlines())
    for name, path in transformer["InputPathsMap"].items():
        value: Any = event
        for step in re.findall(r"[\w-]+", path):
            value = value[int(step) if isinstance(value, list) else step]
        text = text.replace(f"<{name}>", value)
    return text


@pytest.fixture
def alarm(app: cdk.App) -> cdk.Stack:
    stack = cdk.Stack(app, "Leaks", env=VIRGINIA)
    LeakAlarm(stack, "Leak", topic=topic(stack))
    return stack


def test_a_leak_reaches_the_topic_without_a_function(alarm: cdk.Stack) -> None:
    template = Template.from_stack(alarm)
    assert [one["Type"] for one in template.to_json()["Resources"].values()] == [
        "AWS::SNS::Topic",
        "AWS::SNS::TopicPolicy",
        "AWS::Events::Rule",
    ]
    assert rule(alarm)["Targets"][0]["Arn"] == {"Ref": "TopicBFC7AF6E"}
    (policy,) = resources(alarm, "AWS::SNS::TopicPolicy")
    assert '"Action": "sns:Publish", "Effect": "Allow", "Principal": {"Service": "events' in json.dumps(policy)


@pytest.mark.parametrize(
    ("changed", "matches"),
    [
        ({}, True),
        ({"eventTypeCode": "AWS_RISK_CREDENTIALS_EXPOSURE_SUSPECTED"}, True),
        ({"eventTypeCode": "AWS_RISK_IAM_QUARANTINE"}, True),
        ({"service": "EC2", "eventTypeCode": "AWS_EC2_OPERATIONAL_ISSUE"}, False),
        ({"eventTypeCode": "AWS_ABUSE_DOS_REPORT"}, False),
    ],
)
def test_it_matches_only_health_events_about_keys(changed: dict[str, Any], *, matches: bool, alarm: cdk.Stack) -> None:
    event = EXPOSED | {"detail": EXPOSED["detail"] | changed}
    pattern = rule(alarm)["EventPattern"]
    assert EventPattern(json.dumps(pattern), pattern).matches_event(event) is matches  # type: ignore[arg-type]


def test_the_message_names_the_key_and_the_steps(alarm: cdk.Stack) -> None:
    message = told(rule(alarm), EXPOSED)

    assert message.startswith("AWS Health: AWS_RISK_CREDENTIALS_EXPOSED in account 123456789012, at 2016-06-05T06:27:")
    assert f" Access key: {KEY_ID}\n" in message
    assert f"aws iam get-access-key-last-used --access-key-id {KEY_ID}" in message
    assert message.count("aws secretsmanager rotate-secret") == 1
    assert "rotate the secret again" in message
    assert re.search(r"<[\w-]+>", message) is None


@pytest.mark.parametrize("region", ["us-east-1", "us-west-2", "us-gov-west-1"])
def test_it_is_allowed_where_health_reports_keys(region: str, app: cdk.App) -> None:
    stack = cdk.Stack(app, "There", env=cdk.Environment(account="111122223333", region=region))
    LeakAlarm(stack, "Leak", topic=topic(stack))
    assert rule(stack)["State"] == "ENABLED"


def test_another_region_is_refused(stack: cdk.Stack) -> None:
    message = (
        "`LeakAlarm` must be in us-east-1, where AWS Health reports keys, got eu-west-1; "
        "create a stack there, in GovCloud in us-gov-west-1"
    )

    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        LeakAlarm(stack, "Leak", topic=topic(stack))


def test_a_topic_in_another_region_is_refused_first(app: cdk.App) -> None:
    there = cdk.Stack(app, "There", env=VIRGINIA)
    distant = sns.Topic.from_topic_arn(there, "Distant", "arn:aws:sns:eu-west-1:111122223333:alarms")

    with pytest.raises(ValueError, match=r"^`topic` must be in us-east-1, got eu-west-1; "):
        LeakAlarm(there, "Leak", topic=distant)

    assert there.node.try_find_child("Leak") is None
