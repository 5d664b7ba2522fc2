"""The function that tells CloudWatch, of each secret that it is asked of, whether its rotation is overdue.

It reads when a rotation is due and never what a secret holds. A metric is a line of its log, in CloudWatch's embedded
metric format (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format.html).
"""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMESPACE = "SesSecureUser"
METRIC = "RotationOverdue"
DIMENSION = "SecretId"


def handler(event: Mapping[str, Any], _: object) -> None:
    """Look at each secret; one that cannot be read gets no data, and the invocation fails after the others."""
    import boto3  # noqa: PLC0415 - the tests hand in a client of their own

    watch(event["SecretIds"], boto3.client("secretsmanager"), time.time())


def watch(secret_ids: list[str], client: Any, now: float) -> None:  # noqa: ANN401 - boto3 has no type at run time
    """Write the metric of each secret.

    Raises:
        RuntimeError: Some could not be read.
    """
    unread = []
    for secret_id in secret_ids:
        try:
            overdue = is_overdue(client, secret_id, now)
        except client.exceptions.ClientError as error:
            unread.append(f"{secret_id}: {error}")
        else:
            sys.stdout.write(json.dumps(_metric(secret_id, now, overdue=overdue)) + "\n")
    if unread:
        raise RuntimeError("; ".join(unread))


def is_overdue(client: Any, secret_id: str, now: float) -> bool:  # noqa: ANN401 - the same
    """Whether no rotation will come in time: the due date has passed, or there is none, or the secret is deleted."""
    try:
        secret = client.describe_secret(SecretId=secret_id)
    except client.exceptions.ResourceNotFoundException:
        return True
    due = secret.get("NextRotationDate")
    return not secret.get("RotationEnabled") or "DeletedDate" in secret or due is None or due.timestamp() < now


def _metric(secret_id: str, now: float, *, overdue: bool) -> dict[str, object]:
    directive = {"Namespace": NAMESPACE, "Dimensions": [[DIMENSION]], "Metrics": [{"Name": METRIC, "Unit": "Count"}]}
    metadata = {"Timestamp": int(now * 1000), "CloudWatchMetrics": [directive]}
    return {"_aws": metadata, DIMENSION: secret_id, METRIC: int(overdue)}
