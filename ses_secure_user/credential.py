"""The credential: the resource that has it issued, the tags that say what for, and the schedule that renews it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CfnResource
from aws_cdk import aws_secretsmanager as secretsmanager

from .credential_issuer import SERVICE_TIMEOUT_SECONDS
from .issuer.contract import FIELDS_PROPERTY, FIELDS_TAG, TAG_PREFIX, TAGS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs import Construct

    from .access import Subject
    from .credential_issuer import CredentialIssuer
    from .login import Login


def declare(login: Login, *, user_name: str, from_address: str) -> dict[str, str]:
    """Write what the function is told, by property: the credential has it, and its secret's tags for a rotation."""
    values = (user_name, login.region, login.host, str(login.port), from_address, str(login.verify).lower())
    fields = {FIELDS_PROPERTY: login.field_names} if login.fields else {}
    return dict(zip(TAGS, values, strict=True)) | fields


def tags(declared: Mapping[str, str]) -> list[dict[str, str]]:
    """Tag a secret with what a rotation is to issue: its event names nothing but the secret."""
    names = TAGS | {FIELDS_PROPERTY: FIELDS_TAG}
    return [{"key": TAG_PREFIX + names[prop], "value": value} for prop, value in declared.items()]


def issue(scope: Construct, issuer: CredentialIssuer, subject: Subject, declared: Mapping[str, str]) -> CfnResource:
    """Have a login issued at deployment, and its user's keys deleted with the resource that is returned."""
    credential = CfnResource(
        scope,
        "Credential",
        type="Custom::SesSmtpCredential",
        properties={
            "ServiceToken": issuer.function_arn,
            "ServiceTimeout": SERVICE_TIMEOUT_SECONDS,
            "SecretId": subject.secret_arn,
            **declared,
        },
    )
    credential.add_resource_dependency(issuer.serve(subject))
    return credential


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
