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
    """Check that a `topic` was given, and that what is in this region can notify it.

    Args:
        topic: What was given.
        region: The region of the alarm or rule.

    Raises:
        ValueError: It is none, its ARN or name alone, or in another region.
    """
    check_construct("topic", topic, "sns.ITopic", "topic_arn", is_required=True)
    theirs = cast("sns.ITopic", topic).env.region
    if theirs != region and not is_token(theirs) and not is_token(region):
        raise refusal(
            "topic", f"be in {region}", theirs, "an alarm notifies no topic of another region: make one there"
        )


def notify(topic: sns.ITopic, alarm: cloudwatch.Alarm) -> None:
    """Have an alarm notify a topic, and allow it to.

    A topic without a policy lets every service of its account publish; the first statement that anything adds, such as
    ``enforce_ssl``, ends that. An imported topic has its policy from elsewhere
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
