"""The properties of a `CredentialIssuer` as a type, for `CredentialIssuer.of`."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_ec2 as ec2
    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_lambda as lambda_
    from aws_cdk import aws_logs as logs
    from aws_cdk import aws_sns as sns
    from aws_cdk import aws_sqs as sqs


class IssuerProperties(TypedDict, total=False):
    """The properties of `CredentialIssuer`, for `CredentialIssuer.of`. They are documented there."""

    vpc: ec2.IVpc | None
    vpc_subnets: ec2.SubnetSelection | None
    security_groups: Sequence[ec2.ISecurityGroup] | None
    encryption_key: kms.IKey | None
    dead_letter_queue: sqs.IQueue | None
    reserved_concurrent_executions: int | None
    role: iam.IRole | None
    log_retention: logs.RetentionDays
    tracing: lambda_.Tracing
    runtime: lambda_.Runtime
    alarm_topic: sns.ITopic | None
    verify_login: bool
