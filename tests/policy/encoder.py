"""IAM's decision as AWS documents it: on a certain request it is true or false, on any request it is a formula of z3.

What z3 proves of the formula holds for every request: any action, resource and number of values, with or without each
key. What AWS does not define, or no policy here uses, is refused
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html and
reference_policies_elements_condition_operators there).
"""

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, NamedTuple

import z3

Document = Mapping[str, Any]
Formula = Any
"""A bool, or a formula of z3, which has no types."""
Term = Any
"""A text or a number, or one of z3."""
Context = Mapping[str, str | list[str]]

ALLOWED, EXPLICIT_DENY, IMPLICIT_DENY = "allowed", "explicitDeny", "implicitDeny"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ADDRESSES, MOMENTS, SETS = {"aws:sourceip"}, {"aws:currenttime"}, {"ses:recipients", "aws:tagkeys"}
"""Keys whose value is an address or a moment, and those with several texts. All others have one text."""


def every(parts: Iterable[Formula]) -> Formula:
    return _joined(parts, z3.And, neutral=True)


def some(parts: Iterable[Formula]) -> Formula:
    return _joined(parts, z3.Or, neutral=False)


def _joined(parts: Iterable[Formula], join: Callable[[list[Formula]], Formula], *, neutral: bool) -> Formula:
    unknown = []
    for part in parts:
        if part is (not neutral):
            return part
        if part is not neutral:
            unknown.append(part)
    return join(unknown) if unknown else neutral


def opposite(part: Formula) -> Formula:
    if isinstance(part, bool):
        return not part
    return part.arg(0) if z3.is_not(part) else z3.Not(part)


class Address(NamedTuple):
    """An IP address, as its family and number: an IPv6 address is in no IPv4 network."""

    is_v4: Formula
    number: Term

    @classmethod
    def of(cls, text: str) -> "Address":
        return cls(ip_address(text).version == 4, int(ip_address(text)))

    def within(self, network: str) -> Formula:
        """Whether it is in a network. IAM takes an address without a prefix for a /32, of either family."""
        found = ip_network(network if "/" in network else f"{network}/32", strict=False)
        is_family = self.is_v4 if found.version == 4 else opposite(self.is_v4)
        return every((is_family, int(found[0]) <= self.number, self.number <= int(found[-1])))

    @property
    def exists(self) -> Formula:
        return every((self.number >= 0, self.number < 2**128, some((opposite(self.is_v4), self.number < 2**32))))


class Key(NamedTuple):
    """A condition key of a request: whether it is known, and its values, each with whether there is one."""

    known: Formula
    values: list[tuple[Formula, Term]]

    def all(self, holds: Callable[[Term], Formula]) -> Formula:
        return every(some((opposite(is_in), holds(value))) for is_in, value in self.values)

    def any(self, holds: Callable[[Term], Formula]) -> Formula:
        return opposite(self.all(lambda value: opposite(holds(value))))

    def known_and_all(self, holds: Callable[[Term], Formula]) -> Formula:
        return every((self.known, self.all(holds)))


@dataclass(frozen=True)
class Request:
    """A request, whose keys are made when they are asked for."""

    action: Term
    resource: Term
    make: Callable[[str], Key]
    keys: dict[str, Key] = field(default_factory=dict)

    def key(self, name: str) -> Key:
        """A key. Case makes no difference in its name."""
        return self.keys.setdefault(name.lower(), self.make(name.lower()))

    @property
    def exists(self) -> Formula:
        return every(one.exists for key in self.keys.values() for _, one in key.values if isinstance(one, Address))


def any_request(longest: int) -> Request:
    """A request of which nothing is known.

    Args:
        longest: The most values of a key that has several. A set operator asks of each value alone whether it matches
            a list. If values break a claim, then so do a few of them: for each list that is asked about one that
            matches, and one that does not. So twice the number of lists stands for every number of values.
    """

    def make(name: str) -> Key:
        if name in SETS:
            return Key(z3.Bool(f"{name}?"), [(z3.Bool(f"{name}{n}?"), z3.String(f"{name}{n}")) for n in range(longest)])
        kind = z3.Real if name in MOMENTS else z3.String
        value = Address(z3.Bool(f"{name} is IPv4"), z3.Int(name)) if name in ADDRESSES else kind(name)
        return Key(z3.Bool(f"{name}?"), [(True, value)])

    return Request(z3.String("action"), z3.String("resource"), make)


def certain_request(action: str, resource: str, context: Context) -> Request:
    """A request of which everything is known. Its values are texts, which each operator reads as what it compares."""
    found = {name.lower(): listed(value) for name, value in context.items()}

    def make(name: str) -> Key:
        return Key(name in found, [(True, value) for value in found.get(name, [])])

    return Request(action, resource, make)


def _moment(text: str) -> float:
    """A date as policies and requests write it, ISO 8601 or seconds since 1970, in seconds."""
    if text.isdigit():
        return float(text)
    moment = datetime.fromisoformat(text)
    return seconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def seconds(moment: datetime) -> float:
    return (moment - EPOCH).total_seconds()


def like(value: Term, pattern: str, *, wild: str = "*?", ignore_case: bool = False) -> Formula:
    """Whether a text matches a pattern, in which `*` stands for any characters and `?` for any one."""
    if not ignore_case and not set(wild) & set(pattern):
        return value == (pattern if isinstance(value, str) else _text(pattern))
    if not isinstance(value, str):
        return z3.InRe(value, _expression(pattern, wild, ignore_case))
    parts = (".*" if one == "*" else "." if one == "?" else re.escape(one) for one in pattern)
    expression = "".join(parts) if wild else re.escape(pattern)
    return re.fullmatch(expression, value, re.DOTALL | (re.IGNORECASE if ignore_case else 0)) is not None


@cache
def _expression(pattern: str, wild: str, ignore_case: bool) -> Term:  # noqa: FBT001 - what is cached has a place
    anything = z3.AllChar(z3.ReSort(z3.StringSort()))

    def part(one: str) -> Term:
        if one in wild:
            return z3.Star(anything) if one == "*" else anything
        spellings = sorted({one.lower(), one.upper()} if ignore_case else {one})
        return z3.Union([z3.Re(_text(one)) for one in spellings]) if len(spellings) > 1 else z3.Re(_text(one))

    parts = [part(one) for one in pattern]
    return z3.Concat(parts) if len(parts) > 1 else parts[0]


def _text(value: str) -> Term:
    """A text of z3, which takes a backslash for the beginning of a character's number."""
    return z3.StringVal(value.replace("\\", "\\u{5c}"))


_ORDER: dict[str, Callable[[Term, float], Formula]] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}


def _ordered(name: str, read: Callable[[str], float]) -> Callable[[Term, str], Formula]:
    def holds(value: Term, expected: str) -> Formula:
        return _ORDER[name](read(value) if isinstance(value, str) else value, read(expected))

    return holds


def _within(value: Term, network: str) -> Formula:
    return (Address.of(value) if isinstance(value, str) else value).within(network)


_OPERATORS: dict[str, Callable[[Term, str], Formula]] = {
    "StringEquals": lambda value, expected: like(value, expected, wild=""),
    "StringEqualsIgnoreCase": lambda value, expected: like(value, expected, wild="", ignore_case=True),
    "StringLike": like,
    "Bool": lambda value, expected: like(value, expected, wild="", ignore_case=True),
    "ArnEquals": like,
    "ArnLike": like,
    "IpAddress": _within,
    **{f"Numeric{name}": _ordered(name, float) for name in _ORDER},
    **{f"Date{name}": _ordered(name, _moment) for name in _ORDER},
}


def _filled(patterns: list[Any], request: Request) -> list[str]:
    """Patterns with their policy variables filled in, of a certain request. One that has no value matches nothing."""

    def value(variable: re.Match[str]) -> str:
        key = request.key(variable[1])
        if "," in variable[1] or not isinstance(key.known, bool) or len(key.values) > 1:
            raise NotImplementedError(variable[0])
        return str(key.values[0][1]) if key.known else "\0"

    filled = (re.sub(r"\$\{([^}]+)\}", value, str(one)) for one in patterns)
    return [one for one in filled if "\0" not in one]


def _holds(name: str, key: Key, expected: list[str]) -> Formula:
    """One operator on one key. On a missing key a positive one is false; a negated one and IfExists are true."""
    if name == "Null":
        return key.known if str(expected[0]).lower() == "false" else opposite(key.known)
    quantifier, _, base = name.rpartition(":")
    is_optional, base = base.endswith("IfExists"), base.removesuffix("IfExists")
    is_negated, base = "Not" in base, base.replace("Not", "")
    if base not in _OPERATORS or (len(key.values) > 1 and not quantifier):
        raise NotImplementedError(f"{name} on {len(key.values)} values")

    def matches(value: Term) -> Formula:
        found = some(_OPERATORS[base](value, one) for one in expected)
        return opposite(found) if is_negated else found

    if quantifier == "ForAnyValue":
        return some((every((is_optional, opposite(key.known))), every((key.known, key.any(matches)))))
    if quantifier or is_optional or is_negated:
        return some((opposite(key.known), key.all(matches)))
    return key.known_and_all(matches)


def _element(statement: Document, name: str, value: Term, request: Request) -> Formula:
    patterns = _filled(listed(statement.get(f"Not{name}", statement.get(name, "*"))), request)
    found = some(like(value, pattern, ignore_case=name == "Action") for pattern in patterns)
    return opposite(found) if f"Not{name}" in statement else found


def _parts(statement: Document, request: Request) -> Iterable[Formula]:
    yield _element(statement, "Action", request.action, request)
    yield _element(statement, "Resource", request.resource, request)
    for name, keys in statement.get("Condition", {}).items():
        for key, expected in keys.items():
            yield _holds(name, request.key(key), _filled(listed(expected), request))


def _names(statement: Document, principal: str) -> bool:
    """Whether a statement is about a principal, as one that names none is: it is no resource's."""
    if "NotPrincipal" in statement:
        raise NotImplementedError("NotPrincipal")
    named = statement.get("Principal", "*")
    return not {principal, "*"}.isdisjoint(listed(named if isinstance(named, str) else named.get("AWS", [])))


NOTHING: Document = {"Statement": []}
Policy = tuple[Formula, Document]
"""Whether a policy is there, and its document."""


@dataclass(frozen=True, kw_only=True)
class Policies:
    """Every policy that has a say in a principal's request."""

    principal: str
    attached: Iterable[Policy]
    boundary: Policy = (False, NOTHING)
    resource_policy: Policy = (False, NOTHING)

    def denied(self, request: Request) -> Formula:
        return some(self._has("Deny", one, request) for one in (*self.attached, self.boundary, self.resource_policy))

    def allowed(self, request: Request, *, same_account: bool = True) -> Formula:
        """Whether the request is allowed, which it is not if anything denies it.

        A grant to the user's own ARN, as in a resource's policy, is not limited by what a boundary leaves out.
        """
        return every((self.granted(request, same_account=same_account), opposite(self.denied(request))))

    def granted(self, request: Request, *, same_account: bool = True) -> Formula:
        """Whether anything allows the request, leaving aside what denies it."""
        is_bounded, _ = self.boundary
        attached = some(self._has("Allow", one, request) for one in self.attached)
        within = some((opposite(is_bounded), self._has("Allow", self.boundary, request)))
        by_resource = self._has("Allow", self.resource_policy, request)
        return (some if same_account else every)((every((attached, within)), by_resource))

    def _has(self, effect: str, policy: Policy, request: Request) -> Formula:
        is_there, document = policy
        applying = (
            every(_parts(one, request))
            for one in listed(document["Statement"])
            if one["Effect"] == effect and _names(one, self.principal)
        )
        return every((is_there, some(applying)))

    def decide(self, request: Request, account: str) -> str:
        """Decide on a certain request in the words of IAM's simulator, about a resource of an account."""
        if self.denied(request):
            return EXPLICIT_DENY
        same_account = self.principal.split(":")[4] == account
        return ALLOWED if self.allowed(request, same_account=same_account) else IMPLICIT_DENY


def listed(value: Any) -> list[Any]:  # noqa: ANN401 - IAM writes a list of one as its only value
    return list(value) if isinstance(value, list) else [value]


class Found(NamedTuple):
    """A certain request that z3 found."""

    action: str
    resource: str
    context: dict[str, str | list[str]]


def found(model: Any, request: Request) -> Found:  # noqa: ANN401 - z3 has no types
    """Read a request from z3's model of a formula about it."""

    def value(term: Term) -> Any:  # noqa: ANN401 - of whatever kind the term is
        return model.eval(term, model_completion=True)

    def spelled(name: str, term: Term) -> str:
        if name in ADDRESSES:
            return str((IPv4Address if value(term.is_v4) else IPv6Address)(value(term.number).as_long()))
        if name in MOMENTS:
            return (EPOCH + timedelta(seconds=float(value(term).as_fraction()))).isoformat(timespec="seconds")
        return re.sub(r"\\u\{([0-9a-f]+)\}", lambda char: chr(int(char[1], 16)), value(term).as_string())

    def told(name: str, key: Key) -> list[str]:
        return [spelled(name, term) for is_in, term in key.values if is_in is True or value(is_in)]

    context = {name: told(name, key) for name, key in request.keys.items() if value(key.known)}
    return Found(
        spelled("", request.action),
        spelled("", request.resource),
        {name: sorted(set(values)) if name in SETS else values[0] for name, values in context.items()},
    )
