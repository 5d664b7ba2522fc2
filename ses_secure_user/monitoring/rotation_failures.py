"""The metric of rotation steps that failed, and its alarm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from ses_secure_user.login.rotation_interval import check_period

from .topic import notify

if TYPE_CHECKING:
    from aws_cdk import aws_sns as sns
    from constructs import Construct


def failures_metric(function_name: str, period: Duration | None) -> cloudwatch.Metric:
    """Return the metric of a function's errors.

    Raises:
        ValueError: The period is not a Duration.
    """
    return cloudwatch.Metric(
        namespace="AWS/Lambda",
        metric_name="Errors",
        dimensions_map={"FunctionName": function_name},
        statistic="Sum",
        period=check_period(period, Duration.minutes(5), "Duration.minutes(5)"),
    )


def alarm_failures(scope: Construct, metric: cloudwatch.Metric, topic: sns.ITopic) -> None:
    """Create an alarm that notifies a topic when a rotation step failed."""
    alarm = metric.create_alarm(
        scope,
        "RotationFailures",
        alarm_description="A rotation of an SES SMTP credential failed; the function's log says why",
        threshold=1,
        evaluation_periods=1,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
    )
    notify(topic, alarm)
