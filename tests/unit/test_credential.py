"""The credential: its schedule."""

import aws_cdk as cdk
import pytest

from tests.unit.users import resources, user


@pytest.mark.parametrize(
    ("interval", "rate"),
    [
        (cdk.Duration.days(30), "rate(30 days)"),
        (cdk.Duration.hours(48), "rate(2 days)"),
        (cdk.Duration.hours(4), "rate(4 hours)"),
        (cdk.Duration.minutes(300), "rate(5 hours)"),
    ],
)
def test_the_interval_becomes_the_secrets_rotation_schedule(
    stack: cdk.Stack, interval: cdk.Duration, rate: str
) -> None:
    user(stack, rotation_interval=interval)
    (schedule,) = resources(stack, "AWS::SecretsManager::RotationSchedule")
    assert schedule["RotationRules"] == {"ScheduleExpression": rate}


def test_without_an_interval_nothing_rotates(stack: cdk.Stack) -> None:
    user(stack, rotation_interval=None)
    assert resources(stack, "AWS::SecretsManager::RotationSchedule") == []
