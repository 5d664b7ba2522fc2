"""The function that asks whether a rotation is overdue: its judgement, and what it logs."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import botocore.exceptions
import pytest
from moto import mock_aws

from ses_secure_user.watch.overdue import is_overdue, watch

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SOON, PAST = NOW + timedelta(hours=1), NOW - timedelta(seconds=1)


class Described:
    """A client that describes secrets as it is told to; one without a description is refused."""

    exceptions = boto3.client("secretsmanager", region_name="eu-west-1").exceptions

    def __init__(self, **described: dict[str, Any]) -> None:
        self._described = described

    def describe_secret(self, *, SecretId: str) -> dict[str, Any]:  # noqa: N803 - boto3's own
        if SecretId in self._described:
            return self._described[SecretId]
        raise botocore.exceptions.ClientError({"Error": {"Code": "AccessDeniedException"}}, "DescribeSecret")


@pytest.mark.parametrize(
    ("described", "overdue"),
    [
        ({"RotationEnabled": True, "NextRotationDate": SOON}, False),
        ({"RotationEnabled": True, "NextRotationDate": SOON, "LastRotatedDate": PAST}, False),
        ({"RotationEnabled": True, "NextRotationDate": PAST}, True),
        ({"RotationEnabled": True}, True),
        ({"RotationEnabled": False, "NextRotationDate": SOON}, True),
        ({}, True),
        ({"RotationEnabled": True, "NextRotationDate": SOON, "DeletedDate": NOW}, True),
    ],
)
def test_a_rotation_is_overdue_past_its_date_or_without_one(described: dict[str, Any], *, overdue: bool) -> None:
    assert is_overdue(Described(one=described), "one", NOW.timestamp()) is overdue


@mock_aws
def test_a_secret_gone_or_without_rotation_is_overdue() -> None:
    client = boto3.client("secretsmanager", region_name="eu-west-1")
    arn = client.create_secret(Name="one")["ARN"]

    assert is_overdue(client, arn, NOW.timestamp())
    assert is_overdue(client, "gone", NOW.timestamp())


def test_a_secret_that_cannot_be_read_hides_no_other(
    capsys: pytest.CaptureFixture[str],
) -> None:
    due = {"RotationEnabled": True, "NextRotationDate": PAST}
    client = Described(one=due, three=due | {"NextRotationDate": SOON})

    with pytest.raises(RuntimeError, match=r"^two: .*AccessDeniedException"):
        watch(["one", "two", "three"], client, NOW.timestamp())

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["SecretId"], line["RotationOverdue"]) for line in lines] == [("one", 1), ("three", 0)]
    assert lines[0]["_aws"] == {
        "Timestamp": int(NOW.timestamp() * 1000),
        "CloudWatchMetrics": [
            {
                "Namespace": "SesSecureUser",
                "Dimensions": [["SecretId"]],
                "Metrics": [{"Name": "RotationOverdue", "Unit": "Count"}],
            }
        ],
    }
