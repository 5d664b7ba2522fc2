"""The rotation interval, and the period of metrics."""

import aws_cdk as cdk
import pytest

from tests.construct.users import refused, user


@pytest.mark.parametrize(
    ("interval", "got"), [(cdk.Duration.hours(3), "3 hours"), (cdk.Duration.minutes(250), "4 hours 10 minutes")]
)
def test_an_interval_that_aws_does_not_support_is_refused(stack: cdk.Stack, interval: cdk.Duration, got: str) -> None:
    assert refused(stack, rotation_interval=interval) == (
        f"`rotation_interval` must be whole hours, at least 4 and at most 999 days, got {got};"
        " write one such as Duration.days(30)"
    )


def test_a_number_is_not_an_interval(stack: cdk.Stack) -> None:
    assert refused(stack, rotation_interval=30) == (
        "`rotation_interval` must be a Duration, got 30; write one such as Duration.days(30)"
    )


@pytest.mark.parametrize("metric", ["metric_sends", "metric_rotation_failures"])
def test_a_number_is_not_a_period(stack: cdk.Stack, metric: str) -> None:
    made = user(stack, configuration_set="transactional")

    with pytest.raises(ValueError, match=r"^`period` must be a Duration, got 60; "):
        getattr(made, metric)(period=60)
