"""Dates: they are written in UTC, to the second."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from ses_secure_user.restrictions.moments import second_before, spelled


def test_a_moment_is_written_in_utc() -> None:
    berlin = timezone(timedelta(hours=1))
    assert spelled("valid_until", datetime(2099, 1, 31, 0, 30, tzinfo=berlin)) == "2099-01-30T23:30:00Z"


@pytest.mark.parametrize("moment", [datetime(2099, 1, 31), "2099-01-31T00:00:00Z", 4_000_000_000])  # noqa: DTZ001
def test_a_date_without_a_time_zone_is_refused(moment: object) -> None:
    with pytest.raises(ValueError, match="must be a datetime with a time zone"):
        spelled("valid_until", moment)


def test_a_date_in_the_past_is_refused() -> None:
    with pytest.raises(ValueError, match="must be in the future, got 2026-01-31T00:00:00Z; write a later time"):
        spelled("valid_until", datetime(2026, 1, 31, tzinfo=UTC))


def test_the_other_moment_is_one_second_before() -> None:
    assert second_before("2099-01-01T00:00:00Z") == "2098-12-31T23:59:59Z"
