"""The IAM document that is the user's policy and boundary, written from the rows, and a check of its size."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from typing import TYPE_CHECKING

from ses_secure_user.cdk.refusal import refusal

from .marks import TOKEN, is_list_token
from .rows import ACTION, DENY_OTHER_ORIGINS, ORIGINS, PURPOSES, ROWS, Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .restrict import Restrictions

POLICY_LIMIT = 6144
"""Characters of a managed policy, whitespace not counted
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html).
"""

_Test = tuple[str, str, "Sequence[str]"]
_Condition = dict[str, dict[str, str | list[str]]]


def policy_document(restrictions: Restrictions, *, partition: str, region: str, account: str) -> dict[str, object]:
    """Return the IAM document that is the user's policy and permissions boundary at once.

    Args:
        restrictions: What `restrict` made.
        partition: The partition of the ARNs, such as ``aws``.
        region: The region of the identity, which is the region mail is sent through.
        account: The account of the identity.

    Returns:
        The document, deterministic to the last character.
    """
    prefix = f"arn:{partition}:ses:{region}:{account}:"
    resources = [f"{prefix}{name}" for name in _resource_names(restrictions.values)]
    return {"Version": "2012-10-17", "Statement": statements(resources, restrictions.values)}


def statements(resources: Sequence[str], values: Mapping[str, Sequence[str]]) -> list[Mapping[str, object]]:
    """Return the statements.

    The Allow statements say what may be sent; the Deny statements say the same from the other side, so that neither a
    policy attached later nor an SES identity policy that names the user (which passes a boundary's silence) widens it.
    A positive operator is false on a missing key and a negated one is true, so a request without its
    origin, sender or recipients is denied twice. Set operators are the exception: ``ForAllValues`` is true and
    ``ForAnyValue`` false on a missing key, so ``Null`` stands next to both. Two addresses written as one recipient
    would match an allowed pattern if the last of them does, so such a recipient is denied
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html;
    https://docs.aws.amazon.com/ses/latest/dg/control-user-access.html).

    Args:
        resources: The ARNs of the identities and the configuration set.
        values: The values of each property; those of one that restricts nothing are empty.
    """
    purpose = [test for row in PURPOSES for test in _tests(row, values)]
    allow = {"Effect": "Allow", "Action": ACTION, "Resource": _shortest(resources)}
    deny = {"Effect": "Deny", "Action": ACTION, "Resource": "*"}
    allowed = {row.allow: _condition(*purpose, *_tests(row, values)) for row in ORIGINS if values[row.prop]}
    denied = {
        sid: _condition((operator, row.key, tested))
        for row in PURPOSES
        if values[row.prop]
        for sid, (operator, tested) in row.denials(values[row.prop]).items()
    }
    # One statement, since it means neither this origin nor that one.
    denied[DENY_OTHER_ORIGINS] = _condition(*((row.negated, row.key, values[row.prop]) for row in ORIGINS))
    return [
        *({"Sid": sid, **allow, "Condition": condition} for sid, condition in allowed.items()),
        {"Sid": "DenyOtherActions", "Effect": "Deny", "NotAction": ACTION, "Resource": "*"},
        {"Sid": "DenyOtherResources", "Effect": "Deny", "Action": ACTION, "NotResource": _shortest(resources)},
        *({"Sid": sid, **deny, "Condition": condition} for sid, condition in denied.items() if condition),
    ]


def check_size(restrictions: Restrictions) -> None:
    """Check that the restrictions fit into a managed policy, with the longest partition, region and account.

    Raises:
        ValueError: They are too many; the message names the longest list, and how much of it fits.
    """
    lists = [row.prop for row in ROWS if not row.is_single]
    prop = max(lists, key=lambda one: sum(map(len, restrictions.values[one])))
    values = restrictions.values[prop]

    def size(count: int) -> int:
        fewer = restrictions.but(prop, values[:count])
        return policy_size(policy_document(fewer, partition="aws-us-gov", region="ap-southeast-1", account="0" * 12))

    if size(len(values)) > POLICY_LIMIT:
        fitting = bisect_right(range(len(values)), POLICY_LIMIT, key=size) - 1
        rule = f"fit into the {POLICY_LIMIT:,} characters of a managed policy"
        got = f"{len(values)} entries that make {size(len(values)):,}"
        raise refusal(prop, rule, got, f"{fitting} of them fit; give the rest to another user")


def policy_size(document: dict[str, object]) -> int:
    """Count a document's characters as IAM does. Each token of unknown value counts as 64."""
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    return len(re.sub(rf"{TOKEN}|#\{{Token\[[^\]]*\]\}}", "x" * 64, text))


def _resource_names(values: Mapping[str, Sequence[str]]) -> Iterable[str]:
    """Return the resources that SES may check: the identity of the domain, address or recipient, and the set."""
    found = ((row, value) for row in ROWS if row.resource for value in values[row.prop] if not is_list_token([value]))
    return dict.fromkeys(f"{row.resource}/{value}" for row, value in found)


def _tests(row: Row, values: Mapping[str, Sequence[str]]) -> list[_Test]:
    """Return the tests that an allowed send must pass."""
    found = values[row.prop]
    return [(row.operator, row.key, found), *([("Null", row.key, ("false",))] if row.is_set and found else [])]


def _condition(*tests: _Test) -> _Condition:
    condition: _Condition = {}
    for operator, key, values in tests:
        if values:
            condition.setdefault(operator, {})[key] = _shortest(values)
    return condition


def _shortest(values: Sequence[str]) -> str | list[str]:
    return values[0] if len(values) == 1 and not is_list_token(values) else list(values)
