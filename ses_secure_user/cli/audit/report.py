"""The findings of `audit`, as a table and as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table
from rich.text import Text

from ses_secure_user.cli.claims import Verdict, overall
from ses_secure_user.cli.report import STYLES

from .audit import BEYOND_MAIL
from .worth import Reach

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from .audit import AuditedKey

MOVING = "How to replace one without a mail lost: docs/moving.md."


def audit_table(keys: Sequence[AuditedKey], now: datetime) -> Table:
    """Return a table with a row for each key: its user, its age, its last use, and the worth of a leak."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    made.add_column("")
    for heading in ("key", "made by", "age", "last used", "what a leak is worth", "its secret key also"):
        made.add_column(heading, overflow="fold")
    for one in keys:
        sign, style = STYLES[one.row.finding.verdict]
        worth = Text(one.row.finding.evidence, style if one.reach is Reach.ANYWHERE else "")
        columns = (one.name, one.user.made_by, _age(one, now), _used(one, now))
        made.add_row(Text(sign, style), *map(Text, columns), worth, Text(_beyond(one)))
    return made


def replacements(keys: Sequence[AuditedKey]) -> list[str]:
    """Return, for each user whose keys are worth anything from outside, the construct that replaces it."""
    worst = {one.user.name: one.replacement for one in keys if one.reach is Reach.ANYWHERE}
    return [f"{user}: {replacement}" for user, replacement in worst.items()]


def audit_json(keys: Sequence[AuditedKey], now: datetime) -> str:
    """Return one JSON object that contains an object for each key."""
    verdict = overall(one.row for one in keys)
    return json.dumps({"verdict": verdict, "keys": [_object(one, now) for one in keys]}, indent=2, ensure_ascii=False)


def _object(one: AuditedKey, now: datetime) -> dict[str, Any]:
    row = one.row
    return {
        "user": one.user.name,
        "key": row.name.rpartition(" ")[2],
        "made_by": one.user.made_by,
        "age_days": one.age(now),
        "last_used": one.last_used[0].isoformat() if one.last_used else None,
        "last_used_for": one.last_used[1] if one.last_used else None,
        "verdict": row.finding.verdict,
        "by": row.finding.by,
        "worth": row.finding.evidence,
        "beyond_mail": list(one.beyond),
        "replacement": one.replacement if row.finding.verdict is Verdict.BROKEN else None,
    }


def _age(one: AuditedKey, now: datetime) -> str:
    days = one.age(now)
    return "?" if days is None else _days(days)


def _used(one: AuditedKey, now: datetime) -> str:
    return f"{_days((now - one.last_used[0]).days)} ago ({one.last_used[1]})" if one.last_used else "not known"


def _days(days: int) -> str:
    return f"{days:,} day{'' if days == 1 else 's'}"


def _beyond(one: AuditedKey) -> str:
    if len(one.beyond) > len(BEYOND_MAIL):
        return "all that was asked about"
    return ", ".join(one.beyond) or "nothing found"
