"""Moments as `aws:CurrentTime` is compared with them: in UTC, to the second."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ses_secure_user.cdk.refusal import refusal, wrong_type

FORMAT = "%Y-%m-%dT%H:%M:%SZ"
PATTERN = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


def spelled(prop: str, moment: object) -> str:
    """Return a moment in the format that IAM expects.

    Raises:
        ValueError: It is no datetime with a time zone, or lies in the past.
    """
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise wrong_type(
            prop, "be a datetime with a time zone", moment, "write one such as datetime(2027, 1, 31, tzinfo=UTC)"
        )
    text = moment.astimezone(UTC).strftime(FORMAT)
    if moment <= datetime.now(UTC):
        raise refusal(prop, "lie in the future", text, "write a later one, or remove the user")
    return text


def second_before(text: str) -> str:
    """Return the last second that is before a moment."""
    return (datetime.fromisoformat(text) - timedelta(seconds=1)).strftime(FORMAT)
