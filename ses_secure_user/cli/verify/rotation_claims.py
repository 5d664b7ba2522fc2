"""Claims about the rotation of the secret: its schedule, its function and its progress."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from ses_secure_user.cli.claims import Claim, Finding, Judge, Verdict
from ses_secure_user.login.key_age import LONGEST_AUDITED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .known import Known

WAITS = (5,) * 12
"""The seconds between two checks of a rotation in progress: one minute in total."""

UNDER_WAY = timedelta(minutes=15)
"""The longest that a rotation can take. One that is pending longer is stuck."""

_INTERVAL = r"(?P<count>[0-9]{1,5}) (?P<unit>hour|day)s?"
_CONFIGURED = {"RotationRules", "RotationLambdaARN", "LastRotatedDate"}


def parse_interval(text: str) -> timedelta | None:
    """Parse an interval such as ``30 days`` or ``12 hours``. Return None for other text."""
    found = re.fullmatch(_INTERVAL, text)
    return timedelta(**{f"{found['unit']}s": int(found["count"])}) if found else None


def rotation_claims(known: Known) -> list[Claim[Known]]:
    """Return the claims about the rotation of the secret."""
    description = known.secret.description
    if not description.get("RotationEnabled") and not _CONFIGURED & description.keys():
        return [Claim("rotation", "is the login rotated?", _never_rotated)]
    return [
        Claim("rotation", "the login is rotated on schedule", _rotation),
        Claim("rotation-stuck", "no rotation is stuck", _stuck),
    ]


def _never_rotated(known: Known) -> Finding:
    if known.expected.interval:
        return stored(f"no rotation schedule, expected every {_said(known.expected.interval)}", holds=False)
    evidence = "no: it was deployed without a rotation_interval"
    return Finding(Verdict.OBSERVED, (Judge.SECRETS_MANAGER,), evidence)


def _rotation(known: Known) -> Finding:
    description = known.secret.description
    due, function = description.get("NextRotationDate"), description.get("RotationLambdaARN", "")
    if not description.get("RotationEnabled"):
        return stored("rotation is turned off", holds=False)
    interval = _interval(description.get("RotationRules", {}))
    if fault := _fault_of(interval, known.expected.interval) or _fault_of_function(function, known.secret.arn):
        return stored(fault, holds=False)
    if due is None:
        return Finding(Verdict.NOT_PROVED, (Judge.SECRETS_MANAGER,), "rotation is on, but has no next date")
    if due <= known.now:
        return stored(f"overdue since {due:%Y-%m-%d}: rotations are failing", holds=False)
    every = f"every {_said(interval)}, " if interval else ""
    return stored(f"{every}due by {due:%Y-%m-%d}", holds=True)


def _interval(rules: Mapping[str, object]) -> timedelta | None:
    """Return the interval of a schedule, or None if it is not in hours or days."""
    if expression := rules.get("ScheduleExpression"):
        rate = re.fullmatch(r"rate\((.*)\)", str(expression))
        return parse_interval(rate[1]) if rate else None
    days = rules.get("AutomaticallyAfterDays")
    return timedelta(days=days) if isinstance(days, int) else None


def _fault_of(interval: timedelta | None, expected: timedelta | None) -> str:
    if interval is None:
        return "the schedule is not one that the construct writes, such as rate(30 days)"
    if expected:
        return "" if interval == expected else f"every {_said(interval)}, expected every {_said(expected)}"
    if interval <= LONGEST_AUDITED:
        return ""
    longest = f"longer than {_said(LONGEST_AUDITED)}, so a key lives for more than {_said(2 * LONGEST_AUDITED)}"
    return f"every {_said(interval)}, {longest}; if this is intended, use --expect-interval '{_said(interval)}'"


def _fault_of_function(function: str, secret_arn: str) -> str:
    """Return why a function cannot be the issuer, which is in the secret's account and region."""
    if not function:
        return "the secret has no rotation function"
    is_here = function.split(":")[3:5] == secret_arn.split(":")[3:5]
    return "" if is_here else "the rotation function is in another account or region"


def _said(interval: timedelta) -> str:
    hours = int(interval.total_seconds() // 3600)
    count, unit = (hours // 24, "day") if hours % 24 == 0 else (hours, "hour")
    return f"{count} {unit}{'' if count == 1 else 's'}"


def _stuck(known: Known) -> Finding:
    """Wait for a rotation in progress, such as the test rotation after the deployment of a schedule."""
    for pause in (0, *WAITS):
        if pause:
            known.sleep(pause)
        pending = known.secret.pending()
        if pending is None:
            return stored("no version is pending", holds=True)
        since = known.secret.created(pending)
        if since and known.now - since > UNDER_WAY:
            return stored(f"a version has been pending since {since:%Y-%m-%d %H:%M} UTC", holds=False)
    return Finding(Verdict.NOT_PROVED, (Judge.SECRETS_MANAGER,), "a rotation is in progress: try again later")


def stored(evidence: str, *, holds: bool) -> Finding:
    """Return a finding from a response of Secrets Manager."""
    return Finding.of(Judge.SECRETS_MANAGER, evidence, holds=holds)
