"""The custom resource that issues a login, and the schedule that rotates it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_cdk import Annotations, CfnResource
from aws_cdk import aws_secretsmanager as secretsmanager

from ses_secure_user.cdk.tokens import is_token, place_of
from ses_secure_user.functions.issuer.contract import NETWORKS, PROPERTIES
from ses_secure_user.login.endpoint import check_host

from .function_settings import SERVICE_TIMEOUT_SECONDS
from .logical_ids import digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import Stack
    from constructs import Construct

    from ses_secure_user.login.settings import Login

    from .role_access import Subject


def login_digest(stack: Stack, login: Login, function: Sequence[str | None]) -> str:
    """Return a digest of everything about a login that cannot be changed after creation.

    The ids of all its resources contain the digest, so CloudFormation replaces them together. The stack's region and
    the default endpoint are left out, so that ``env`` can be added to a stack later.

    Args:
        stack: The user's stack.
        login: The settings of the login.
        function: The function that issues it, as its own stack refers to it.
    """
    region = None if login.region == place_of(stack).region else login.region
    host = None if login.host == check_host(None, login.region) else login.host
    fixed = [region, host, login.port, login.field_names, login.user_name, login.secret_name, *function]
    return digest(stack.resolve(fixed) if any(map(is_token, fixed)) else fixed)


def issue(
    scope: Construct, subject: Subject, networks: Sequence[str], function_arn: str, needed: CfnResource
) -> CfnResource:
    """Create the custom resource that issues a login, and its rotation schedule.

    Deleting the resource deletes all access keys of the user.

    Args:
        scope: The construct to create them in.
        subject: The user.
        networks: The networks for the function to check, if only a deployment knows them.
        function_arn: The ARN of the function that issues it.
        needed: The resource that must be deployed before the function can serve the user.
    """
    login = subject.login
    credential = _Credential(
        scope,
        f"Credential{subject.digest}",
        type="Custom::SesSmtpCredential",
        properties={
            "ServiceToken": function_arn,
            "ServiceTimeout": SERVICE_TIMEOUT_SECONDS,
            "UserName": subject.user_name,
            **login.declared(subject.secret_arn).named(PROPERTIES),
            **({NETWORKS: list(networks)} if networks else {}),
        },
    )
    CfnResource.add_override(credential, "DeletionPolicy", "Delete")
    credential.add_resource_dependency(needed)
    if login.hours is not None:
        schedule = _schedule(scope, subject, function_arn, login.hours)
        schedule.add_override("DeletionPolicy", "Delete")  # the login of a retained secret is revoked
        schedule.add_resource_dependency(credential)
    return credential


class _Credential(CfnResource):
    """The custom resource. Its removal policy is always to delete it, because its deletion revokes the login."""

    def add_override(self, path: str, value: Any) -> None:  # noqa: ANN401 - as the CDK has it
        if path == "DeletionPolicy":
            if value not in {None, "Delete"}:
                text = (
                    f"DeletionPolicy {value} is not applied, because the deletion of this resource revokes the login;"
                    " to keep the login, keep the stack"
                )
                Annotations.of(self).add_warning_v2("ses-secure-user:retainedCredential", text)
            return
        super().add_override(path, value)


def _schedule(scope: Construct, subject: Subject, function_arn: str, hours: int) -> secretsmanager.CfnRotationSchedule:
    """Create the rotation schedule. Its creation does not start a rotation.

    See https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html
    """
    # `rate(1 days)` is not documented to be valid.
    rate = f"rate({hours} hours)" if hours % 24 or hours == 24 else f"rate({hours // 24} days)"  # noqa: PLR2004 - a day
    return secretsmanager.CfnRotationSchedule(
        scope,
        f"Rotation{subject.digest}",
        secret_id=subject.secret_arn,
        rotation_lambda_arn=function_arn,
        rotate_immediately_on_update=False,
        rotation_rules={"scheduleExpression": rate},
    )
