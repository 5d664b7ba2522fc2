"""The report of `audit` as terminal lines, JSON and an HTML page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from ses_secure_user.cli.claims import Verdict, overall
from ses_secure_user.cli.page import WITH_THIS, Card, Page
from ses_secure_user.cli.printable import as_json, printable
from ses_secure_user.cli.report import INDENT, entry, summary

from .audit import BEYOND_MAIL
from .replacement import replacements

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from .audit import AuditedKey

NONE = "No access key in this account may send mail."
MOVING = "To replace a key without losing mail, see docs/moving.md."
OURS = "SecureSesSmtpUser"
BEYOND = "its secret access key also allows"
SERVICES = {"ses-smtp": " over SMTP (ses-smtp)", "ses": " over SES's API (ses)"}
"""The services of GetAccessKeyLastUsed that send mail, as the report shows them. An SMTP login counts as
``ses-smtp``."""


def audit_lines(keys: Sequence[AuditedKey], now: datetime, width: int) -> Iterator[Text]:
    """Return the lines for all keys, each with the impact of a leak and the construct that replaces the key."""
    if not keys:
        yield Text(NONE)
        return
    for one in keys:
        finding = one.row.finding
        used = f"created by {one.user.made_by}, {_age(one, now)}, {_used(one, now)}"
        details = [finding.evidence, used, f"{BEYOND}: {_beyond(one)}"]
        yield from entry(finding.verdict, one.name, details, width)
        for line in _replacements(one):
            yield Text(f"{INDENT}{printable(line)}")
    yield Text()
    yield summary([one.row for one in keys])
    if any(map(_replacements, keys)):
        yield Text(MOVING)


def audit_json(keys: Sequence[AuditedKey], now: datetime) -> str:
    """Return a JSON object that contains one object for each key."""
    verdict = overall(one.row for one in keys)
    return as_json({"verdict": verdict, "keys": [_object(one, now) for one in keys]})


def audit_page(keys: Sequence[AuditedKey], now: datetime) -> Page:
    """Return the page for all keys: the impact of a leak of each, before and after it is replaced."""
    rows = [one.row for one in keys]
    return Page(
        title="Impact of a leak of each SMTP login",
        verdict=overall(rows),
        counts=summary(rows).plain if keys else NONE,
        about={"checked on": f"{now:%Y-%m-%d %H:%M} UTC", "scope": "every active access key that may send mail"},
        heading="Each login",
        cards=[_card(one, now) for one in keys],
        note=MOVING if keys else "",
    )


def _card(one: AuditedKey, now: datetime) -> Card:
    finding = one.row.finding
    is_ours = one.user.made_by == OURS
    broken = finding.verdict is Verdict.BROKEN
    worth = {"a leak today": finding.evidence + (", forever" if broken else "")}
    if not is_ours:
        worth[WITH_THIS] = "nothing: SES refuses every network but yours"
    return Card(
        verdict=finding.verdict,
        title=one.name,
        worth=worth,
        facts={
            "created by": one.user.made_by,
            "age": _age(one, now),
            "use": _used(one, now),
            BEYOND: _beyond(one),
        },
        code=_replacements(one),
    )


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
        "depends_on": one.doubts,
        "beyond_mail": list(one.beyond),
        "replacements": _replacements(one),
    }


def _replacements(one: AuditedKey) -> list[str]:
    return [] if one.user.made_by == OURS else replacements(one.user.name, one.abilities)


def _age(one: AuditedKey, now: datetime) -> str:
    days = one.age(now)
    return "age unknown" if days is None else f"{_days(days)} old"


def _used(one: AuditedKey, now: datetime) -> str:
    if not one.last_used:
        return "no use reported by IAM"
    date, service = one.last_used
    return f"last used {_days((now - date).days)} ago{SERVICES.get(service, f', not for mail ({service})')}"


def _days(days: int) -> str:
    return f"{days:,} day{'' if days == 1 else 's'}"


def _beyond(one: AuditedKey) -> str:
    if len(one.beyond) > len(BEYOND_MAIL):
        return "all other actions checked"
    return ", ".join(one.beyond) or "none of the other actions checked"
