"""Checks of the function's properties."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aws_cdk import aws_lambda as lambda_

from ses_secure_user.cdk.refusal import check_class, check_construct, refusal, wrong_type
from ses_secure_user.cdk.tokens import is_token

if TYPE_CHECKING:
    from aws_cdk import aws_sqs as sqs

FUNCTION_SECONDS = 600
EVENT_AGE_SECONDS = 300
SERVICE_TIMEOUT_SECONDS = FUNCTION_SECONDS + EVENT_AGE_SECONDS
"""The timeout of the custom resource: an event that starts as late as possible still ends before it."""

OLDEST_RUNTIME = (3, 11)
SAFE_CONCURRENCY = 10
"""Below it, rotations are known to stall
(https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot_rotation.html).
"""


def check_runtime(runtime: lambda_.Runtime) -> None:
    """Check the runtime.

    Raises:
        ValueError: It is not Python, or older than 3.11.
    """
    check_class("runtime", runtime, lambda_.Runtime, "lambda_.Runtime.PYTHON_3_14")
    version = re.fullmatch(r"python(\d+)\.(\d+)", runtime.name)
    if not version or (int(version[1]), int(version[2])) < OLDEST_RUNTIME:
        raise refusal("runtime", "be Python 3.11 or later", runtime.name, "write one such as Runtime.PYTHON_3_14")


def check_concurrency(limit: int | None) -> None:
    """Check the reserved concurrency.

    Raises:
        ValueError: It is not a whole number of at least 1.
    """
    if limit is None or is_token(limit):
        return
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
        rule = "be a whole number, at least 1"
        raise wrong_type("reserved_concurrent_executions", rule, limit, "leave it out for no limit")


def check_dead_letter_queue(queue: sqs.IQueue | None) -> None:
    """Check the dead-letter queue.

    Raises:
        ValueError: It is not a queue, or Lambda cannot use it
            (https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html).
    """
    check_construct("dead_letter_queue", queue, "sqs.IQueue", "queue_arn")
    if queue is not None and queue.fifo:
        remedy = "write one such as sqs.Queue(self, …) without fifo"
        raise refusal("dead_letter_queue", "be a standard queue, because Lambda sends to no other", "FIFO", remedy)


def function_warnings(concurrency: int | None, *, verify_login: bool) -> list[tuple[str, str]]:
    """Return warnings about valid but risky settings: pairs of a stable id and a message."""
    found = []
    if not verify_login:
        message = "`verify_login` is False, so a login may become current before SES accepts it"
        found.append(("ses-secure-user:untestedLogin", message))
    if concurrency is not None and not is_token(concurrency) and concurrency < SAFE_CONCURRENCY:
        message = (
            f"`reserved_concurrent_executions` is {concurrency}: below {SAFE_CONCURRENCY}, rotations and deployments at"
            " the same time are throttled and may stall"
        )
        found.append(("ses-secure-user:lowConcurrency", message))
    return found
