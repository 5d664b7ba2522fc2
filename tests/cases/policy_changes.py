"""Changes that make a policy wrong: removal of each part, and common mistakes."""

import copy
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

from local_aws.iam.evaluator import ACCOUNT, REGION, Document

Widen = Callable[[Document], None]


def statement(document: Document, sid: str) -> dict[str, Any] | None:
    return next((one for one in document["Statement"] if one["Sid"] == sid), None)


def without(sid: str) -> Widen:
    def widen(document: Document) -> None:
        document["Statement"] = [one for one in document["Statement"] if one["Sid"] != sid]

    return widen


def _with(sid: str, **elements: object) -> Widen:
    def widen(document: Document) -> None:
        if found := statement(document, sid):
            found.update(elements)

    return widen


def _operator(sid: str, old: str, new: str) -> Widen:
    def widen(document: Document) -> None:
        if (found := statement(document, sid)) and old in found["Condition"]:
            found["Condition"][new] = found["Condition"].pop(old)

    return widen


def _senders(sid: str, old: str, new: str) -> Widen:
    """Replace the From addresses with a pattern and an operator for patterns."""

    def widen(document: Document) -> None:
        found = statement(document, sid)
        if found and found["Condition"].get(old, {}).pop("ses:FromAddress", None):
            found["Condition"] = {one: keys for one, keys in found["Condition"].items() if keys}
            found["Condition"].setdefault(new, {})["ses:FromAddress"] = "*@example.com"

    return widen


NETWORK, THROUGH = "SendFromNetworks", "SendThroughEndpoints"
CARELESS: dict[str, Widen] = {
    "Allow on every resource": _with(NETWORK, Resource="*"),
    "Allow every sending action": _with(NETWORK, Action="ses:Send*"),
    "Allow on every resource through endpoints": _with(THROUGH, Resource="*"),
    "Allow every sending action through endpoints": _with(THROUGH, Action="ses:Send*"),
    "Allow on any identity of the domain": _with(
        NETWORK, Resource=f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/*example.com"
    ),
    "Deny lets SendEmail pass": _with("DenyOtherActions", NotAction=["ses:SendRawEmail", "ses:SendEmail"]),
    "Deny passes every resource": _with("DenyOtherResources", NotResource="*"),
    "StringLike in the Allow": _senders(NETWORK, "StringEquals", "StringLike"),
    "StringNotLike in the Deny": _senders("DenyOtherSenders", "StringNotEquals", "StringNotLike"),
    "IfExists for senders": _operator(NETWORK, "StringEquals", "StringEqualsIfExists"),
    "IfExists for networks": _operator(NETWORK, "IpAddress", "IpAddressIfExists"),
    "IfExists for endpoints": _operator(THROUGH, "StringEquals", "StringEqualsIfExists"),
    "any case in the Allow": _operator(NETWORK, "StringEquals", "StringEqualsIgnoreCase"),
    "any case in the Deny": _operator("DenyOtherSenders", "StringNotEquals", "StringNotEqualsIgnoreCase"),
    "any recipient among allowed ones": _operator(NETWORK, "ForAllValues:StringLike", "ForAnyValue:StringLike"),
    "all recipients wrong before one is": _operator(
        "DenyOtherRecipients", "ForAnyValue:StringNotLike", "ForAllValues:StringNotLike"
    ),
}


def parts(document: Document) -> Iterator[tuple[str, Document]]:
    """Yield the document without one part: a statement, a test, or one of several values."""
    for number, one in enumerate(document["Statement"]):
        rest = [*document["Statement"][:number], *document["Statement"][number + 1 :]]
        yield f"without {one['Sid']}", {**document, "Statement": rest}
        for what, less in chain(_without_test(one), _without_value(one)):
            yield f"{one['Sid']} without {what}", {**document, "Statement": [*rest, less]}


def _without_test(one: Document) -> Iterator[tuple[str, Document]]:
    tests = [(operator, key) for operator, keys in one.get("Condition", {}).items() for key in keys]
    for operator, key in tests if len(tests) > 1 else ():  # without tests it would be another statement
        less = copy.deepcopy(one)
        del less["Condition"][operator][key]
        less["Condition"] = {name: keys for name, keys in less["Condition"].items() if keys}
        yield f"{operator} {key}", less


def _without_value(one: Document) -> Iterator[tuple[str, Document]]:
    def lists(document: Document) -> list[tuple[str, Any]]:
        """Return the lists of a statement, each with its name."""
        elements = [(name, document[name]) for name in ("Resource", "NotResource") if name in document]
        conditions = [pair for keys in document.get("Condition", {}).values() for pair in keys.items()]
        return [(name, found) for name, found in elements + conditions if isinstance(found, list)]

    for number, (name, values) in enumerate(lists(one)):
        for value in values:
            less = copy.deepcopy(one)
            lists(less)[number][1].remove(value)
            yield f"{name} {value}", less
