"""The function that issues credentials, as a construct."""

from __future__ import annotations

import functools
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aws_cdk import Acknowledgment, Annotations, Duration, IgnoreMode, RemovalPolicy, Stack, Validations
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from .access import AccessPolicy, Subject, allow, policy
from .refusal import check_kind, refusal
from .tokens import PARTITION, Place, is_token, place_of, stack_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_sns as sns
    from aws_cdk import aws_sqs as sqs

_FUNCTION_SECONDS = 600
_EVENT_AGE_SECONDS = 300
SERVICE_TIMEOUT_SECONDS = _FUNCTION_SECONDS + _EVENT_AGE_SECONDS
"""When CloudFormation gives up: no event starts so late that it goes on after that."""

_NETWORK_ACTIONS = [
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
]
_OUTBOUND_PORTS = (443, 465, 587, 2465, 2587)
_PRIVATE: dict[str, Any] = {"subnet_type": ec2.SubnetType.PRIVATE_WITH_EGRESS}
_SELECTION = ("availability_zones", "one_per_az", "subnet_filters", "subnet_group_name", "subnets", "subnet_type")
_TRACING = {lambda_.Tracing.ACTIVE: "Active", lambda_.Tracing.PASS_THROUGH: "PassThrough"}
_TRACE_ACTIONS = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
_SAFE_CONCURRENCY = 10


class CredentialIssuer(Construct):
    """The Lambda function that issues, renews and revokes credentials, with its role.

    `SecureSesSmtpUser` makes one for each stack by itself. Make one to put it into a VPC, to encrypt with a key of your
    own, to be alarmed, or to share it among the stacks of one account and region.

    It runs on arm64 with the runtime's own boto3 and no other code than its own. CloudFormation and Secrets Manager
    alone invoke it, and it may touch the users and secrets that it serves and nothing else.
    """

    def __init__(  # noqa: PLR0913 - properties are flat, as everywhere in the CDK
        self,
        scope: Construct,
        construct_id: str,
        *,
        vpc: ec2.IVpc | None = None,
        vpc_subnets: ec2.SubnetSelection | None = None,
        security_groups: Sequence[ec2.ISecurityGroup] | None = None,
        encryption_key: kms.IKey | None = None,
        dead_letter_queue: sqs.IQueue | None = None,
        reserved_concurrent_executions: int | None = None,
        role: iam.IRole | None = None,
        log_retention: logs.RetentionDays = logs.RetentionDays.ONE_YEAR,
        tracing: lambda_.Tracing = lambda_.Tracing.DISABLED,
        runtime: lambda_.Runtime = lambda_.Runtime.PYTHON_3_14,
        alarm_topic: sns.ITopic | None = None,
    ) -> None:
        """Make the function.

        Args:
            scope: The construct to make it in, such as the stack.
            construct_id: Its name there.
            vpc: The VPC to run in; from its subnets the function must reach IAM, Secrets Manager, CloudFormation's S3
                and the SMTP endpoint (https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html).
                Default: none.
            vpc_subnets: Which of its subnets. Default: the private ones with a way out.
            security_groups: The function's security groups. Default: one that lets HTTPS and SMTP out.
            encryption_key: The KMS key of the log group and the function; an imported one must itself allow
                ``logs.REGION.amazonaws.com`` to use it
                (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html). Default: AWS's.
            dead_letter_queue: Where CloudFormation's events go that the function could not take. Default: none.
            reserved_concurrent_executions: How many invocations may run at once; rotations are known to stall below 10
                (https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot_rotation.html).
                Default: no limit.
            role: A role that ``lambda.amazonaws.com`` may assume; policies for logs and users are attached to it, those
                for VPC and tracing are yours to give. Default: a role of its own.
            log_retention: How long logs are kept. Default: a year.
            tracing: Whether X-Ray traces the function. Default: disabled.
            runtime: A Python runtime, 3.11 or later. Default: Python 3.14.
            alarm_topic: The topic to tell when a rotation failed. Default: none; see `metric_rotation_failures`.

        Raises:
            ValueError: A property is wrong; the message names it, its rule, and what to write instead.
        """
        for prop, given, kind, attribute in (
            ("vpc", vpc, "ec2.IVpc", "vpc_id"),
            ("encryption_key", encryption_key, "kms.IKey", "key_arn"),
            ("dead_letter_queue", dead_letter_queue, "sqs.IQueue", "queue_arn"),
            ("role", role, "iam.IRole", "role_arn"),
            ("log_retention", log_retention, "logs.RetentionDays", "ONE_YEAR"),
            ("tracing", tracing, "lambda_.Tracing", "ACTIVE"),
            ("runtime", runtime, "lambda_.Runtime", "family"),
            ("alarm_topic", alarm_topic, "sns.ITopic", "topic_arn"),
        ):
            check_kind(prop, given, kind, attribute)
        _check(vpc, vpc_subnets, security_groups, reserved_concurrent_executions, runtime)
        super().__init__(scope, construct_id)
        self._stack = stack_of(scope)
        self._policies: defaultdict[Stack, list[AccessPolicy]] = defaultdict(list)

        log_group = logs.LogGroup(
            self, "Logs", retention=log_retention, encryption_key=encryption_key, removal_policy=RemovalPolicy.DESTROY
        )
        if encryption_key:
            encryption_key.add_to_resource_policy(self._log_encryption())
        self._role_name, role_arn = self._role(role)
        basics = [allow(["logs:CreateLogStream", "logs:PutLogEvents"], [log_group.log_group_arn])]
        if dead_letter_queue:
            basics += _sending(dead_letter_queue)
        needed = [self._policy("Basics", *basics)]
        everywhere = (_NETWORK_ACTIONS if vpc else []) + (_TRACE_ACTIONS if tracing != lambda_.Tracing.DISABLED else [])
        if everywhere and not role:
            needed.append(self._policy_on_everything(everywhere))

        code = assets.Asset(
            self,
            "Code",
            path=str(Path(__file__).parent),
            exclude=["**", "!issuer", "!issuer/*.py"],
            ignore_mode=IgnoreMode.GIT,
        )
        self._function = lambda_.CfnFunction(
            self,
            "Function",
            description="Issues, renews and revokes SES SMTP credentials",
            code=lambda_.CfnFunction.CodeProperty(s3_bucket=code.s3_bucket_name, s3_key=code.s3_object_key),
            handler="issuer.handler.handler",
            runtime=runtime.name,
            architectures=["arm64"],
            memory_size=256,
            timeout=_FUNCTION_SECONDS,
            role=role_arn,
            kms_key_arn=encryption_key and encryption_key.key_arn,
            reserved_concurrent_executions=reserved_concurrent_executions,
            dead_letter_config=_dead_letters(dead_letter_queue) if dead_letter_queue else None,
            tracing_config=None
            if tracing == lambda_.Tracing.DISABLED
            else lambda_.CfnFunction.TracingConfigProperty(mode=_TRACING[tracing]),
            vpc_config=self._network(vpc, vpc_subnets, security_groups) if vpc else None,
            logging_config=lambda_.CfnFunction.LoggingConfigProperty(
                log_format="JSON",
                application_log_level="INFO",
                system_log_level="WARN",
                log_group=log_group.log_group_name,
            ),
        )
        code.add_resource_metadata(self._function, "Code")
        self._function.node.add_dependency(*needed, *([vpc.internet_connectivity_established] if vpc else []))
        self._invocation = lambda_.CfnEventInvokeConfig(
            self,
            "Invocation",
            function_name=self._function.ref,
            qualifier="$LATEST",
            maximum_retry_attempts=0,
            maximum_event_age_in_seconds=_EVENT_AGE_SECONDS,
        )
        self._rotation_permission = lambda_.CfnPermission(
            self,
            "RotationPermission",
            action="lambda:InvokeFunction",
            function_name=self.function_arn,
            principal="secretsmanager.amazonaws.com",
            source_account=self._stack.account,
        )
        if alarm_topic:
            self._alarm(alarm_topic)
        if reserved_concurrent_executions is not None and reserved_concurrent_executions < _SAFE_CONCURRENCY:
            Annotations.of(self).add_warning_v2(
                "ses-secure-user:lowConcurrency",
                f"`reserved_concurrent_executions` is {reserved_concurrent_executions}: below {_SAFE_CONCURRENCY} "
                "rotations and deployments that come together are throttled and may stall",
            )

    @classmethod
    @functools.cache
    def of(cls, stack: Stack) -> CredentialIssuer:
        """The stack's shared issuer, made on first use."""
        return cls(stack, "SesSecureUserIssuer")

    @functools.cached_property
    def function_arn(self) -> str:
        """The function's ARN."""
        return self._function.attr_arn

    def metric_rotation_failures(self, *, period: Duration | None = None) -> cloudwatch.Metric:
        """Count the rotation steps that failed, of all users this issuer serves.

        It is the function's ``Errors``: a deployment that fails is answered and is no error, so rotations alone count.

        Args:
            period: What one data point sums up. Default: 5 minutes.

        Returns:
            The metric; its statistic is the sum.
        """
        return cloudwatch.Metric(
            namespace="AWS/Lambda",
            metric_name="Errors",
            dimensions_map={"FunctionName": self._function.ref},
            statistic="Sum",
            period=period or Duration.minutes(5),
        )

    def serve(self, subject: Subject) -> iam.CfnManagedPolicy:
        """Allow the function to issue for one more user, and return what must be deployed before it can.

        Raises:
            ValueError: The user is in another account or region, where CloudFormation cannot call this function.
        """
        policies = self._policies[subject.stack]
        if not policies or not policies[-1].holds(subject):
            policies.append(self._access(subject.stack, len(policies) + 1))
        policies[-1].add(subject)
        return policies[-1].resource

    def _access(self, stack: Stack, number: int) -> AccessPolicy:
        _check_near(place_of(stack), place_of(self._stack))
        scope = self if stack is self._stack else _child(stack, f"SesSecureUserAccess{self.node.addr[-8:]}")
        access = AccessPolicy(scope, f"Access{number}", self._role_name)
        access.resource.add_resource_dependency(self._invocation)
        access.resource.add_resource_dependency(self._rotation_permission)
        return access

    def _role(self, given: iam.IRole | None) -> tuple[str, str]:
        if given:
            return given.role_name, given.role_arn
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
        role = iam.CfnRole(self, "Role", assume_role_policy_document=policy(trust))
        return role.ref, role.attr_arn

    def _policy(self, construct_id: str, *statements: Mapping[str, object]) -> iam.CfnManagedPolicy:
        return iam.CfnManagedPolicy(self, construct_id, policy_document=policy(*statements), roles=[self._role_name])

    def _policy_on_everything(self, granted: list[str]) -> iam.CfnManagedPolicy:
        made = self._policy("Network", allow(granted, ["*"]))
        Validations.of(made).acknowledge(
            Acknowledgment(
                id="AwsSolutions::AwsSolutions-IAM5[Resource::*]",
                reason="Actions on network interfaces and traces have no resource-level permissions",
            )
        )
        return made

    def _network(
        self, vpc: ec2.IVpc, subnets: ec2.SubnetSelection | None, groups: Sequence[ec2.ISecurityGroup] | None
    ) -> lambda_.CfnFunction.VpcConfigProperty:
        if groups is None:
            group = ec2.SecurityGroup(
                self, "SecurityGroup", vpc=vpc, allow_all_outbound=False, description="The SES SMTP credential issuer"
            )
            for port in _OUTBOUND_PORTS:
                group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(port), "AWS's APIs, SES SMTP")
            groups = [group]
        selection = {name: getattr(subnets, name) for name in _SELECTION} if subnets else _PRIVATE
        chosen = vpc.select_subnets(**selection)
        return lambda_.CfnFunction.VpcConfigProperty(
            subnet_ids=chosen.subnet_ids, security_group_ids=[group.security_group_id for group in groups]
        )

    def _log_encryption(self) -> iam.PolicyStatement:
        log_groups = f"arn:{PARTITION}:logs:{self._stack.region}:{self._stack.account}:log-group:*"
        return iam.PolicyStatement(
            principals=[iam.ServicePrincipal(f"logs.{self._stack.region}.amazonaws.com")],
            actions=["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
            resources=["*"],
            conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": log_groups}},
        )

    def _alarm(self, topic: sns.ITopic) -> None:
        alarm = self.metric_rotation_failures().create_alarm(
            self,
            "RotationFailures",
            alarm_description="A rotation of an SES SMTP credential failed; the function's log says why",
            threshold=1,
            evaluation_periods=1,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(topic))


def _sending(queue: sqs.IQueue) -> list[dict[str, object]]:
    key = queue.encryption_master_key
    use = [allow(["kms:Decrypt", "kms:GenerateDataKey"], [key.key_arn])] if key else []
    return [allow(["sqs:SendMessage"], [queue.queue_arn]), *use]


def _dead_letters(queue: sqs.IQueue) -> lambda_.CfnFunction.DeadLetterConfigProperty:
    return lambda_.CfnFunction.DeadLetterConfigProperty(target_arn=queue.queue_arn)


def _child(stack: Stack, construct_id: str) -> Construct:
    found = stack.node.try_find_child(construct_id)
    return found if isinstance(found, Construct) else Construct(stack, construct_id)


def _check(
    vpc: ec2.IVpc | None,
    vpc_subnets: ec2.SubnetSelection | None,
    security_groups: Sequence[ec2.ISecurityGroup] | None,
    concurrency: int | None,
    runtime: lambda_.Runtime,
) -> None:
    for prop, given in (("vpc_subnets", vpc_subnets), ("security_groups", security_groups)):
        if given is not None and vpc is None:
            raise refusal(prop, "be given with `vpc`", prop, "name the VPC, or leave it out")
    if concurrency is not None and not is_token(concurrency) and concurrency < 1:
        raise refusal("reserved_concurrent_executions", "be at least 1", concurrency, "leave it out for no limit")
    if runtime.family != lambda_.RuntimeFamily.PYTHON:
        raise refusal("runtime", "be Python", runtime.name, "write one such as Runtime.PYTHON_3_14")


def _check_near(user: Place, issuer: Place) -> None:
    for what, theirs, ours in zip(Place._fields, user, issuer, strict=True):
        if theirs != ours and not is_token(theirs) and not is_token(ours):
            remedy = f"CloudFormation calls no function elsewhere: make an issuer for each {what}"
            raise refusal("issuer", f"be in the user's {what} {theirs}", ours, remedy)
