"""Deployed alarms: the event of AWS Health reaches the topic, and the configuration set publishes sends."""

import json
from collections.abc import Iterator

import aws_cdk as cdk
import pytest
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs

from local_aws.aws import ACCOUNT, REGION, LocalAws
from local_aws.waiting import wait_for
from ses_secure_user import LeakAlarm, SendsAlarm
from tests.cases.users import stack_of, user

STACK = "Watched"
EXPOSED = {"service": "RISK", "eventTypeCode": "AWS_RISK_CREDENTIALS_EXPOSED", "eventArn": "arn:aws:health:…"}
OURS = "tests.health"
"""The source of the test event. Only AWS may send events of ``aws.health``."""


@pytest.fixture(scope="module")
def outputs(aws: LocalAws) -> Iterator[dict[str, str]]:
    before, ses = aws.leftovers(), aws.client("sesv2")
    ses.create_configuration_set(ConfigurationSetName="counted")
    app = cdk.App(analytics_reporting=False)
    stack = stack_of(app, STACK)
    topic, queue = sns.Topic(stack, "Topic"), sqs.Queue(stack, "Queue")
    topic.add_subscription(subscriptions.SqsSubscription(queue, raw_message_delivery=True))
    LeakAlarm(stack, "Leak", topic=topic)
    mailer = user(stack, configuration_set="counted")
    SendsAlarm(stack, "Sends", user=mailer, per_hour=500, topic=topic)
    cdk.CfnOutput(stack, "QueueUrl", value=queue.queue_url)
    yield aws.deploy(app, region=REGION)
    aws.destroy(STACK, region=REGION)
    ses.delete_configuration_set(ConfigurationSetName="counted")
    assert aws.leftovers() == before


def test_a_leak_reported_by_health_reaches_the_topic(aws: LocalAws, outputs: dict[str, str]) -> None:
    events, queue = aws.client("events"), aws.client("sqs")
    (rule,) = (one for one in events.list_rules()["Rules"] if "AWS_RISK_" in one.get("EventPattern", ""))
    envelope = {"source": "aws.health", "account": ACCOUNT, "region": REGION, "id": "1", "time": "2026-01-01T00:00:00Z"}
    event = json.dumps(envelope | {"detail-type": "AWS Health Event", "resources": [], "detail": EXPOSED})
    assert events.test_event_pattern(EventPattern=rule["EventPattern"], Event=event)["Result"]
    events.put_rule(Name=rule["Name"], EventPattern=rule["EventPattern"].replace("aws.health", OURS))
    events.put_events(Entries=[{"Source": OURS, "DetailType": "AWS Health Event", "Detail": json.dumps(EXPOSED)}])
    (message,) = wait_for(
        lambda: queue.receive_message(QueueUrl=outputs["QueueUrl"], WaitTimeSeconds=1).get("Messages"), "the message"
    )
    assert f"AWS Health: AWS_RISK_CREDENTIALS_EXPOSED in account {ACCOUNT}" in message["Body"]
    assert "aws secretsmanager rotate-secret" in message["Body"]


def test_the_set_publishes_sends_by_user_and_the_alarm_exists(aws: LocalAws, outputs: dict[str, str]) -> None:
    assert outputs
    answer = aws.client("sesv2").get_configuration_set_event_destinations(ConfigurationSetName="counted")
    (destination,) = answer["EventDestinations"]
    (dimension,) = destination["CloudWatchDestination"]["DimensionConfigurations"]
    assert (destination["MatchingEventTypes"], dimension["DimensionName"]) == (["SEND"], "ses:caller-identity")
    alarms = aws.client("cloudwatch").describe_alarms(AlarmNamePrefix=f"{STACK}-")["MetricAlarms"]
    assert [(one["MetricName"], one["Namespace"]) for one in alarms] == [("Send", "AWS/SES")]
