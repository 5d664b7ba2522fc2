"""The conditions of policies on mail. They only determine the requests to the simulator; IAM evaluates them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from ses_secure_user.restrictions.reading import listed, statements
from ses_secure_user.restrictions.rows import ACTION

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ses_secure_user.restrictions.reading import Document, Statement

VARIABLE = re.compile(r"\$\{(?P<key>[^},]+)(?:,\s*'(?P<default>[^']*)')?\}")
"""A policy variable (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html)."""

_LONGEST = 400
"""The longest pattern that is matched with an address, in characters. An address has at most 320."""

_TOKEN = re.compile(r"\$\{(?P<literal>[*?$])\}|" + VARIABLE.pattern + r"|(?P<wildcard>[*?])")


@dataclass(frozen=True, slots=True)
class Condition:
    """One operator of a condition, on one key.

    Attributes:
        operator: The operator, such as ``StringLike``, without ``ForAnyValue:``, ``IfExists`` and ``Not``. It is
            ``Variable`` if the policy uses the key only as a policy variable.
        key: The condition key, as written in the policy.
        values: The values that the policy names.
        quantifier: ``ForAnyValue`` or ``ForAllValues``; empty for a single-valued key.
    """

    operator: str
    key: str
    values: tuple[str, ...]
    quantifier: str = ""

    @property
    def is_pattern(self) -> bool:
        """True if ``*`` and ``?`` in the values are wildcards."""
        return self.operator in {"StringLike", "ArnLike", "ArnEquals"}


def conditions_on_mail(documents: Iterable[Document], arn: str) -> list[Condition]:
    """Return the conditions of all statements about mail as an identity, both Allow and Deny."""
    found = (one for document in documents for one in statements(document) if _is_about(one, arn))
    return [condition for one in found for condition in _conditions(one)]


def keys_of(documents: Iterable[Document]) -> set[str]:
    """Return the condition keys of all statements, in lower case, for any action."""
    return {
        condition.key.lower()
        for document in documents
        for one in statements(document)
        for condition in _conditions(one)
    }


def may_allow(documents: Iterable[Document], arn: str) -> bool:
    """Return whether policies can allow mail as an identity under any condition.

    They cannot if no statement allows it, or if one denies it without a condition.
    """
    found = [one for document in documents for one in statements(document) if _is_about(one, arn)]
    denied = any(one.get("Effect") == "Deny" and not one.get("Condition") for one in found)
    return not denied and any(one.get("Effect") == "Allow" for one in found)


def filled(text: str, values: Mapping[str, str], other: str) -> str:
    """Replace the policy variables of a value.

    Args:
        text: A value of a condition.
        values: The values of known keys, by key in lower case.
        other: The value for a key that is not known and has no default.
    """
    return VARIABLE.sub(lambda found: values.get(found["key"].lower(), found["default"] or other), text)


def common(pattern: str, other: str) -> str | None:
    """Return a text that matches two patterns with ``*`` and ``?``, or None if there is none.

    Each ``*`` matches as few characters as possible. Case is ignored; the result has the case of the first pattern.
    """
    first, second = (re.sub(r"\*+", "*", text) for text in (pattern, other))

    @cache
    def meet(i: int, j: int) -> str | None:
        one, two = first[i : i + 1], second[j : j + 1]
        if not one and not two:
            return ""
        steps = []
        if one == "*":
            steps += [(i + 1, j, ""), *([(i, j + 1, two)] if two not in {"", "*"} else [])]
        if two == "*":
            steps += [(i, j + 1, ""), *([(i + 1, j, one)] if one not in {"", "*"} else [])]
        if one and two and "*" not in {one, two} and (one.lower() == two.lower() or "?" in {one, two}):
            steps.append((i + 1, j + 1, two if one == "?" else one))
        rests = ((char, meet(*place)) for *place, char in steps)
        return next((("x" if char == "?" else char) + rest for char, rest in rests if rest is not None), None)

    return meet(0, 0) if len(first) <= _LONGEST else None


def _is_about(statement: Statement, arn: str) -> bool:
    return _covers(statement, "Action", ACTION.lower()) and _covers(statement, "Resource", arn)


def _covers(statement: Statement, element: str, value: str) -> bool:
    """Return whether an element can name a value, if its policy variables can be anything."""
    if f"Not{element}" in statement:
        # A policy variable can be anything, so an entry that has one excludes no value for certain.
        left_out = (one for one in listed(statement[f"Not{element}"]) if not VARIABLE.search(one))
        return not any(_matches(one, element, value) for one in left_out)
    return any(_matches(one, element, value) for one in listed(statement.get(element, "*")))


def _matches(pattern: str, element: str, value: str) -> bool:
    text, end = "", 0
    for found in _TOKEN.finditer(pattern):
        text += re.escape(pattern[end : found.start()])
        text += re.escape(found["literal"] or "") or ("." if found["wildcard"] == "?" else ".*")
        end = found.end()
    flags = re.DOTALL | (re.IGNORECASE if element == "Action" else 0)
    return re.fullmatch(text + re.escape(pattern[end:]), value, flags) is not None


def _conditions(statement: Statement) -> Iterator[Condition]:
    texts = [one for name in ("Resource", "NotResource") for one in listed(statement.get(name, []))]
    for operator, keys in statement.get("Condition", {}).items():
        quantifier, _, base = operator.rpartition(":")
        for key, values in keys.items():
            found = tuple(map(str, listed(values)))
            texts += found
            yield Condition(_base(base), key, found, quantifier)
    for text in texts:
        yield from (
            Condition("Variable", found["key"], ()) for found in VARIABLE.finditer(text) if len(found["key"]) > 1
        )


def _base(operator: str) -> str:
    return operator.removesuffix("IfExists").replace("Not", "")
