"""IAM statements and documents, as plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Statement = dict[str, Any]


def policy(*statements: Statement) -> dict[str, object]:
    """Return a policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(actions: Sequence[str], resources: Sequence[str], **conditions: Mapping[str, object]) -> Statement:
    """Return a statement that allows actions on resources.

    Args:
        actions: The actions.
        resources: The ARNs of the resources.
        conditions: The conditions, by operator. Default: none.
    """
    statement: Statement = {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}
    return statement | {"Condition": conditions} if conditions else statement


def via(service: str, region: str) -> dict[str, object]:
    """Return the condition that a KMS key is used only through one service of a region.

    See https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
    """
    return {"kms:ViaService": f"{service}.{region}.amazonaws.com"}
