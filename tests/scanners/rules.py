"""The scanner rules in Python, whose regular expressions match like RE2's and Hyperscan's here."""

import math
import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "scanners"
GITLEAKS: list[dict[str, Any]] = tomllib.loads((FOLDER / "gitleaks.toml").read_text(encoding="utf-8"))["rules"]
GITHUB: list[dict[str, str]] = tomllib.loads((FOLDER / "github.toml").read_text(encoding="utf-8"))["patterns"]


def expression(pattern: dict[str, str]) -> str:
    """Return a custom pattern as one expression, with the secret as its group."""
    return f"(?:{pattern['before_secret']})({pattern['secret_format']})(?:{pattern['after_secret']})"


def _python(text: str) -> re.Pattern[str]:
    return re.compile(text.replace(r"\z", r"\Z"))


_GITLEAKS = [(rule, _python(rule["regex"])) for rule in GITLEAKS]
_GITHUB = [_python(expression(pattern)) for pattern in GITHUB]


def entropy(text: str) -> float:
    """Return the Shannon entropy of the characters in bits, as gitleaks computes it."""
    return -sum(count / len(text) * math.log2(count / len(text)) for count in Counter(text).values())


def gitleaks(text: str) -> set[str]:
    """Return the secrets that the gitleaks rules find by keyword, expression and entropy."""
    return {
        match[rule["secretGroup"]]
        for rule, pattern in _GITLEAKS
        if any(keyword in text.lower() for keyword in rule["keywords"])
        for match in pattern.finditer(text)
        if entropy(match[rule["secretGroup"]]) > rule["entropy"]
    }


def github(text: str) -> set[str]:
    """Return the secrets that GitHub's custom patterns find."""
    return {match[1] for pattern in _GITHUB for match in pattern.finditer(text)}
