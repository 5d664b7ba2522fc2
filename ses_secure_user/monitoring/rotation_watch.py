"""What sees a rotation that never ran: Secrets Manager publishes no metric of it, so a function asks it every hour."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from ses_secure_user.cdk.refusal import refusal
from ses_secure_user.cdk.statements import allow, policy
from ses_secure_user.login.rotation_interval import check_period
from ses_secure_user.watch.overdue import DIMENSION, METRIC, NAMESPACE

from .topic import tell

if TYPE_CHECKING:
    from aws_cdk import aws_sns as sns

_CHILD = "SesSecureUserWatch"
_HOURS = 6
"""How long a rotation is overdue before anybody is told: Secrets Manager tries a failed one again by itself."""

_MOST_SECRETS = 40
"""A managed policy holds 6,144 characters, and a rule's input 8,192."""


class RotationWatch(Construct):
    """A function that asks Secrets Manager every hour when rotations are due; one for all users of a stack.

    It shares nothing with the function that rotates, so that it tells even of one that cannot be invoked.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self._secrets: list[str] = []
        log_group = logs.LogGroup(
            self, "Logs", retention=logs.RetentionDays.ONE_MONTH, removal_policy=RemovalPolicy.DESTROY
        )
        self._writing = allow(["logs:CreateLogStream", "logs:PutLogEvents"], [log_group.log_group_arn])
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
        role = iam.CfnRole(self, "Role", assume_role_policy_document=policy(trust))
        self._access = iam.CfnManagedPolicy(self, "Access", policy_document=policy(self._writing), roles=[role.ref])
        self._function = lambda_.CfnFunction(
            self,
            "Function",
            description="Tells CloudWatch when a rotation of an SES SMTP credential is overdue",
            code={"zipFile": (Path(__file__).parents[1] / "watch" / "overdue.py").read_text()},
            handler="index.handler",
            runtime=lambda_.Runtime.PYTHON_3_14.name,
            architectures=["arm64"],
            memory_size=256,
            timeout=60,
            role=role.attr_arn,
            logging_config={"logGroup": log_group.log_group_name},
        )
        self._rule = events.CfnRule(self, "Hourly", schedule_expression="rate(1 hour)")
        self._rule.add_resource_dependency(self._access)
        lambda_.CfnPermission(
            self,
            "Permission",
            action="lambda:InvokeFunction",
            function_name=self._function.attr_arn,
            principal="events.amazonaws.com",
            source_arn=self._rule.attr_arn,
        )

    @classmethod
    def of(cls, stack: Stack) -> RotationWatch:
        """The stack's watch, made on first use."""
        made = stack.node.try_find_child(_CHILD)
        return made if isinstance(made, RotationWatch) else cls(stack, _CHILD)

    def add(self, secret_arn: str) -> None:
        """Watch one more secret; one that is watched already passes.

        Raises:
            ValueError: It would be one too many for the function's policy.
        """
        if secret_arn in self._secrets:
            return
        if len(self._secrets) == _MOST_SECRETS:
            rule = f"be of at most {_MOST_SECRETS} users of a stack, whom one policy holds"
            raise refusal("metric_rotation_overdue", rule, _MOST_SECRETS + 1, "put further users into another stack")
        self._secrets.append(secret_arn)
        reading = allow(["secretsmanager:DescribeSecret"], self._secrets)
        self._access.policy_document = policy(self._writing, reading)
        asked = Stack.of(self).to_json_string({"SecretIds": self._secrets})
        target = events.CfnRule.TargetProperty(arn=self._function.attr_arn, id="Watch", input=asked)
        self._rule.targets = [target]


def overdue(secret_arn: str, period: Duration | None) -> cloudwatch.Metric:
    """The metric of a secret.

    Raises:
        ValueError: The period is no Duration.
    """
    period = check_period(period, Duration.hours(1), "Duration.hours(1)")
    return cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=METRIC,
        dimensions_map={DIMENSION: secret_arn},
        statistic="Maximum",
        period=period,
    )


def overdue_alarm(user: Construct, metric: cloudwatch.Metric, topic: sns.ITopic) -> cloudwatch.Alarm:
    """Make the alarm, which tells of a watch that has gone blind too."""
    made = metric.create_alarm(
        user,
        "RotationOverdue",
        alarm_description="A rotation of an SES SMTP credential did not come when it was due; without data: the watch"
        " cannot tell, and its function's log says why",
        threshold=1,
        evaluation_periods=_HOURS,
        treat_missing_data=cloudwatch.TreatMissingData.MISSING,
    )
    tell(topic, made, without_data=True)
    return made
