"""The construct `CredentialIssuer`."""

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
    """The Lambda function that issues, rotates and revokes logins, with its role.

    By default, all users of a stack share one issuer. Use `CredentialIssuer.of` to configure it, for example to run it
    in a VPC, to encrypt its logs with your own key, or to set an alarm. Create an issuer yourself to share it among the
    stacks of one account and region, or to separate users. If a deployed user gets another issuer, CloudFormation
    replaces the user and its login, because ``ServiceToken`` cannot be updated
    (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-customresource.html).

    The function runs on arm64. It uses the boto3 of the runtime and no other packages. Only CloudFormation and Secrets
    Manager invoke it, and its role has access only to the users and secrets that it serves.

    Attributes:
        verify_login: Whether the function tests each new login before the login becomes current.
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
        """Create the function.

        Args:
            scope: The parent construct, such as the stack.
            construct_id: The id of the construct in `scope`. A changed id replaces all users that it serves.
            vpc: The VPC to run in. The function must be able to connect from its subnets to IAM, Secrets Manager, S3
                and the SMTP endpoint (https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html).
                Default: none.
            vpc_subnets: The subnets of `vpc` to run in. Public subnets are refused, because a function in one cannot
                connect to the internet. Default: the private subnets with egress.
            security_groups: The security groups of the function in `vpc`. They must allow outbound HTTPS and SMTP.
                Default: a new one that does.
            encryption_key: The KMS key that encrypts the log group and the function. The policy of an imported key must
                allow ``logs.REGION.amazonaws.com`` to use it
                (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html).
                Default: keys of AWS.
            dead_letter_queue: The standard queue for events of CloudFormation that the function could not process
                (https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html). Default: none.
            reserved_concurrent_executions: The reserved concurrency. Below 10, rotations are known to stall
                (https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot_rotation.html).
                Default: no limit.
            role: The execution role, which ``lambda.amazonaws.com`` must be able to assume. The permissions for logs
                and users are added to it; add those for a VPC and tracing yourself. Default: a new role.
            log_retention: The retention of the log group. Default: 1 year.
            tracing: The X-Ray tracing mode. Default: disabled.
            runtime: The Lambda runtime: Python 3.11 or later. Default: Python 3.14.
            alarm_topic: The topic to notify if a rotation fails. The policy of an imported topic must allow
                ``cloudwatch.amazonaws.com`` to publish. Default: no alarm; see `metric_rotation_failures`.
            verify_login: Whether the function tests each new login at its endpoint before the login becomes current. It
                must be able to connect to the endpoint. If False, the function waits 1 minute instead, for IAM to
                propagate the key. Default: True.

        Raises:
            ValueError: A property is wrong. The message names the property, its rule, the value, and what to write
                instead.
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
        """Return the issuer that all users of a stack share. It is created on first use.

        Pass properties before the first user of the stack is created. They can change from one deployment to the next:
        the function keeps its logical id, so CloudFormation updates it.

        Args:
            scope: The stack, or a construct in it.
            **properties: The properties of `CredentialIssuer`.

        Raises:
            ValueError: A property is wrong, or the stack already has its issuer.
        """
        stack = stack_of(scope)
        made = _SHARED.get(stack)
        if made is None:
            made = _SHARED[stack] = cls(stack, "SesSecureUserIssuer", **properties)
        elif properties:
            rule = "be configured once, before the stack's first user"
            raise refusal("CredentialIssuer.of", rule, ", ".join(properties), "call it before the first user")
        return made

    @functools.cached_property
    def function_arn(self) -> str:
        """The function's ARN."""
        return self._function.attr_arn

    def metric_rotation_failures(self, *, period: Duration | None = None) -> cloudwatch.Metric:
        """Return the metric of failed rotation steps, of all users of this issuer.

        It is the metric ``Errors`` of the function. A failed deployment does not count: the function reports it to
        CloudFormation and succeeds.

        Args:
            period: The period of a data point. Default: 5 minutes.

        Raises:
            ValueError: The period is not a Duration.
        """
        return failures_metric(self._function.ref, period)

    def digest(self, stack: Stack, login: Login) -> str:
        """Return a digest that changes if a login must be replaced.

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
            ValueError: The role would need more policies than IAM allows.
        """
        return issue(user, subject, networks, self.function_arn, self._access.serve(subject))

    @functools.cached_property
    def _reference(self) -> str:
        """The function's ARN as its own stack refers to it."""
        return json.dumps(self._stack.resolve(self.function_arn))


def check_issuer(issuer: CredentialIssuer | None, stack: Stack) -> bool:
    """Check the issuer of a user, and return whether it tests new logins.

    Args:
        issuer: The issuer; None for the one that all users of the stack share.
        stack: The user's stack.

    Raises:
        ValueError: It is not an issuer, or it is in another account or region, where CloudFormation cannot invoke its
            function.
    """
    if issuer is None:
        return stack not in _SHARED or _SHARED[stack].verify_login
    check_class("issuer", issuer, CredentialIssuer, 'CredentialIssuer(self, "Issuer")')
    user, place = place_of(stack), place_of(stack_of(issuer))
    for what, theirs, ours in (("account", user.account, place.account), ("region", user.region, place.region)):
        if theirs != ours and not is_token(theirs) and not is_token(ours):
            remedy = f"CloudFormation cannot invoke a function there: create an issuer for each {what}"
            raise refusal("issuer", f"be in the user's {what} {theirs}", ours, remedy)
    return issuer.verify_login


_SHARED: WeakKeyDictionary[Stack, CredentialIssuer] = WeakKeyDictionary()
"""The shared issuers. To find one in the construct tree would take two jsii calls for each user."""
