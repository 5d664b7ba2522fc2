"""The restrictions of a deployed policy document, and its deviations from the construct's policy."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from .policy import statements as written
from .rows import DENY_OTHER_ORIGINS, ORIGINS, PURPOSES, ROWS, Row

Document = Mapping[str, Any]
Statement = Mapping[str, Any]

_ARN = re.compile(
    r"(?P<prefix>arn:[a-z-]+:ses:(?P<region>[a-z0-9-]+):\d{12}:)(?P<kind>identity|configuration-set)/(?P<name>[^*?]+)"
)

_GUARDED = {
    "DenyOtherActions": "that nothing but mail is allowed",
    "DenyOtherResources": "the identity and the configuration set",
    **{row.allow: f"what is sent by {row.guards}" for row in ORIGINS},
    **{sid: row.guards for row in PURPOSES for sid in row.denials(())},
    DENY_OTHER_ORIGINS: " and ".join(row.guards for row in ORIGINS),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployed:
    """The restrictions of a policy document.

    Attributes:
        resources: The ARNs of identities and configuration sets.
        values: The values by property; no values for a property that the document does not restrict.
    """

    resources: tuple[str, ...]
    values: Mapping[str, tuple[str, ...]]

    def __getitem__(self, prop: str) -> tuple[str, ...]:
        return self.values[prop]

    @property
    def identities(self) -> tuple[str, ...]:
        """The names of the identities."""
        return tuple(self._named("identity"))

    @property
    def region(self) -> str:
        """The region that mail is sent through."""
        found = _ARN.fullmatch(self.resources[0])
        return found["region"] if found else ""

    @property
    def configuration_sets(self) -> tuple[str, ...]:
        """The names of the configuration sets."""
        return tuple(self._named("configuration-set"))

    @property
    def networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The allowed networks. Invalid values are left out."""
        return tuple(found for found in map(_network, self["allowed_cidrs"]) if found)

    def arn(self, kind: str, name: str) -> str:
        """Return the ARN of another identity or configuration set, in the same account and region."""
        found = _ARN.fullmatch(self.resources[0])
        return f"{found['prefix'] if found else ''}{kind}/{name}"

    def _named(self, kind: str) -> Iterable[str]:
        found = (_ARN.fullmatch(arn) for arn in self.resources)
        return (arn["name"] for arn in found if arn and arn["kind"] == kind)


def read(document: Document) -> Deployed:
    """Read the restrictions of a document: the values that are in both its Allow and its Deny statements.

    Args:
        document: A policy document, as IAM returns it.

    Raises:
        ValueError: It names no identity, so the construct did not write it.
    """
    resources = [arn for arn in _both(document, _resources) if _ARN.fullmatch(arn)]
    if not resources:
        raise ValueError("the policy names no SES identity")
    values = {row.prop: _conditions(document, row) if row.key else () for row in ROWS}
    return Deployed(resources=tuple(resources), values=values)


def deviations(document: Document, restrictions: Deployed) -> list[str]:
    """Return the differences between a document and the construct's policy for these restrictions."""
    found = {str(one.get("Sid", "")): _normal(one) for one in statements(document)}
    expected = {str(one["Sid"]): _normal(one) for one in written(restrictions.resources, restrictions.values)}
    missing = [f"{sid} is missing, which guards {_GUARDED[sid]}" for sid in expected if sid not in found]
    added = [f"a statement {sid or 'without a Sid'} was added" for sid in found if sid not in expected]
    changed = [
        f"{sid} was changed ({', '.join(_differing(found[sid], expected[sid]))}), which guards {_GUARDED[sid]}"
        for sid in expected
        if sid in found and found[sid] != expected[sid]
    ]
    repeated = len(statements(document)) - len(found)
    return [*missing, *changed, *added, *(["two statements have one Sid"] if repeated else [])]


def has_denials(document: Document, restrictions: Deployed) -> bool:
    """Return whether a document contains all Deny statements of the construct's policy."""

    def denials(found: Iterable[Statement]) -> list[Mapping[str, str]]:
        bare = ({element: value for element, value in one.items() if element != "Sid"} for one in found)
        return [_normal(one) for one in bare if one.get("Effect") == "Deny"]

    there = denials(statements(document))
    return all(one in there for one in denials(written(restrictions.resources, restrictions.values)))


def statements(document: Document) -> list[Statement]:
    """Return the statements of a document, which can be a single one without a list."""
    return listed(document.get("Statement", []))


def listed(value: Any) -> list[Any]:  # noqa: ANN401 - any JSON value
    """Return a value as a list. IAM writes a list with one element as the element alone."""
    return list(value) if isinstance(value, list) else [value]


def _both(document: Document, values_of: Callable[[Statement], list[str]]) -> tuple[str, ...]:
    """Return the values that both effects name. If only one effect names values, return those."""
    allowed, denied = (
        dict.fromkeys(value for one in statements(document) if one.get("Effect") == effect for value in values_of(one))
        for effect in ("Allow", "Deny")
    )
    return tuple([value for value in denied if value in allowed] or denied or allowed)


def _resources(statement: Statement) -> list[str]:
    element = "Resource" if statement.get("Effect") == "Allow" else "NotResource"
    return [arn for arn in listed(statement.get(element, [])) if _ARN.fullmatch(arn)]


def _conditions(document: Document, row: Row) -> tuple[str, ...]:
    def values(statement: Statement) -> list[str]:
        operator = row.operator if statement.get("Effect") == "Allow" else row.negated
        return listed(statement.get("Condition", {}).get(operator, {}).get(row.key, []))

    return _both(document, values)


def _normal(statement: Statement) -> dict[str, str]:
    """Return each element as a string. A list with one element equals the element. The order does not matter."""
    return {element: json.dumps(_sorted(value), sort_keys=True) for element, value in statement.items()}


def _sorted(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, Mapping):
        return {key: _sorted(one) for key, one in value.items()}
    return sorted(map(str, listed(value)))


def _differing(found: Mapping[str, str], expected: Mapping[str, str]) -> list[str]:
    return [
        element for element in sorted(found.keys() | expected.keys()) if found.get(element) != expected.get(element)
    ]


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None
