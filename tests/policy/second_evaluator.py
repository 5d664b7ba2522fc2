"""A second evaluator of IAM's rules, our own, written from AWS's documentation, which must agree with the first.

It knows what policies about mail are made of, and refuses to judge anything else
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html and
reference_policies_elements_condition_operators there).
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
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
        and _element(statement, "Action", request.action, ignore_case=True)
        and _element(statement, "Resource", request.resource)
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


def _element(statement: Document, name: str, value: str, *, ignore_case: bool = False) -> bool:
    flags = re.IGNORECASE if ignore_case else 0
    if f"Not{name}" in statement:
        return not any(_like(pattern, value, flags) for pattern in _listed(statement[f"Not{name}"]))
    return any(_like(pattern, value, flags) for pattern in _listed(statement.get(name, "*")))


def _test(operator: str, key: str, expected: list[str], context: Context) -> bool:
    """One operator on one key; on a missing key a positive one is false, a negated one and IfExists are true."""
    found = next((_listed(value) for name, value in context.items() if name.lower() == key.lower()), None)
    if operator == "Null":
        return (found is None) is (str(expected[0]).lower() == "true")
    quantifier, _, base = operator.rpartition(":")
    optional, base = base.endswith("IfExists"), base.removesuffix("IfExists")
    negated = "Not" in base
    if quantifier == "ForAllValues":
        return all(_holds(base, value, expected) for value in found or ())
    if quantifier == "ForAnyValue":
        return optional if found is None else any(_holds(base, value, expected) for value in found)
    if found is None:
        return optional or negated
    if len(found) != 1:
        raise NotImplementedError(f"{operator} on several values")
    return _holds(base, found[0], expected)


def _holds(base: str, value: str, expected: list[str]) -> bool:
    if any("${" in pattern for pattern in expected):
        raise NotImplementedError("policy variables")
    found = any(_OPERATORS[base.replace("Not", "")](str(pattern), value) for pattern in expected)
    return not found if "Not" in base else found


def _like(pattern: str, value: str, flags: int = 0) -> bool:
    parts = (".*" if char == "*" else "." if char == "?" else re.escape(char) for char in pattern)
    return re.fullmatch("".join(parts), value, flags | re.DOTALL) is not None


def _in_network(pattern: str, value: str) -> bool:
    address, network = ip_address(value), ip_network(pattern, strict=False)
    return address.version == network.version and address in network


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda pattern, value: pattern == value,
    "StringEqualsIgnoreCase": lambda pattern, value: pattern.lower() == value.lower(),
    "StringLike": _like,
    "IpAddress": _in_network,
    "DateLessThan": lambda pattern, value: datetime.fromisoformat(value) < datetime.fromisoformat(pattern),
    "DateGreaterThanEquals": lambda pattern, value: datetime.fromisoformat(value) >= datetime.fromisoformat(pattern),
    "Bool": lambda pattern, value: pattern.lower() == value.lower(),
}


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 - IAM writes a list of one as its only value
    return list(value) if isinstance(value, list) else [value]
