"""The entry point of the function."""

from __future__ import annotations

import functools
import os
import time
from typing import TYPE_CHECKING, Any, Literal

from .deployment import deploy
from .keys import Keys
from .lifecycle import Lifecycle
from .logins import Logins
from .patience import Patience
from .rotation import rotate
from .terraform import ACTION, apply
from .versions import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

WORK_MARGIN_SECONDS = 30


def handler(event: Mapping[str, Any], context: Any) -> dict[str, str] | None:  # noqa: ANN401 - Lambda's own class
    """Serve one event. A failed rotation step raises an error. CloudFormation gets a response."""
    seconds = context.get_remaining_time_in_millis() / 1000
    patience = _patience(seconds)
    if "Step" in event:
        lifecycle = _lifecycle(event["SecretId"], patience)
        rotate(event["Step"], event["ClientRequestToken"], lifecycle)
        return None
    if ACTION in event:
        return apply(event, lambda secret_id: _lifecycle(secret_id, patience), context.aws_request_id)
    deploy(event, lambda secret_id: _lifecycle(secret_id, patience), seconds, context.log_group_name)
    return None


def _patience(seconds: float) -> Patience:
    now = time.time()
    return Patience(started=now, deadline=now + seconds - WORK_MARGIN_SECONDS)


def _lifecycle(secret_id: str, patience: Patience) -> Lifecycle:
    keys = Keys(iam=_client("iam", 5), key_maker=_client("iam", 1), patience=patience)
    secret = Secret(client=_client("secretsmanager", 5), secret_id=secret_id, patience=patience)
    logins = Logins(keys=keys, secret=secret, patience=patience, verify=os.environ.get("VERIFY_LOGIN") != "false")
    return Lifecycle(keys=keys, secret=secret, logins=logins, patience=patience)


@functools.cache
def _client(service: Literal["iam", "secretsmanager"], attempts: int) -> Any:  # noqa: ANN401 - two types of client
    """Return a client, which is created on first use. Its calls time out long before the function does."""
    import boto3  # noqa: PLC0415 - the SDK is slow to import
    from botocore.config import Config  # noqa: PLC0415 - the same

    config = Config(connect_timeout=5, read_timeout=10, retries={"mode": "standard", "total_max_attempts": attempts})
    return boto3.client(service, config=config)
