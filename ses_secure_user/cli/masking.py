"""Masking of key ids and account ids in evidence."""

import re

from .printable import printable

_ACCOUNT = re.compile(r"(?<![0-9A-Za-z])\d{12}(?![0-9A-Za-z])")
_KEY_ID = re.compile(r"\bA(?:KIA|SIA)[A-Z0-9]{12,124}\b")


def key_name(key_id: str) -> str:
    """Return the name of a key in evidence, which is its last four characters."""
    return f"…{key_id[-4:]}"


def masked(text: str) -> str:
    """Mask account ids and key ids in a response of AWS, and return it as one printable line."""
    line = printable(" ".join(text.split()))
    return _KEY_ID.sub(lambda found: key_name(found[0]), _ACCOUNT.sub("************", line))
