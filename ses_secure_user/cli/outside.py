"""The external dependencies of the command line, which tests can replace."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from .verify.place import own_address

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_iam import IAMClient
    from types_boto3_secretsmanager import SecretsManagerClient
    from types_boto3_sesv2 import SESV2Client

_TIMEOUTS = Config(connect_timeout=10, read_timeout=30)
_RETRIES = Config(retries={"mode": "adaptive", "total_max_attempts": 8})
"""More attempts than the default, because many calls to the simulator are throttled."""


@dataclass(frozen=True, slots=True)
class Outside:
    """The clock, the sleep function and the public address of this machine."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    address: Callable[[], str] = own_address


def region_of(arn: str) -> str | None:
    """Return the region of an ARN, or None if the text is not an ARN."""
    parts = arn.split(":")
    return parts[3] if parts[0] == "arn" and len(parts) > 3 else None  # noqa: PLR2004 - arn:PARTITION:SERVICE:REGION


class Aws:
    """The AWS clients for one set of credentials.

    Args:
        profile: A profile of the AWS configuration. Default: the profile of the environment.
        region: The region. Default: ``AWS_REGION``, ``AWS_DEFAULT_REGION`` or the profile's region.
    """

    def __init__(self, profile: str | None, region: str | None) -> None:
        named = region or os.environ.get("AWS_REGION") or None
        own_retries = {"AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE"} & os.environ.keys()
        self._config = _TIMEOUTS if own_retries else _TIMEOUTS.merge(_RETRIES)
        self._session = boto3.Session(profile_name=profile, region_name=named)

    def iam(self) -> IAMClient:
        """Return a client of IAM, which is a global service."""
        return self._session.client("iam", config=self._config)

    def ses(self, region: str) -> SESV2Client:
        """Return a client of SES in a region."""
        return self._session.client("sesv2", region_name=region, config=self._config)

    def secrets(self) -> SecretsManagerClient:
        """Return a client of Secrets Manager."""
        return self._session.client("secretsmanager", config=self._config)

    def account(self) -> str:
        """Return the account id. This call requires no permission."""
        return str(self._session.client("sts", config=self._config).get_caller_identity()["Account"])

    def ses_regions(self) -> list[str]:
        """Return all regions with SES in the partition of the configured region."""
        partition = self.partition(self._session.region_name or "us-east-1")
        return self._session.get_available_regions("sesv2", partition_name=partition)

    def partition(self, region: str) -> str:
        """Return the partition of a region, such as ``aws``."""
        return self._session.get_partition_for_region(region)
