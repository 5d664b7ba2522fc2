"""Escaping of text from an account, for all reports."""

from __future__ import annotations

import json
from typing import Any


def printable(text: object) -> str:
    r"""Return a text that is safe to show in a terminal, XML and HTML, on one line.

    Characters that move the cursor, change colors or reverse the order of text, and those that XML forbids, are
    escaped, such as ``\x1b``.
    """
    return "".join(one if one.isprintable() else _escaped(one) for one in str(text))


def as_json(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Return JSON that is safe to show in a terminal. JSON escapes keep the values unchanged."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return "".join(one if one.isprintable() or one == "\n" else json.dumps(one)[1:-1] for one in text)


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
