"""Text of an account, made printable: the one place through which every report passes it."""

from __future__ import annotations

import json
from typing import Any


def printable(text: object) -> str:
    r"""Return a text that a terminal, XML and HTML can show, on one line.

    Whatever could move the cursor, change colors or turn around the order of characters, and what XML forbids, is shown
    as its escape, such as ``\x1b``.
    """
    return "".join(one if one.isprintable() else _escaped(one) for one in str(text))


def as_json(value: Any) -> str:  # noqa: ANN401 - what JSON holds
    """Return JSON that a terminal can show. The rest is escaped as JSON does it, so that the values are the same."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return "".join(one if one.isprintable() or one == "\n" else json.dumps(one)[1:-1] for one in text)


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
