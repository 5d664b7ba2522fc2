"""A second evaluator of IAM's rules, our own, written from AWS's documentation, which must agree with the first.

It knows what policies about mail are made of, and refuses to judge anything else
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html and
reference_policies_elements_condition_operators there).
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from typing import Any

Document = Mapping[str, Any]
Context = Mapping[str, str | list[str]]

ALLOWED, EXPLICIT_DENY, IMPLICIT_DENY = "allowed", "explicitDeny", "implicitDeny"


@dataclass(frozen=True, kw_only=True)
class Request:
    """What somebody wants to do, and every policy that has a say in it."""

    principal: str
    action: str
    resource: str
    account: str
    context: Context = field(default_factory=dict)
    attached: Iterable[Document] = ()
    boundary: Document | None = None
    resource_policy: Document | None = None


def decide(request: Request) -> str:
    """Decide as IAM does: an explicit denial anywhere, then what allows."""
    identity = {effect for document in request.attached for effect in _effects(document, request)}
    boundary = set(_effects(request.boundary, request)) if request.boundary else {"Allow"}
    resource = set(_effects(request.resource_policy, request)) if request.resource_policy else set()
    if "Deny" in identity | boundary | resource:
        return EXPLICIT_DENY
    by_identity = "Allow" in identity and "Allow" in boundary
    by_resource = "Allow" in resource
    same_account = request.principal.split(":")[4] == request.account
    # A grant to the user's own ARN, as in a resource's policy, is not limited by what a boundary leaves out.
    allowed = by_identity or by_resource if same_account else by_identity and by_resource
    return ALLOWED if allowed else IMPLICIT_DENY


def _effects(document: Document, request: Request) -> Iterable[str]:
    return (one["Effect"] for one in _listed(document["Statement"]) if _matches(one, request))


def _matches(statement: Document, request: Request) -> bool:
    return (
        _names_principal(statement, request)
        and _element(statement, "Action", request.action, {}, ignore_case=True)
        and _element(statement, "Resource", request.resource, request.context)
        and all(
            _test(operator, key, _listed(values), request.context)
            for operator, keys in statement.get("Condition", {}).items()
            for key, values in keys.items()
        )
    )


def _names_principal(statement: Document, request: Request) -> bool:
    if "NotPrincipal" in statement:
        raise NotImplementedError("NotPrincipal")
    if "Principal" not in statement:
        return True
    principal = statement["Principal"]
    named = _listed(principal if isinstance(principal, str) else principal.get("AWS", []))
    if request.boundary and "*" in named:
        raise NotImplementedError("everybody, beside a boundary")
    return request.principal in named or "*" in named


def _element(statement: Document, name: str, value: str, context: Context, *, ignore_case: bool = False) -> bool:
    flags = re.IGNORECASE if ignore_case else 0
    negated = f"Not{name}" in statement
    patterns = _listed(statement[f"Not{name}"] if negated else statement.get(name, "*"))
    filled = (one for pattern in patterns if (one := _filled(pattern, context)) is not None)
    return any(_like(pattern, value, flags) for pattern in filled) is not negated


def _value(key: str, context: Context) -> list[str] | None:
    return next((_listed(value) for name, value in context.items() if name.lower() == key.lower()), None)


def _filled(pattern: str, context: Context) -> str | None:
    """A pattern with its policy variables filled in; None if one has no value, as then nothing matches."""
    values = {name: _value(name, context) for name in re.findall(r"\$\{([^},]+)\}", pattern)}
    if any(value is None for value in values.values()):
        return None
    if "," in pattern and "${" in pattern:
        raise NotImplementedError("a variable's default")
    return re.sub(r"\$\{([^}]+)\}", lambda found: (values[found[1]] or [""])[0], pattern)


def _test(operator: str, key: str, expected: list[str], context: Context) -> bool:
    """One operator on one key; on a missing key a positive one is false, a negated one and IfExists are true."""
    found = _value(key, context)
    if operator == "Null":
        return (found is None) is (str(expected[0]).lower() == "true")
    quantifier, _, base = operator.rpartition(":")
    optional, base = base.endswith("IfExists"), base.removesuffix("IfExists")
    negated = "Not" in base
    patterns = [one for pattern in expected if (one := _filled(str(pattern), context)) is not None]
    if quantifier == "ForAllValues":
        return all(_holds(base, value, patterns) for value in found or ())
    if quantifier == "ForAnyValue":
        return optional if found is None else any(_holds(base, value, patterns) for value in found)
    if found is None:
        return optional or negated
    if len(found) != 1:
        raise NotImplementedError(f"{operator} on several values")
    return _holds(base, found[0], patterns)


def _holds(base: str, value: str, expected: list[str]) -> bool:
    found = any(_OPERATORS[base.replace("Not", "")](pattern, value) for pattern in expected)
    return not found if "Not" in base else found


def _like(pattern: str, value: str, flags: int = 0) -> bool:
    parts = (".*" if char == "*" else "." if char == "?" else re.escape(char) for char in pattern)
    return re.fullmatch("".join(parts), value, flags | re.DOTALL) is not None


def _in_network(pattern: str, value: str) -> bool:
    address, network = ip_address(value), ip_network(pattern, strict=False)
    return address.version == network.version and address in network


def _moment(text: str) -> datetime:
    """A date as policies and requests write it: ISO 8601, or seconds since 1970."""
    moment = datetime.fromtimestamp(int(text), UTC) if text.isdigit() else datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_ORDER: dict[str, Callable[[float, float], bool]] = {
    "Equals": lambda value, other: value == other,
    "LessThan": lambda value, other: value < other,
    "LessThanEquals": lambda value, other: value <= other,
    "GreaterThan": lambda value, other: value > other,
    "GreaterThanEquals": lambda value, other: value >= other,
}


def _ordered(read: Callable[[str], float], name: str) -> Callable[[str, str], bool]:
    return lambda pattern, value: _ORDER[name](read(value), read(pattern))


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda pattern, value: pattern == value,
    "StringEqualsIgnoreCase": lambda pattern, value: pattern.lower() == value.lower(),
    "StringLike": _like,
    "ArnEquals": _like,
    "ArnLike": _like,
    "IpAddress": _in_network,
    "Bool": lambda pattern, value: pattern.lower() == value.lower(),
    **{f"Numeric{name}": _ordered(float, name) for name in _ORDER},
    **{f"Date{name}": _ordered(lambda text: _moment(text).timestamp(), name) for name in _ORDER},
}


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 - IAM writes a list of one as its only value
    return list(value) if isinstance(value, list) else [value]
