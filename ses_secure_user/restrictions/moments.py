"""Times in the format of `aws:CurrentTime`: in UTC, to the second."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ses_secure_user.cdk.refusal import refusal, wrong_type

FORMAT = "%Y-%m-%dT%H:%M:%SZ"
PATTERN = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


def spelled(prop: str, moment: object) -> str:
    """Return a time in the format of IAM.

    Raises:
        ValueError: It is not a datetime with a time zone, or is in the past.
    """
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise wrong_type(
            prop, "be a datetime with a time zone", moment, "write one such as datetime(2027, 1, 31, tzinfo=UTC)"
        )
    text = moment.astimezone(UTC).strftime(FORMAT)
    if moment <= datetime.now(UTC):
        raise refusal(prop, "be in the future", text, "write a later time, or remove the user")
    return text


def second_before(text: str) -> str:
    """Return the second before a time."""
    return (datetime.fromisoformat(text) - timedelta(seconds=1)).strftime(FORMAT)
