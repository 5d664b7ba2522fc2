"""The function that issues credentials, as a construct."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from aws_cdk import Annotations, IgnoreMode, RemovalPolicy
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from .cdk.kms_keys import key_behind
from .cdk.refusal import check_class, check_construct, refusal
from .cdk.tokens import is_token, place_of, stack_of
from .issuing.custom_resource import issue, login_digest
from .issuing.function_role import basic_policy, function_role, log_encryption
from .issuing.function_settings import (
    EVENT_AGE_SECONDS,
    FUNCTION_SECONDS,
    check_concurrency,
    check_dead_letter_queue,
    check_runtime,
    function_warnings,
)
from .issuing.role_access import RoleAccess
from .issuing.vpc import check_groups, check_subnets, network
from .monitoring.rotation_failures import alarm_failures, failures_metric

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Unpack

    from aws_cdk import CfnResource, Duration, Stack
    from aws_cdk import aws_cloudwatch as cloudwatch
    from aws_cdk import aws_ec2 as ec2
    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_sns as sns
    from aws_cdk import aws_sqs as sqs

    from .issuing.issuer_properties import IssuerProperties
    from .issuing.role_access import Subject
    from .login.settings import Login

_TRACING = {lambda_.Tracing.ACTIVE: "Active", lambda_.Tracing.PASS_THROUGH: "PassThrough"}


class CredentialIssuer(Construct):
    """The Lambda function that issues, renews and revokes credentials, with its role.

    The users of a stack share one. `CredentialIssuer.of` configures it, before or after its first deployment: to put it
    into a VPC, to encrypt with a key of your own, to be alarmed. Make one as a construct of its own to share it among
    the stacks of one account and region, or to separate users. A deployed user that moves to another issuer is
    replaced, with its login, since CloudFormation changes no ``ServiceToken``
    (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-customresource.html).

    It runs on arm64 with the runtime's own boto3 and no other code than its own. CloudFormation and Secrets Manager
    alone invoke it, and it may touch the users and secrets that it serves and nothing else.

    Attributes:
        verify_login: Whether it tests each new login before it becomes current.
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
        verify_login: bool = True,
    ) -> None:
        """Make the function.

        Args:
            scope: The construct to make it in, such as the stack.
            construct_id: Its name there. Under another one its users are replaced, with their logins.
            vpc: The VPC to run in. From its subnets the function must reach IAM, Secrets Manager, CloudFormation's S3
                and the SMTP endpoint (https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html).
                Default: none.
            vpc_subnets: Which subnets of `vpc` to run in. No public ones, from which a function has no way out.
                Default: the private ones with a way out.
            security_groups: The function's security groups in `vpc`. They must let HTTPS and SMTP out. Default: one
                that does.
            encryption_key: The KMS key to encrypt the log group and the function with. An imported one must itself
                allow ``logs.REGION.amazonaws.com`` to use it
                (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html). Default: AWS's.
            dead_letter_queue: The queue that keeps CloudFormation's events that the function could not take. A standard
                queue (https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html).
                Default: none.
            reserved_concurrent_executions: How many invocations may run at once. Rotations are known to stall below 10
                (https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot_rotation.html).
                Default: no limit.
            role: The role to run with. ``lambda.amazonaws.com`` may assume it; policies for logs and users are attached
                to it, those for VPC and tracing are yours to give. Default: a role of its own.
            log_retention: How long logs are kept. Default: a year.
            tracing: Whether X-Ray traces the function. Default: disabled.
            runtime: The Lambda runtime. Python, 3.11 or later. Default: Python 3.14.
            alarm_topic: The topic to notify when a rotation failed. One that is imported must itself let
                ``cloudwatch.amazonaws.com`` publish. Default: none; see `metric_rotation_failures`.
            verify_login: Whether each new login is tested at its endpoint before it becomes current. The function must
                reach the endpoint; with False it waits a minute instead, in which IAM should have spread the key.
                Default: True.

        Raises:
            ValueError: A property is wrong; the message names it, its rule, and what to write instead.
        """
        subnet_ids = check_subnets(vpc, vpc_subnets)
        check_groups(vpc, security_groups)
        key = key_behind("encryption_key", encryption_key)
        check_dead_letter_queue(dead_letter_queue)
        check_concurrency(reserved_concurrent_executions)
        check_construct("role", role, "iam.IRole", "role_arn")
        check_class("log_retention", log_retention, logs.RetentionDays, "logs.RetentionDays.ONE_YEAR")
        check_class("tracing", tracing, lambda_.Tracing, "lambda_.Tracing.ACTIVE")
        check_runtime(runtime)
        check_construct("alarm_topic", alarm_topic, "sns.ITopic", "topic_arn")
        check_class("verify_login", verify_login, bool, "False")
        super().__init__(scope, construct_id)
        self.verify_login, self._stack = verify_login, stack_of(scope)
        place = place_of(self._stack)
        log_group = logs.LogGroup(
            self, "Logs", retention=log_retention, encryption_key=key, removal_policy=RemovalPolicy.DESTROY
        )
        if key:
            key.add_to_resource_policy(log_encryption(place))
        traced = tracing != lambda_.Tracing.DISABLED
        role_name, role_arn = function_role(self, role)
        in_vpc, own = vpc is not None, role is None
        basics = basic_policy(
            self, role_name, log_group, dead_letter_queue, place, in_vpc=in_vpc and own, traced=traced and own
        )
        code = assets.Asset(
            self,
            "Code",
            path=str(Path(__file__).parent / "functions"),
            exclude=["**", "!issuer", "!issuer/*.py"],
            ignore_mode=IgnoreMode.GIT,
        )
        self._function = lambda_.CfnFunction(
            self,
            "Function",
            description="Issues, renews and revokes SES SMTP credentials",
            code={"s3Bucket": code.s3_bucket_name, "s3Key": code.s3_object_key},
            handler="issuer.handler.handler",
            runtime=runtime.name,
            architectures=["arm64"],
            memory_size=256,
            timeout=FUNCTION_SECONDS,
            role=role_arn,
            kms_key_arn=key and key.key_arn,
            reserved_concurrent_executions=reserved_concurrent_executions,
            environment=None if verify_login else {"variables": {"VERIFY_LOGIN": "false"}},
            dead_letter_config={"targetArn": dead_letter_queue.queue_arn} if dead_letter_queue else None,
            tracing_config={"mode": _TRACING[tracing]} if traced else None,
            vpc_config=network(self, vpc, subnet_ids, security_groups) if vpc else None,
            logging_config={
                "logFormat": "JSON",
                "applicationLogLevel": "INFO",
                "systemLogLevel": "WARN",
                "logGroup": log_group.log_group_name,
            },
        )
        code.add_resource_metadata(self._function, "Code")
        self._function.node.add_dependency(basics, *([vpc.internet_connectivity_established] if vpc else []))
        invocation = lambda_.CfnEventInvokeConfig(
            self,
            "Invocation",
            function_name=self._function.ref,
            qualifier="$LATEST",
            maximum_retry_attempts=0,
            maximum_event_age_in_seconds=EVENT_AGE_SECONDS,
        )
        permission = lambda_.CfnPermission(
            self,
            "RotationPermission",
            action="lambda:InvokeFunction",
            function_name=self.function_arn,
            principal="secretsmanager.amazonaws.com",
            source_account=place.account,
        )
        self._access = RoleAccess(self, role_name, needed=[invocation, permission])
        if alarm_topic:
            alarm_failures(self, self.metric_rotation_failures(), alarm_topic)
        for warning_id, message in function_warnings(reserved_concurrent_executions, verify_login=verify_login):
            Annotations.of(self).add_warning_v2(warning_id, message)

    @classmethod
    def of(cls, scope: Construct, **properties: Unpack[IssuerProperties]) -> CredentialIssuer:
        """Return the issuer that a stack's users share, created on first use.

        Give it properties before the stack's first user. They may change from one deployment to the next: the function
        keeps its logical id, so CloudFormation changes it in place.

        Args:
            scope: The stack, or a construct in it.
            **properties: As of `CredentialIssuer`. Default: as there.

        Returns:
            The issuer.

        Raises:
            ValueError: A property is wrong, or the stack has its issuer already.
        """
        stack = stack_of(scope)
        made = _SHARED.get(stack)
        if made is None:
            made = _SHARED[stack] = cls(stack, "SesSecureUserIssuer", **properties)
        elif properties:
            rule = "be configured once, before the stack's first user"
            raise refusal("CredentialIssuer.of", rule, ", ".join(properties), "move the call up to the first user")
        return made

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

        Raises:
            ValueError: The period is no Duration.
        """
        return failures_metric(self._function.ref, period)

    def digest(self, stack: Stack, login: Login) -> str:
        """Return a digest that changes when another login must replace a user's.

        Args:
            stack: The user's stack.
            login: The settings of the login.
        """
        # A function of another stack may have the logical id of one of this stack.
        return login_digest(stack, login, (self._reference, None if stack is self._stack else self._stack.stack_name))

    def issue(self, user: Construct, subject: Subject, networks: Sequence[str]) -> CfnResource:
        """Create the custom resource that issues a login, and its rotation schedule.

        Args:
            user: The construct to create them in.
            subject: The user, with the settings of its login.
            networks: The networks for the function to check.

        Raises:
            ValueError: The role would need more policies than it may have.
        """
        return issue(user, subject, networks, self.function_arn, self._access.serve(subject))

    @functools.cached_property
    def _reference(self) -> str:
        """The function's ARN as its own stack refers to it."""
        return json.dumps(self._stack.resolve(self.function_arn))


def check_issuer(issuer: CredentialIssuer | None, stack: Stack) -> bool:
    """Check an issuer that is given for a user, and return whether new logins are tested.

    Args:
        issuer: The issuer; None for the one that the stack's users share.
        stack: The user's stack.

    Raises:
        ValueError: It is none, or in another account or region, where CloudFormation cannot call its function.
    """
    if issuer is None:
        return stack not in _SHARED or _SHARED[stack].verify_login
    check_class("issuer", issuer, CredentialIssuer, 'CredentialIssuer(self, "Issuer")')
    user, place = place_of(stack), place_of(stack_of(issuer))
    for what, theirs, ours in (("account", user.account, place.account), ("region", user.region, place.region)):
        if theirs != ours and not is_token(theirs) and not is_token(ours):
            remedy = f"CloudFormation calls no function elsewhere: make an issuer for each {what}"
            raise refusal("issuer", f"be in the user's {what} {theirs}", ours, remedy)
    return issuer.verify_login


_SHARED: WeakKeyDictionary[Stack, CredentialIssuer] = WeakKeyDictionary()
"""The issuers that a stack's users share; to look for one in the tree would ask the CDK twice for each user."""
