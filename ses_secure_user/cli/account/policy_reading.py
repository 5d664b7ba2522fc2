"""The restrictions that a deployed policy document declares, and where it is not what the construct writes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

Document = Mapping[str, Any]
Statement = Mapping[str, Any]

ACTION = "ses:SendRawEmail"

_ARN = re.compile(
    r"(?P<prefix>arn:[a-z-]+:ses:(?P<region>[a-z0-9-]+):\d{12}:)(?P<kind>identity|configuration-set)/(?P<name>[^*?]+)"
)

_GUARDED = {
    "SendFromNetworks": "what may be sent from the networks",
    "SendThroughEndpoints": "what may be sent through the VPC endpoints",
    "DenyOtherActions": "that nothing but mail is allowed",
    "DenyOtherResources": "the identity and the configuration set",
    "DenyOtherSenders": "the From address",
    "DenyOtherReturnPaths": "the Return-Path",
    "DenyOtherRecipients": "the recipients",
    "DenyUnknownRecipients": "the recipients",
    "DenyOtherOrigins": "the networks and VPC endpoints",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Restrictions:
    """What a policy document restricts mail to.

    Attributes:
        resources: ARNs of identities and configuration sets.
        from_addresses: The From addresses; empty where the document names none literally.
        networks: The networks, IPv4 or IPv6.
        vpc_endpoints: Ids of VPC endpoints.
        recipients: Addresses or patterns; empty means any.
        feedback_address: The Return-Path, or None for any.
    """

    resources: tuple[str, ...]
    from_addresses: tuple[str, ...]
    networks: tuple[str, ...]
    vpc_endpoints: tuple[str, ...]
    recipients: tuple[str, ...]
    feedback_address: str | None

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
    def parsed_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The networks as numbers; what is none is left out."""
        return tuple(network for network in map(_network, self.networks) if network)

    def arn(self, kind: str, name: str) -> str:
        """The ARN of another identity or configuration set, beside those that are named."""
        found = _ARN.fullmatch(self.resources[0])
        return f"{found['prefix'] if found else ''}{kind}/{name}"

    def _named(self, kind: str) -> Iterable[str]:
        found = (_ARN.fullmatch(arn) for arn in self.resources)
        return (arn["name"] for arn in found if arn and arn["kind"] == kind)


def read(document: Document) -> Restrictions:
    """Read what a document restricts mail to: what its Allow and its Deny statements agree on.

    Args:
        document: An IAM policy document, as IAM answers it.

    Raises:
        ValueError: It names no identity, so it is not one that the construct writes.
    """
    resources = [arn for arn in _both(document, _resources) if _ARN.fullmatch(arn)]
    if not resources:
        raise ValueError("the policy names no SES identity")
    feedback = _conditions(document, "StringEquals", "StringNotEquals", "ses:FeedbackAddress")
    return Restrictions(
        resources=tuple(resources),
        from_addresses=_conditions(document, "StringEquals", "StringNotEquals", "ses:FromAddress"),
        networks=_conditions(document, "IpAddress", "NotIpAddress", "aws:SourceIp"),
        vpc_endpoints=_conditions(document, "StringEquals", "StringNotEquals", "aws:SourceVpce"),
        recipients=_conditions(document, "ForAllValues:StringLike", "ForAnyValue:StringNotLike", "ses:Recipients"),
        feedback_address=feedback[0] if feedback else None,
    )


def deviations(document: Document, restrictions: Restrictions) -> list[str]:
    """Say where a document is not, statement by statement, what the construct writes for these restrictions."""
    found = {str(one.get("Sid", "")): _normal(one) for one in statements(document)}
    expected = {str(one["Sid"]): _normal(one) for one in _written(restrictions)}
    missing = [f"{sid} is missing, which guards {_GUARDED[sid]}" for sid in expected if sid not in found]
    added = [f"a statement {sid or 'without a Sid'} was added" for sid in found if sid not in expected]
    changed = [
        f"{sid} was changed ({', '.join(_differing(found[sid], expected[sid]))}), which guards {_GUARDED[sid]}"
        for sid in expected
        if sid in found and found[sid] != expected[sid]
    ]
    repeated = len(statements(document)) - len(found)
    return [*missing, *changed, *added, *(["two statements have one Sid"] if repeated else [])]


def statements(document: Document) -> list[Statement]:
    """The statements of a document, which may be one alone."""
    return listed(document.get("Statement", []))


def listed(value: Any) -> list[Any]:  # noqa: ANN401 - what JSON holds
    """IAM writes a list of one as its only value."""
    return list(value) if isinstance(value, list) else [value]


def _both(document: Document, values_of: Callable[[Statement], list[str]]) -> tuple[str, ...]:
    """What both effects name; where only one names anything, that."""
    sides = [
        dict.fromkeys(value for one in statements(document) if one.get("Effect") == effect for value in values_of(one))
        for effect in ("Allow", "Deny")
    ]
    allowed, denied = sides
    return tuple([value for value in denied if value in allowed] or denied or allowed)


def _resources(statement: Statement) -> list[str]:
    element = "Resource" if statement.get("Effect") == "Allow" else "NotResource"
    return [arn for arn in listed(statement.get(element, [])) if _ARN.fullmatch(arn)]


def _conditions(document: Document, allowing: str, denying: str, key: str) -> tuple[str, ...]:
    def values(statement: Statement) -> list[str]:
        operator = allowing if statement.get("Effect") == "Allow" else denying
        return listed(statement.get("Condition", {}).get(operator, {}).get(key, []))

    return _both(document, values)


def _written(restrictions: Restrictions) -> list[Statement]:
    """The statements that the construct writes: each Allow, and the Deny statements that say the same again."""
    origins = {
        "SendFromNetworks": ("IpAddress", "aws:SourceIp", restrictions.networks),
        "SendThroughEndpoints": ("StringEquals", "aws:SourceVpce", restrictions.vpc_endpoints),
    }
    purpose = _purpose(restrictions)
    resources = list(restrictions.resources)
    allow = {"Effect": "Allow", "Action": ACTION, "Resource": resources}
    deny = {"Effect": "Deny", "Action": ACTION, "Resource": "*"}
    return [
        *(
            {"Sid": sid, **allow, "Condition": _condition(*purpose, (operator, key, values))}
            for sid, (operator, key, values) in origins.items()
            if values
        ),
        {"Sid": "DenyOtherActions", "Effect": "Deny", "NotAction": ACTION, "Resource": "*"},
        {"Sid": "DenyOtherResources", "Effect": "Deny", "Action": ACTION, "NotResource": resources},
        *({"Sid": sid, **deny, "Condition": condition} for sid, condition in _guard(restrictions).items() if condition),
    ]


_Test = tuple[str, str, Sequence[str]]


def _purpose(restrictions: Restrictions) -> tuple[_Test, ...]:
    return (
        ("StringEquals", "ses:FromAddress", restrictions.from_addresses),
        ("StringEquals", "ses:FeedbackAddress", _feedback(restrictions)),
        ("ForAllValues:StringLike", "ses:Recipients", restrictions.recipients),
        ("Null", "ses:Recipients", ("false",) if restrictions.recipients else ()),
    )


def _guard(restrictions: Restrictions) -> dict[str, dict[str, dict[str, list[str]]]]:
    recipients = restrictions.recipients
    return {
        "DenyOtherSenders": _condition(("StringNotEquals", "ses:FromAddress", restrictions.from_addresses)),
        "DenyOtherReturnPaths": _condition(("StringNotEquals", "ses:FeedbackAddress", _feedback(restrictions))),
        "DenyOtherRecipients": _condition(("ForAnyValue:StringNotLike", "ses:Recipients", recipients)),
        "DenyUnknownRecipients": _condition(("Null", "ses:Recipients", ("true",) if recipients else ())),
        "DenyOtherOrigins": _condition(
            ("NotIpAddress", "aws:SourceIp", restrictions.networks),
            ("StringNotEquals", "aws:SourceVpce", restrictions.vpc_endpoints),
        ),
    }


def _feedback(restrictions: Restrictions) -> tuple[str, ...]:
    return () if restrictions.feedback_address is None else (restrictions.feedback_address,)


def _condition(*tests: _Test) -> dict[str, dict[str, list[str]]]:
    condition: dict[str, dict[str, list[str]]] = {}
    for operator, key, values in tests:
        if values:
            condition.setdefault(operator, {})[key] = list(values)
    return condition


def _normal(statement: Statement) -> dict[str, str]:
    """Each element as text, in which a list of one is its only value and no order counts."""
    return {element: json.dumps(_sorted(value), sort_keys=True) for element, value in statement.items()}


def _sorted(value: Any) -> Any:  # noqa: ANN401 - what JSON holds
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
