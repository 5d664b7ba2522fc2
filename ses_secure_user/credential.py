"""The CDK side of the credential: the function that issues it, what it may touch, and the resource that asks for it."""

from __future__ import annotations

import functools
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from aws_cdk import CfnTag, CustomResource, Duration, IgnoreMode, Stack, Token
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3_assets as assets
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

if TYPE_CHECKING:
    from aws_cdk import aws_kms as kms

    from .login import Login

TAG_PREFIX = "ses-secure-user:"
WITHDRAWN_TAG = f"{TAG_PREFIX}withdrawn"

_FUNCTION_SECONDS = 600
_EVENT_AGE_SECONDS = 300
_SERVICE_TIMEOUT = Duration.seconds(_FUNCTION_SECONDS + _EVENT_AGE_SECONDS)
"""When CloudFormation gives up: no event can start so late that it goes on after that."""

_POLICY_CHARACTERS = 5_000
"""Of a managed policy's 6,144 characters, what the users' ARNs may fill; the rest is the statements around them."""

_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}},
    ],
}
_USER_ACTIONS = [
    "iam:CreateAccessKey",
    "iam:DeleteAccessKey",
    "iam:ListAccessKeys",
    "iam:ListUserTags",
    "iam:TagUser",
]
_KEY_ACTIONS = ["kms:Decrypt", "kms:GenerateDataKey"]
_SECRET_ACTIONS = [
    "secretsmanager:DescribeSecret",
    "secretsmanager:GetSecretValue",
    "secretsmanager:PutSecretValue",
    "secretsmanager:UpdateSecretVersionStage",
]

POLICY_CHARACTERS = 5_000
"""Of a managed policy's 6,144 characters, what the users' ARNs may fill; the rest is the statements around them."""


class Subject(NamedTuple):
    """A user that an issuer serves.

    Attributes:
        user: The user.
        secret: The secret that holds its login.
        key_arn: The secret's own key, if it has one.
        name: What changes whenever CloudFormation would replace the user or the secret.
        characters: The most that the ARNs of all three add to a policy.
    """

    user: iam.CfnUser
    secret: secretsmanager.CfnSecret
    key_arn: str | None
    name: str
    characters: int

    @classmethod
    def of(cls, scope: Construct, user: iam.CfnUser, secret: secretsmanager.CfnSecret, key: kms.IKey | None) -> Subject:
        """Describe a user and its secret, children of ``scope``."""
        path = scope.node.path
        generated = min(len(path), 240) + len("Secret-") + 8 + 12
        sizes = [_length(user.user_name, 64), _length(secret.name, generated), 90 if key else 0]
        names = [user.user_name, secret.name]
        name = json.dumps([path, Stack.of(scope).resolve(names) if any(names) else names])
        return cls(user, secret, key.key_arn if key else None, name, sum(sizes) + 130)


def login_tags(login: Login, user_name: str) -> list[CfnTag]:
    """Tag a secret with what a rotation is to issue."""
    values = {
        "user-name": user_name,
        "region": login.region,
        "host": login.host,
        "port": str(login.port),
        "verify-login": str(login.verify).lower(),
    }
    return [CfnTag(key=f"{TAG_PREFIX}{name}", value=value) for name, value in values.items()]


class CredentialIssuer(Construct):
    """The Lambda function that issues, renews and withdraws credentials, with its role: one per stack.

    It runs on arm64 with the runtime's own boto3 and no other code than its own, answers CloudFormation and Secrets
    Manager alone, and may touch the users and secrets it was made for and nothing else.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        """Make the function; `SecureSesSmtpUser` shares one in each stack."""
        super().__init__(scope, construct_id)
        self._log_group = logs.CfnLogGroup(self, "Logs", retention_in_days=365)
        self._role = iam.CfnRole(self, "Role", assume_role_policy_document=_TRUST)
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
            description="Issues, renews and withdraws the stack's SES SMTP credentials",
            code=lambda_.CfnFunction.CodeProperty(s3_bucket=code.s3_bucket_name, s3_key=code.s3_object_key),
            handler="issuer.handler.handler",
            runtime="python3.14",
            architectures=["arm64"],
            memory_size=256,
            timeout=_FUNCTION_SECONDS,
            role=self._role.attr_arn,
            logging_config=lambda_.CfnFunction.LoggingConfigProperty(
                log_format="JSON", application_log_level="INFO", system_log_level="WARN", log_group=self._log_group.ref
            ),
        )
        code.add_resource_metadata(self._function, "Code")
        self._invocation = lambda_.CfnEventInvokeConfig(
            self,
            "Invocation",
            function_name=self._function.ref,
            qualifier="$LATEST",
            maximum_retry_attempts=0,
            maximum_event_age_in_seconds=_EVENT_AGE_SECONDS,
        )
        self._permission = lambda_.CfnPermission(
            self,
            "RotationPermission",
            action="lambda:InvokeFunction",
            function_name=self.function_arn,
            principal="secretsmanager.amazonaws.com",
            source_account=Stack.of(self).account,
        )
        self._policies: list[_AccessPolicy] = []

    @classmethod
    def of(cls, stack: Stack) -> CredentialIssuer:
        """The stack's shared issuer, made on first use."""
        found = stack.node.try_find_child("SesSecureUserIssuer")
        return found if isinstance(found, CredentialIssuer) else cls(stack, "SesSecureUserIssuer")

    @functools.cached_property
    def function_arn(self) -> str:
        """The function's ARN."""
        return self._function.attr_arn

    def issue(self, scope: Construct, subject: Subject, login: Login, *, from_address: str) -> CustomResource:
        """Have a login issued at deployment, and withdrawn with the resource that is returned."""
        credential = CustomResource(
            scope,
            "Credential",
            resource_type="Custom::SesSmtpCredential",
            service_token=self.function_arn,
            service_timeout=_SERVICE_TIMEOUT,
            properties={
                "UserName": subject.user.ref,
                "SecretId": subject.secret.ref,
                "Region": login.region,
                "Host": login.host,
                "Port": login.port,
                "FromAddress": from_address,
                "VerifyLogin": login.verify,
            },
        )
        credential.node.add_dependency(self._access(subject), self._invocation)
        return credential

    def rotate(self, scope: Construct, subject: Subject, hours: int) -> secretsmanager.CfnRotationSchedule:
        """Have Secrets Manager renew the login at an interval, but not at deployment.

        See https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html
        """
        rate = f"rate({hours} hours)" if hours % 24 else f"rate({hours // 24} days)"
        schedule = secretsmanager.CfnRotationSchedule(
            scope,
            "Rotation",
            secret_id=subject.secret.ref,
            rotation_lambda_arn=self.function_arn,
            rotate_immediately_on_update=False,
            rotation_rules=secretsmanager.CfnRotationSchedule.RotationRulesProperty(schedule_expression=rate),
        )
        schedule.node.add_dependency(self._permission)
        return schedule

    def _access(self, subject: Subject) -> iam.CfnManagedPolicy:
        """Allow the function to issue for one more user, and return the policy that says so.

        A managed policy's logical id is derived from the users it names. When a user leaves the stack or gets another
        name, CloudFormation therefore makes a new policy and deletes the old one last, after the user's keys: a policy
        changed in place would already have lost the right to delete them.
        """
        if not self._policies or not self._policies[-1].holds(subject):
            number = len(self._policies) + 1
            resource = iam.CfnManagedPolicy(self, f"Access{number}", policy_document={}, roles=[self._role.ref])
            self._policies.append(_AccessPolicy(resource, self._log_group.attr_arn))
        self._policies[-1].add(subject)
        return self._policies[-1].resource


class _AccessPolicy:
    """One of the managed policies of an issuer's role, growing until it is full."""

    def __init__(self, resource: iam.CfnManagedPolicy, log_group_arn: str) -> None:
        self.resource = resource
        self._log_group_arn = log_group_arn
        self._stack = Stack.of(resource)
        self._logical_id = str(self._stack.resolve(resource.logical_id))
        self._subjects: list[Subject] = []

    def holds(self, subject: Subject) -> bool:
        return sum(one.characters for one in (*self._subjects, subject)) <= _POLICY_CHARACTERS

    def add(self, subject: Subject) -> None:
        self._subjects.append(subject)
        names = json.dumps([one.name for one in self._subjects]).encode()
        self.resource.override_logical_id(self._logical_id + hashlib.sha256(names).hexdigest()[:8].upper())
        self.resource.policy_document = {"Version": "2012-10-17", "Statement": self._statements()}

    def _statements(self) -> list[dict[str, object]]:
        keys = sorted({one.key_arn for one in self._subjects if one.key_arn})
        via_secrets_manager = {"kms:ViaService": f"secretsmanager.{self._stack.region}.amazonaws.com"}
        return [
            _allow(_USER_ACTIONS, [one.user.attr_arn for one in self._subjects])
            | {"Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": WITHDRAWN_TAG}}},
            _allow(_SECRET_ACTIONS, [one.secret.ref for one in self._subjects]),
            _allow(["logs:CreateLogStream", "logs:PutLogEvents"], [self._log_group_arn]),
            *(_allow(_KEY_ACTIONS, keys) | {"Condition": {"StringEquals": via_secrets_manager}} for _ in keys[:1]),
        ]


def _length(name: str | None, generated: int) -> int:
    return generated if name is None or Token.is_unresolved(name) else len(name)


def _allow(actions: list[str], resources: list[str]) -> dict[str, object]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources}
