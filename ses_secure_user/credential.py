"""The credential: the resource that has it issued, the tags that say what for, and the schedule that renews it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CfnResource
from aws_cdk import aws_secretsmanager as secretsmanager

from .credential_issuer import SERVICE_TIMEOUT_SECONDS

if TYPE_CHECKING:
    from constructs import Construct

    from .access import Subject
    from .credential_issuer import CredentialIssuer
    from .login import Login

_TAG_PREFIX = "ses-secure-user:"


def issue(
    scope: Construct, issuer: CredentialIssuer, subject: Subject, login: Login, *, from_address: str
) -> CfnResource:
    """Have a login issued at deployment, and withdrawn with the resource that is returned."""
    credential = CfnResource(
        scope,
        "Credential",
        type="Custom::SesSmtpCredential",
        properties={
            "ServiceToken": issuer.function_arn,
            "ServiceTimeout": SERVICE_TIMEOUT_SECONDS,
            "UserName": subject.user_name,
            "SecretId": subject.secret_arn,
            "Region": login.region,
            "Host": login.host,
            "Port": login.port,
            "FromAddress": from_address,
            "VerifyLogin": login.verify,
            **({"Fields": login.field_names} if login.fields else {}),
        },
    )
    credential.add_resource_dependency(issuer._serve(subject))  # noqa: SLF001 - the two make one construct
    return credential


def login_tags(login: Login, user_name: str) -> list[dict[str, str]]:
    """Tag a secret with what a rotation is to issue: its event names nothing but the secret."""
    values = {
        "user-name": user_name,
        "region": login.region,
        "host": login.host,
        "port": str(login.port),
        "verify-login": str(login.verify).lower(),
        **({"fields": login.field_names} if login.fields else {}),
    }
    return [{"key": _TAG_PREFIX + name, "value": value} for name, value in values.items()]


def rotate(scope: Construct, issuer: CredentialIssuer, subject: Subject, credential: CfnResource, hours: int) -> None:
    """Have Secrets Manager renew the login at an interval, but not at deployment.

    See https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html
    """
    rate = f"rate({hours} hours)" if hours % 24 else f"rate({hours // 24} days)"
    schedule = secretsmanager.CfnRotationSchedule(
        scope,
        "Rotation",
        secret_id=subject.secret_arn,
        rotation_lambda_arn=issuer.function_arn,
        rotate_immediately_on_update=False,
        rotation_rules={"scheduleExpression": rate},
    )
    schedule.add_resource_dependency(credential)
