"""The custom resource that issues a login, the tags that declare the login, and the schedule that renews it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from aws_cdk import Annotations, CfnResource, Token
from aws_cdk import aws_secretsmanager as secretsmanager

from ses_secure_user.cdk.logical_ids import LoginIds, digest
from ses_secure_user.cdk.tokens import is_token, place_of
from ses_secure_user.functions.issuer.contract import NETWORKS, PROPERTIES, TAGS, Declaration
from ses_secure_user.login.endpoint import check_host

from .function_settings import SERVICE_TIMEOUT_SECONDS
from .role_access import Subject

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_cdk import Stack
    from aws_cdk import aws_iam as iam
    from constructs import Construct

    from ses_secure_user.login.replicas import Replica
    from ses_secure_user.login.settings import Login


class Wanted(NamedTuple):
    """A login to be issued, with the resources it is for.

    Attributes:
        stack: The user's stack.
        login: What it is valid for.
        user_name: The user's name.
        declared: What the user's tags declare of it.
        policy: The user's policy.
        group: The group that holds the policy.
        secret: The secret that holds the login.
        user: The user.
        key_arn: The secret's own key, if it has one.
        replicas: The secret's copies.
        chosen: The names that the caller chose for the user and the secret.
        user_path: The path that the caller chose for the user.
        path: The path of the user's construct in the tree.
        hours: How long the login is current; None for no rotation.
        networks: The allowed networks, if a deployment knows some of them alone; the function then checks all.
    """

    stack: Stack
    login: Login
    user_name: str
    declared: Declaration
    policy: iam.CfnManagedPolicy
    group: iam.CfnGroup
    secret: secretsmanager.CfnSecret
    user: iam.CfnUser
    key_arn: str | None
    replicas: tuple[Replica, ...]
    chosen: tuple[str | None, str | None]
    user_path: str | None
    path: str
    hours: int | None
    networks: tuple[str, ...]


class Issuer(NamedTuple):
    """A function that issues logins.

    Attributes:
        function_arn: Its ARN.
        identity: What tells it from other functions.
        serve: Allows it to serve a user, and returns what must be deployed before it can.
    """

    function_arn: str
    identity: tuple[str, str | None]
    serve: Callable[[Subject], iam.CfnManagedPolicy]


def issue(scope: Construct, wanted: Wanted, issuer: Issuer) -> CfnResource:
    """Create the custom resource that issues the login, and its rotation schedule.

    Deleting the resource deletes all access keys of the user. All resources of the login get logical ids that end with
    a digest of what cannot be changed about it, so CloudFormation replaces them together.

    Raises:
        ValueError: The function's role would need more policies than it may have.
    """
    stack = wanted.stack
    told = _digest(wanted, issuer.identity)
    ids = LoginIds(stack, wanted.policy, "Policy", told)
    for resource, kind in ((wanted.group, "Group"), (wanted.secret, "Secret"), (wanted.user, "User")):
        ids.give(resource, kind)
    secret_arn = wanted.declared.secret_id
    subject = Subject(
        stack=stack,
        user_arn=wanted.user.attr_arn,
        secret_arn=secret_arn,
        key_arn=wanted.key_arn,
        replicas=wanted.replicas,
        path=wanted.path,
        chosen=wanted.chosen,
        user_path=wanted.user_path,
        digest=told,
    )
    credential = _Credential(
        scope,
        "Credential",
        type="Custom::SesSmtpCredential",
        properties={
            "ServiceToken": issuer.function_arn,
            "ServiceTimeout": SERVICE_TIMEOUT_SECONDS,
            "UserName": wanted.user_name,
            **wanted.declared.named(PROPERTIES),
            **({NETWORKS: list(wanted.networks)} if wanted.networks else {}),
        },
    )
    CfnResource.add_override(credential, "DeletionPolicy", "Delete")
    credential.add_resource_dependency(issuer.serve(subject))
    ids.give(credential, "Credential")
    if wanted.hours is not None:
        schedule = _schedule(scope, secret_arn, issuer.function_arn, wanted.hours)
        schedule.add_override("DeletionPolicy", "Delete")  # a secret that is retained has no login to renew
        schedule.add_resource_dependency(credential)
        ids.give(schedule, "Rotation")
    return credential


class _Credential(CfnResource):
    """The custom resource. It is deleted with its stack whatever removal policy is applied: that revokes the login."""

    def add_override(self, path: str, value: Any) -> None:  # noqa: ANN401 - as the CDK has it
        if path == "DeletionPolicy":
            if value not in {None, "Delete"}:
                text = (
                    f"DeletionPolicy {value} is not applied, since the login is revoked by the deletion of this"
                    " resource; to keep the login, keep the stack"
                )
                Annotations.of(self).add_warning_v2("ses-secure-user:retainedCredential", text)
            return
        super().add_override(path, value)


def declare(login: Login, secret_arn: str) -> Declaration:
    """Return the declaration of a login, with the secret that holds it."""
    port = Token.as_string(login.port) if is_token(login.port) else str(login.port)
    return Declaration(secret_arn, login.region, login.host, port, login.field_names)


def tags(declared: Declaration) -> list[dict[str, str]]:
    """Return the declaration as tags of the user, from which a rotation reads it."""
    return [{"key": name, "value": value} for name, value in declared.named(TAGS).items()]


def _digest(wanted: Wanted, function: tuple[str, str | None]) -> str:
    """Return a digest of everything about a login that cannot be changed after creation.

    The stack's own region and the region's own endpoint are left out, so that a stack can be given its ``env`` later.
    """
    stack, login = wanted.stack, wanted.login
    region = None if login.region == place_of(stack).region else login.region
    host = None if login.host == check_host(None, login.region) else login.host
    told = [region, host, login.port, login.field_names, *wanted.chosen, *function]
    return digest(stack.resolve(told) if any(map(is_token, told)) else told)


def _schedule(scope: Construct, secret_arn: str, function_arn: str, hours: int) -> secretsmanager.CfnRotationSchedule:
    """Have Secrets Manager renew the login at an interval, but not at deployment.

    See https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html
    """
    # Whether `rate(1 days)` is taken is not documented.
    rate = f"rate({hours} hours)" if hours % 24 or hours == 24 else f"rate({hours // 24} days)"  # noqa: PLR2004 - a day
    return secretsmanager.CfnRotationSchedule(
        scope,
        "Rotation",
        secret_id=secret_arn,
        rotation_lambda_arn=function_arn,
        rotate_immediately_on_update=False,
        rotation_rules={"scheduleExpression": rate},
    )
