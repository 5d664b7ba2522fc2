"""The construct that replaces a key, as a line of code for a CDK stack."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .worth import Ability

TO_BE_FILLED_IN = "..."
"""A placeholder for a value that is not known. The construct refuses it with an error that names the remedy."""

REMARK = f"  # replace each {TO_BE_FILLED_IN} with your own value"


def replacements(user: str, abilities: Sequence[Ability]) -> list[str]:
    """Return one line for each region and default configuration set, because a login has one of each.

    Args:
        user: The name of the user.
        abilities: The mail that its keys can send.
    """
    places = dict.fromkeys((one.identity.region, one.identity.configuration_set) for one in abilities)
    names = [_construct_id(user), *(f"{_construct_id(user)}-{number}" for number in range(2, len(places) + 1))]
    return [
        _line(name, [one for one in abilities if (one.identity.region, one.identity.configuration_set) == place])
        for name, place in zip(names, places, strict=False)
    ]


def _line(name: str, abilities: Sequence[Ability]) -> str:
    identity = abilities[0].identity
    origins: dict[str, dict[str, None]] = {}
    for prop, values in (item for one in abilities for item in one.origins.items()):
        origins.setdefault(prop, {}).update(dict.fromkeys(values))
    given = {
        "identity": _list(one.identity.name for one in abilities),
        "from_address": _senders(abilities),
        **({prop: _list(found, alone=False) for prop, found in origins.items()} or {"allowed_cidrs": TO_BE_FILLED_IN}),
        "ses_region": json.dumps(identity.region),
        **({"configuration_set": json.dumps(identity.configuration_set)} if identity.configuration_set else {}),
    }
    arguments = ", ".join(f"{prop}={value}" for prop, value in given.items())
    line = f'SecureSesSmtpUser(self, "{name}", {arguments})'
    return line + REMARK if f"={TO_BE_FILLED_IN}" in line else line


def _senders(abilities: Sequence[Ability]) -> str:
    """Return the From addresses, or the placeholder if a policy does not name them in full."""
    found: list[str] = []
    for one in abilities:
        own = [one.identity.name] if one.anybody and "@" in one.identity.name else list(one.senders)
        if not own or any({"*", "?", "$"} & {*sender} for sender in own):
            return TO_BE_FILLED_IN
        found += own
    return _list(found)


def _list(values: Iterable[str], *, alone: bool = True) -> str:
    texts = [json.dumps(one, ensure_ascii=False) for one in dict.fromkeys(values)]
    return texts[0] if alone and len(texts) == 1 else f"[{', '.join(texts)}]"


def _construct_id(user: str) -> str:
    words = re.findall(r"[A-Za-z0-9]+", user)
    return "".join(word[0].upper() + word[1:] for word in words) or "Mailer"
