"""The role of the function, and the permissions of every Lambda function: logs, dead-letter queue, VPC, tracing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_iam as iam

from ses_secure_user.cdk.findings import acknowledge_any_resource
from ses_secure_user.cdk.kms_keys import key_behind
from ses_secure_user.cdk.statements import Statement, allow, policy, via

from .vpc import interface_statements

if TYPE_CHECKING:
    from aws_cdk import aws_logs as logs
    from aws_cdk import aws_sqs as sqs
    from constructs import Construct

    from ses_secure_user.cdk.tokens import Place

_TRACE_ACTIONS = ("xray:PutTraceSegments", "xray:PutTelemetryRecords")


def function_role(scope: Construct, given: iam.IRole | None) -> tuple[str, str]:
    """Return the name and the ARN of the function's role. Create the role if none is given."""
    if given:
        return given.role_name, given.role_arn
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    role = iam.CfnRole(scope, "Role", assume_role_policy_document=policy(trust))
    return role.ref, role.attr_arn


def basic_policy(  # noqa: PLR0913 - one for each thing that a function may have
    scope: Construct,
    role_name: str,
    log_group: logs.ILogGroup,
    queue: sqs.IQueue | None,
    place: Place,
    *,
    in_vpc: bool,
    traced: bool,
) -> iam.CfnManagedPolicy:
    """Create the policy that lets the function run.

    Args:
        scope: The issuer.
        role_name: The function's role.
        log_group: The function's log group.
        queue: The function's dead-letter queue.
        place: The stack's account, region and partition.
        in_vpc: Whether to add the permissions for a VPC.
        traced: Whether to add the permissions for X-Ray.
    """
    statements = [allow(["logs:CreateLogStream", "logs:PutLogEvents"], [log_group.log_group_arn])]
    if queue:
        statements += _sending(queue, place.region)
    if in_vpc:
        statements += interface_statements()
    if traced:
        statements.append(allow(_TRACE_ACTIONS, ["*"]))
    made = iam.CfnManagedPolicy(scope, "Basics", policy_document=policy(*statements), roles=[role_name])
    reasons = (
        (in_vpc, "Lambda attaches the function to its VPC with this role, and its code is denied the same actions"),
        (traced, "X-Ray's actions have no resource-level permissions"),
    )
    acknowledge_any_resource(made, [reason for needed, reason in reasons if needed])
    return made


def log_encryption(place: Place) -> iam.PolicyStatement:
    """Return the statement for a key's policy that allows CloudWatch Logs to encrypt the log groups of an account."""
    account, region, partition = place
    log_groups = f"arn:{partition}:logs:{region}:{account}:log-group:*"
    return iam.PolicyStatement(
        principals=[iam.ServicePrincipal(f"logs.{region}.amazonaws.com")],
        actions=["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
        resources=["*"],
        conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": log_groups}},
    )


def _sending(queue: sqs.IQueue, region: str) -> list[Statement]:
    """Return the statements that allow Lambda to send to a queue, and to use its key through SQS only."""
    statements = [allow(["sqs:SendMessage"], [queue.queue_arn])]
    key = key_behind("dead_letter_queue", queue.encryption_master_key)
    if key:
        statements.append(allow(["kms:Decrypt", "kms:GenerateDataKey"], [key.key_arn], StringEquals=via("sqs", region)))
    return statements
