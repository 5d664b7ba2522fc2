"""The rules, as the scanners run them: their expressions in Python, which reads them as RE2 and Hyperscan do."""

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
    """A custom pattern as one expression, its secret as the group."""
    return f"(?:{pattern['before_secret']})({pattern['secret_format']})(?:{pattern['after_secret']})"


def _python(text: str) -> re.Pattern[str]:
    return re.compile(text.replace(r"\z", r"\Z"))


_GITLEAKS = [(rule, _python(rule["regex"])) for rule in GITLEAKS]
_GITHUB = [_python(expression(pattern)) for pattern in GITHUB]


def entropy(text: str) -> float:
    """Shannon's entropy of the characters, in bits, as gitleaks computes it."""
    return -sum(count / len(text) * math.log2(count / len(text)) for count in Counter(text).values())


def gitleaks(text: str) -> set[str]:
    """The secrets that gitleaks' rules find: by a keyword first, then the expression, then the entropy."""
    return {
        match[rule["secretGroup"]]
        for rule, pattern in _GITLEAKS
        if any(keyword in text.lower() for keyword in rule["keywords"])
        for match in pattern.finditer(text)
        if entropy(match[rule["secretGroup"]]) > rule["entropy"]
    }


def github(text: str) -> set[str]:
    """The secrets that GitHub's custom patterns find."""
    return {match[1] for pattern in _GITHUB for match in pattern.finditer(text)}
