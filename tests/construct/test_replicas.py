"""Replicas of the secret in other regions."""

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager

from tests.construct.users import refused


@pytest.mark.parametrize(
    ("given", "message"),
    [
        *(
            (
                given,
                f'`replica_regions` must be a list of regions, got {given!r}; write one such as ["eu-central-1"]',
            )
            for given in (None, [None], "eu-central-1")
        ),
        (
            ["Frankfurt"],
            "`replica_regions` must be the name of a region, got Frankfurt; write one such as eu-west-1",
        ),
        (
            ["eu-west-1"],
            "`replica_regions` must not name the region of the secret, got eu-west-1; leave it out",
        ),
        (
            ["eu-central-1", "eu-central-1"],
            "`replica_regions` must name each region once, got eu-central-1 twice; leave one out",
        ),
    ],
)
def test_a_wrong_region_is_refused(stack: cdk.Stack, given: object, message: str) -> None:
    assert refused(stack, replica_regions=given) == message


def test_the_key_of_a_replica_must_be_in_its_region(stack: cdk.Stack) -> None:
    replica = secretsmanager.ReplicaRegion(region="eu-central-1", encryption_key=kms.Key(stack, "Key"))

    assert refused(stack, replica_regions=[replica]) == (
        "`replica_regions` must be in eu-central-1, got a key in eu-west-1; give a key in that region:"
        " kms.Key.from_key_arn(…)"
    )
