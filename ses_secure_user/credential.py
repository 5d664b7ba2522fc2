"""The credential: the resource that has it issued, the tags that say what for, and the schedule that renews it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CfnResource, Token
from aws_cdk import aws_secretsmanager as secretsmanager

from .credential_issuer import SERVICE_TIMEOUT_SECONDS
from .issuer.contract import PROPERTIES, TAGS, Declaration
from .tokens import is_token

if TYPE_CHECKING:
    from constructs import Construct

    from .access import Subject
    from .credential_issuer import CredentialIssuer
    from .login import Login


def declare(login: Login, *, user_name: str, from_address: str) -> Declaration:
    """Write down what the function is told: as the credential's properties, and for a rotation as the secret's tags."""
    verify_login = str(login.verify).lower()
    port = Token.as_string(login.port) if is_token(login.port) else str(login.port)
    return Declaration(user_name, login.region, login.host, port, from_address, verify_login, login.field_names)


def tags(declared: Declaration) -> list[dict[str, str]]:
    """Tag a secret with what a rotation is to issue: its event names nothing but the secret."""
    return [{"key": name, "value": value} for name, value in declared.named(TAGS).items() if value]


def issue(scope: Construct, issuer: CredentialIssuer, subject: Subject, declared: Declaration) -> CfnResource:
    """Have a login issued at deployment, and its user's keys deleted with the resource that is returned."""
    credential = CfnResource(
        scope,
        "Credential",
        type="Custom::SesSmtpCredential",
        properties={
            "ServiceToken": issuer.function_arn,
            "ServiceTimeout": SERVICE_TIMEOUT_SECONDS,
            "SecretId": subject.secret_arn,
            **{name: value for name, value in declared.named(PROPERTIES).items() if value},
        },
    )
    credential.add_resource_dependency(issuer._serve(subject))  # noqa: SLF001 - the two make one construct
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
