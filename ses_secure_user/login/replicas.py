"""Replicas of the secret in other regions."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aws_cdk import aws_secretsmanager as secretsmanager

from ses_secure_user.cdk.kms_keys import check_key_region, key_behind
from ses_secure_user.cdk.refusal import refusal, wrong_type

from .endpoint import check_region

if TYPE_CHECKING:
    from collections.abc import Sequence

_PROPERTY = "replica_regions"


class Replica(NamedTuple):
    """A replica: its region, and the ARN of its customer managed key if it has one."""

    region: str
    key_arn: str | None = None


def check_replicas(given: Sequence[str | secretsmanager.ReplicaRegion], home: str) -> tuple[Replica, ...]:
    """Check the regions of the secret's replicas.

    Args:
        given: The regions; a ``ReplicaRegion`` sets the key of the replica.
        home: The region of the secret.

    Raises:
        ValueError: They are not a list of regions, one is the region of the secret or is named twice, or a key is in
            another region.
    """
    if not isinstance(given, list | tuple) or not all(
        isinstance(one, str | secretsmanager.ReplicaRegion) for one in given
    ):
        raise wrong_type(_PROPERTY, "be a list of regions", given, 'write one such as ["eu-central-1"]')
    replicas = tuple(_replica(one) for one in given)
    regions = [one.region for one in replicas]
    for region in regions:
        if region == home:
            raise refusal(_PROPERTY, "not name the region of the secret", region, "leave it out")
        if regions.count(region) > 1:
            raise refusal(_PROPERTY, "name each region once", f"{region} twice", "leave one out")
    return replicas


def _replica(given: str | secretsmanager.ReplicaRegion) -> Replica:
    if isinstance(given, str):
        return Replica(check_region(_PROPERTY, given))
    region, key = check_region(_PROPERTY, given.region), key_behind(_PROPERTY, given.encryption_key)
    check_key_region(_PROPERTY, key, region)
    return Replica(region, key.key_arn if key else None)
