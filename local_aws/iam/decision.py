"""IAM's decision on a request, as AWS documents it.

Elements that AWS does not define, or that no policy here uses, are refused
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html and
reference_policies_elements_condition_operators there).
"""

import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from ipaddress import ip_address, ip_network
from itertools import product
from typing import Any, NamedTuple, Protocol

Document = Mapping[str, Any]
Values = tuple[str, ...] | None
"""The values of a part of a request; None for a condition key that is missing."""
Request = Mapping[str, Values]
"""An action, a resource, and condition keys by their names in lower case."""

ALLOWED, EXPLICIT_DENY, IMPLICIT_DENY = "allowed", "explicitDeny", "implicitDeny"


def request_of(action: str, resource: str, context: Mapping[str, str | list[str]]) -> Request:
    keys = {name.lower(): tuple(listed(value)) for name, value in context.items()}
    return {"action": (action,), "resource": (resource,), **keys}


class Test(Protocol):
    """A condition on one part of a request."""

    @property
    def part(self) -> str: ...

    @property
    def told_by(self) -> "tuple[PolicyTest, ...]":
        """The tests that separate the values of the part: values with the same results are equivalent."""

    def holds(self, request: Request) -> bool: ...


Region = Iterable[tuple[Test, ...]]
"""A set of requests: those for which all tests of at least one tuple hold."""


def within(region: Region, request: Request) -> bool:
    return any(all(test.holds(request) for test in tests) for tests in region)


def both(region: Region, other: Region) -> Region:
    return [(*one, *another) for one, another in product(region, other)]


class PolicyTest(NamedTuple):
    """A test in a policy. For actions and resources, the operator is the name of the element."""

    part: str
    operator: str
    expected: tuple[str, ...]

    @property
    def told_by(self) -> "tuple[PolicyTest, ...]":
        return (self,)

    @property
    def base(self) -> str:
        """The operator without set operator, negation and ``IfExists``."""
        return self.operator.rpartition(":")[2].removesuffix("IfExists").replace("Not", "")

    def holds(self, request: Request) -> bool:
        """Return whether the test holds. For a missing key, an operator is false; a negated one and IfExists are true."""
        values = request.get(self.part)
        if self.operator == "Null":
            return (values is None) is (self.expected[0].lower() == "true")
        quantifier, _, name = self.operator.rpartition(":")
        is_optional, is_negated = name.endswith("IfExists"), "Not" in name
        if self.base not in OPERATORS or (len(values or ()) > 1 and not quantifier):
            raise NotImplementedError(f"{self.operator} on {values}")
        if values is None:
            return is_optional or (quantifier != "ForAnyValue" and (is_negated or bool(quantifier)))
        expected, compare = _filled(self.expected, request), OPERATORS[self.base]
        matches = (any(compare(value, one) for one in expected) is not is_negated for value in values)
        return any(matches) if quantifier == "ForAnyValue" else all(matches)


def _filled(patterns: tuple[str, ...], request: Request) -> list[str]:
    """Replace the policy variables in patterns. A pattern whose variable has no value matches nothing."""

    def value(variable: re.Match[str]) -> str:
        values = request.get(variable[1].lower()) or ("\0",)
        if len(values) != 1 or "," in variable[1]:
            raise NotImplementedError(variable[0])
        return values[0]

    filled = (re.sub(r"\$\{([^}]+)\}", value, one) if "$" in one else one for one in patterns)
    return [one for one in filled if "\0" not in one]


def like(value: str, pattern: str, *, ignore_case: bool = False) -> bool:
    """Return whether a text matches a pattern with `*` and `?`."""
    return _expression(pattern, ignore_case).fullmatch(value) is not None


@cache
def _expression(pattern: str, ignore_case: bool) -> re.Pattern[str]:  # noqa: FBT001 - what is cached has a place
    parts = (".*" if one == "*" else "." if one == "?" else re.escape(one) for one in pattern)
    return re.compile("".join(parts), re.DOTALL | (re.IGNORECASE if ignore_case else 0))


@cache
def network(text: str) -> Any:  # noqa: ANN401 - of either family
    """Parse a network. IAM treats an address without a prefix length as a /32, in both families."""
    return ip_network(text if "/" in text else f"{text}/32", strict=False)


address = cache(ip_address)


def moment(text: str) -> datetime:
    """Parse a date in ISO 8601, or in seconds since 1970."""
    found = datetime.fromtimestamp(int(text), UTC) if text.isdigit() else datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}


def _ordered(name: str, read: Callable[[str], Any]) -> Callable[[str, str], bool]:
    return lambda value, expected: _ORDER[name](read(value), read(expected))


def _alike(value: str, expected: str) -> bool:
    return value.lower() == expected.lower()


OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "Action": lambda value, expected: like(value, expected, ignore_case=True),
    "Resource": like,
    "StringEquals": operator.eq,
    "StringEqualsIgnoreCase": _alike,
    "StringLike": like,
    "Bool": _alike,
    "ArnEquals": like,
    "ArnLike": like,
    "IpAddress": lambda value, expected: address(value) in network(expected),
    **{f"Numeric{name}": _ordered(name, float) for name in _ORDER},
    **{f"Date{name}": _ordered(name, moment) for name in _ORDER},
}


def _tests(statement: Document) -> Iterator[PolicyTest]:
    for element in ("Action", "Resource"):
        name = f"Not{element}" if f"Not{element}" in statement else element
        yield PolicyTest(element.lower(), name, tuple(listed(statement.get(name, "*"))))
    for name, keys in statement.get("Condition", {}).items():
        for key, expected in keys.items():
            yield PolicyTest(key.lower(), name, tuple(map(str, listed(expected))))


def _is_about(statement: Document, principal: str) -> bool:
    """Return whether a statement applies to a principal. An identity policy names none, and applies."""
    if "NotPrincipal" in statement:
        raise NotImplementedError("NotPrincipal")
    named = statement.get("Principal", "*")
    return not {principal, "*"}.isdisjoint(listed(named if isinstance(named, str) else named.get("AWS", [])))


@dataclass(frozen=True, kw_only=True)
class Policies:
    """All policies that apply to the requests of a principal."""

    principal: str
    attached: Sequence[Document]
    boundary: Document | None = None
    resource_policy: Document | None = None

    def denied(self) -> Region:
        return self._having("Deny", *self.attached, self.boundary, self.resource_policy)

    def granted(self, *, same_account: bool = True) -> Region:
        """Return the requests that are allowed if nothing denies them.

        A boundary does not limit a grant to the user's ARN in a resource policy.
        """
        attached = self._having("Allow", *self.attached)
        if self.boundary:
            attached = both(attached, self._having("Allow", self.boundary))
        by_resource = self._having("Allow", self.resource_policy)
        return [*attached, *by_resource] if same_account else both(attached, by_resource)

    def _having(self, effect: str, *documents: Document | None) -> Region:
        statements = [one for document in documents if document for one in listed(document["Statement"])]
        return dict.fromkeys(
            tuple(_tests(one)) for one in statements if one["Effect"] == effect and _is_about(one, self.principal)
        )

    def decide(self, request: Request, account: str) -> str:
        """Return the decision about a request for a resource of an account, as IAM's simulator names it."""
        if within(self.denied(), request):
            return EXPLICIT_DENY
        same_account = self.principal.split(":")[4] == account
        return ALLOWED if within(self.granted(same_account=same_account), request) else IMPLICIT_DENY


def listed(value: Any) -> list[Any]:  # noqa: ANN401 - IAM writes a list of one as the value
    return list(value) if isinstance(value, list) else [value]
