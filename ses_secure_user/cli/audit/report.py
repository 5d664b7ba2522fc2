"""The findings of `audit`, as lines for a terminal, as JSON and as a page."""

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

NONE = "No access key of this account may send mail."
MOVING = "How to replace one without a mail lost: docs/moving.md."
OURS = "SecureSesSmtpUser"
SERVICES = {"ses-smtp": " over SMTP (ses-smtp)", "ses": " over SES's API (ses)"}
"""The services of GetAccessKeyLastUsed that send mail, in words. A login over SMTP counts as ``ses-smtp``."""


def audit_lines(keys: Sequence[AuditedKey], now: datetime, width: int) -> Iterator[Text]:
    """Return the lines of all keys: the worth of a leak, and the construct to replace the key by, on one line each."""
    if not keys:
        yield Text(NONE)
        return
    for one in keys:
        finding = one.row.finding
        used = f"made by {one.user.made_by}, {_age(one, now)}, {_used(one, now)}"
        details = [finding.evidence, used, f"its secret key also opens: {_beyond(one)}"]
        yield from entry(finding.verdict, one.name, details, width)
        for line in _replacements(one):
            yield Text(f"{INDENT}{printable(line)}")
    yield Text()
    yield summary([one.row for one in keys])
    if any(map(_replacements, keys)):
        yield Text(MOVING)


def audit_json(keys: Sequence[AuditedKey], now: datetime) -> str:
    """Return one JSON object that contains an object for each key."""
    verdict = overall(one.row for one in keys)
    return as_json({"verdict": verdict, "keys": [_object(one, now) for one in keys]})


def audit_page(keys: Sequence[AuditedKey], now: datetime) -> Page:
    """Return the page of all keys: what a leak of each is worth before and after it is replaced."""
    rows = [one.row for one in keys]
    return Page(
        title="What a leak of each SMTP login is worth",
        verdict=overall(rows),
        counts=summary(rows).plain if keys else NONE,
        about={"asked on": f"{now:%Y-%m-%d %H:%M} UTC", "asked about": "every active access key that may send mail"},
        heading="Each login",
        cards=[_card(one, now) for one in keys],
        note=MOVING if keys else "",
    )


def _card(one: AuditedKey, now: datetime) -> Card:
    finding = one.row.finding
    is_ours = one.user.made_by == OURS
    broken = finding.verdict is Verdict.BROKEN
    worth = {"a leak today": finding.evidence + (", for ever" if broken else "")}
    if not is_ours:
        worth[WITH_THIS] = "nothing: SES refuses every network but yours"
    return Card(
        verdict=finding.verdict,
        title=one.name,
        worth=worth,
        facts={
            "made by": one.user.made_by,
            "age": _age(one, now),
            "use": _used(one, now),
            "its secret key also opens": _beyond(one),
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
    return "of unknown age" if days is None else f"{_days(days)} old"


def _used(one: AuditedKey, now: datetime) -> str:
    if not one.last_used:
        return "never used as far as IAM knows"
    date, service = one.last_used
    return f"last used {_days((now - date).days)} ago{SERVICES.get(service, f', not for mail ({service})')}"


def _days(days: int) -> str:
    return f"{days:,} day{'' if days == 1 else 's'}"


def _beyond(one: AuditedKey) -> str:
    if len(one.beyond) > len(BEYOND_MAIL):
        return "all that was asked about"
    return ", ".join(one.beyond) or "nothing that was asked about"
