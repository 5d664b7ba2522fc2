"""The properties of `SecureSesSmtpUser` as a type, for constructs that wrap it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from aws_cdk import Duration, RemovalPolicy
    from aws_cdk import aws_ec2 as ec2
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_secretsmanager as secretsmanager
    from aws_cdk import aws_ses as ses

    from .credential_issuer import CredentialIssuer


class _Required(TypedDict):
    identity: str | ses.IEmailIdentity | Sequence[str | ses.IEmailIdentity]
    from_address: str | Sequence[str]


class UserProperties(_Required, total=False):
    """The properties of `SecureSesSmtpUser`, for a construct that sets defaults. They are documented there.

    Annotate its keyword arguments with ``Unpack[UserProperties]`` (https://typing.python.org/en/latest/spec/callables.html).
    """

    from_display_name: str | Sequence[str] | None
    allowed_cidrs: Sequence[str]
    allowed_vpc_endpoints: Sequence[str | ec2.IVpcEndpoint]
    allowed_vpcs: Sequence[str | ec2.IVpc]
    allowed_recipients: Sequence[str] | None
    feedback_address: str | None
    configuration_set: str | ses.IConfigurationSet | None
    sandbox_recipients: Sequence[str]
    valid_until: datetime | None
    ses_region: str | None
    smtp_host: str | None
    smtp_port: int
    rotation_interval: Duration | None
    encryption_key: kms.IKey | None
    user_name: str | None
    user_path: str | None
    secret_name: str | None
    secret_fields: Mapping[str, str] | None
    replica_regions: Sequence[str | secretsmanager.ReplicaRegion]
    removal_policy: RemovalPolicy
    issuer: CredentialIssuer | None
