"""The rotation interval of a login."""

from datetime import timedelta

from aws_cdk import Duration

from ses_secure_user.cdk.refusal import check_class, refusal

from .key_age import LONGEST_AUDITED

DEFAULT_INTERVAL = Duration.days(30)

_DEFAULT_HOURS = 30 * 24
_SHORTEST_HOURS = 4
_LONGEST_HOURS = 999 * 24


def check_interval(rotation_interval: Duration | None) -> int | None:
    """Check the rotation interval, and return it in hours; None for no rotation.

    Raises:
        ValueError: Secrets Manager does not support the interval
            (https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html).
    """
    if rotation_interval is None:
        return None
    if rotation_interval is DEFAULT_INTERVAL:
        return _DEFAULT_HOURS
    if not isinstance(rotation_interval, Duration) or rotation_interval.is_unresolved():
        raise refusal("rotation_interval", "be a Duration", rotation_interval, "write one such as Duration.days(30)")
    hours = rotation_interval.to_seconds(integral=False) / 3600
    if hours % 1 or not _SHORTEST_HOURS <= hours <= _LONGEST_HOURS:
        remedy = "write one such as Duration.days(30)"
        rule = "be whole hours, at least 4 and at most 999 days"
        raise refusal("rotation_interval", rule, rotation_interval.to_human_string(), remedy)
    return int(hours)


def interval_warnings(hours: int | None) -> list[tuple[str, str]]:
    """Return warnings about valid but risky intervals: pairs of a stable id and a message."""
    if hours is None:
        text = "`rotation_interval` is None, so a leaked login stays valid until you revoke it"
        return [("ses-secure-user:noRotation", text)]
    if timedelta(hours=hours) > LONGEST_AUDITED:
        text = (
            f"`rotation_interval` is {hours / 24:g} days, and a key exists for two intervals: longer than the 90 days"
            " that CIS and Security Hub's IAM.3 allow"
        )
        return [("ses-secure-user:longRotation", text)]
    return []


def check_period(period: Duration | None, default: Duration, example: str) -> Duration:
    """Check the period of a metric, and return the default if none is given.

    Raises:
        ValueError: It is not a Duration.
    """
    period = default if period is None else period
    check_class("period", period, Duration, example)
    return period
