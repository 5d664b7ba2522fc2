"""Validation of an alarm's SNS topic, and the permission for CloudWatch to publish to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from aws_cdk import Stack
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam

from ses_secure_user.cdk.refusal import check_construct, refusal
from ses_secure_user.cdk.tokens import is_token, place_of

if TYPE_CHECKING:
    from aws_cdk import aws_cloudwatch as cloudwatch
    from aws_cdk import aws_sns as sns


def check_topic(topic: object, region: str) -> None:
    """Check that `topic` is a topic that an alarm in this region can notify.

    Args:
        topic: The value of the property.
        region: The region of the alarm or rule.

    Raises:
        ValueError: It is None, an ARN, a name, or a topic in another region.
    """
    check_construct("topic", topic, "sns.ITopic", "topic_arn", is_required=True)
    theirs = cast("sns.ITopic", topic).env.region
    if theirs != region and not is_token(theirs) and not is_token(region):
        raise refusal(
            "topic", f"be in {region}", theirs, "an alarm cannot notify a topic in another region: create a topic there"
        )


def notify(topic: sns.ITopic, alarm: cloudwatch.Alarm) -> None:
    """Add a topic to an alarm, and let CloudWatch publish to it.

    The default policy of a topic lets the services of its account publish. Any added statement, such as that of
    ``enforce_ssl``, replaces the default. The policy of an imported topic is not changed
    (https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html).
    """
    topic.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
            actions=["sns:Publish"],
            resources=[topic.topic_arn],
            conditions={"StringEquals": {"aws:SourceAccount": place_of(Stack.of(alarm)).account}},
        )
    )
    alarm.add_alarm_action(actions.SnsAction(topic))
