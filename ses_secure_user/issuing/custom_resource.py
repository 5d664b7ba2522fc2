"""The credential: the resource that has it issued, the tags that say what for, and the schedule that renews it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CfnResource, Token
from aws_cdk import aws_secretsmanager as secretsmanager

from ses_secure_user.cdk.logical_ids import digest
from ses_secure_user.cdk.tokens import is_token, place_of
from ses_secure_user.credential_issuer import SERVICE_TIMEOUT_SECONDS
from ses_secure_user.functions.issuer.contract import PROPERTIES, TAGS, Declaration
from ses_secure_user.login.endpoint import check_host

if TYPE_CHECKING:
    from aws_cdk import Stack
    from constructs import Construct

    from ses_secure_user.credential_issuer import CredentialIssuer
    from ses_secure_user.login.settings import Login

    from .role_access import Subject


def login_digest(stack: Stack, login: Login, chosen: tuple[str | None, str | None], issuer: CredentialIssuer) -> str:
    """Shorten what cannot be changed about a login after creation.

    The stack's own region and the region's own endpoint are left out, so that a stack can be given its ``env`` later.

    Args:
        stack: The user's stack.
        login: What it is valid for.
        chosen: The names that the caller chose for the user and the secret.
        issuer: The function that issues it.
    """
    region = None if login.region == place_of(stack).region else login.region
    host = None if login.host == check_host(None, login.region) else login.host
    function = issuer._identity(stack)  # noqa: SLF001 - the two make one construct
    told = [region, host, login.port, login.field_names, *chosen, *function]
    return digest(stack.resolve(told) if any(map(is_token, told)) else told)


def declare(login: Login, secret_arn: str) -> Declaration:
    """Write down what a login is valid for, and which secret holds it."""
    port = Token.as_string(login.port) if is_token(login.port) else str(login.port)
    return Declaration(secret_arn, login.region, login.host, port, login.field_names)


def tags(declared: Declaration) -> list[dict[str, str]]:
    """Write it as tags of the user, from which a rotation reads it."""
    return [{"key": name, "value": value} for name, value in declared.named(TAGS).items()]


def issue(scope: Construct, issuer: CredentialIssuer, subject: Subject, declared: Declaration) -> CfnResource:
    """Create the custom resource that issues the login; deleting it deletes all access keys of the user."""
    credential = CfnResource(
        scope,
        "Credential",
        type="Custom::SesSmtpCredential",
        properties={
            "ServiceToken": issuer.function_arn,
            "ServiceTimeout": SERVICE_TIMEOUT_SECONDS,
            "UserName": subject.user_name,
            **declared.named(PROPERTIES),
        },
    )
    credential.add_resource_dependency(issuer._serve(subject))  # noqa: SLF001 - the two make one construct
    subject.ids.give(credential, "Credential")
    return credential


def rotate(scope: Construct, issuer: CredentialIssuer, subject: Subject, credential: CfnResource, hours: int) -> None:
    """Have Secrets Manager renew the login at an interval, but not at deployment.

    See https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html
    """
    # Whether `rate(1 days)` is taken is not documented.
    rate = f"rate({hours} hours)" if hours % 24 or hours == 24 else f"rate({hours // 24} days)"  # noqa: PLR2004 - a day
    schedule = secretsmanager.CfnRotationSchedule(
        scope,
        "Rotation",
        secret_id=subject.secret_arn,
        rotation_lambda_arn=issuer.function_arn,
        rotate_immediately_on_update=False,
        rotation_rules={"scheduleExpression": rate},
    )
    schedule.add_resource_dependency(credential)
    subject.ids.give(schedule, "Rotation")
