"""The policy document of the user, which is also its permissions boundary, and a check of its size."""

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
"""The maximum number of characters of a managed policy, without whitespace
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html).
"""

_Test = tuple[str, str, "Sequence[str]"]
_Condition = dict[str, dict[str, str | list[str]]]


def policy_document(restrictions: Restrictions, *, partition: str, region: str, account: str) -> dict[str, object]:
    """Return the policy document of the user, which is also its permissions boundary.

    Args:
        restrictions: The result of `restrict`.
        partition: The partition of the ARNs, such as ``aws``.
        region: The region of the identity, through which mail is sent.
        account: The account of the identity.

    Returns:
        The document. The same restrictions always give the same document.
    """
    prefix = f"arn:{partition}:ses:{region}:{account}:"
    resources = [f"{prefix}{name}" for name in _resource_names(restrictions.values)]
    return {"Version": "2012-10-17", "Statement": statements(resources, restrictions.values)}


def statements(resources: Sequence[str], values: Mapping[str, Sequence[str]]) -> list[Mapping[str, object]]:
    """Return the statements.

    The Allow statements allow the mail. The Deny statements deny all other mail, so that neither a policy attached
    later nor an SES identity policy that names the user can allow it. (An identity policy can allow a request that the
    permissions boundary does not deny.)

    An operator is false for a missing key, and a negated operator is true. So a request without an origin or a sender
    is not allowed, and is also denied. Set operators differ: ``ForAllValues`` is true and ``ForAnyValue`` is false for
    a missing key, so both need an additional ``Null``. Two addresses written as one recipient would match an allowed
    pattern if the second one does, so such a recipient is denied
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html;
    https://docs.aws.amazon.com/ses/latest/dg/control-user-access.html).

    Args:
        resources: The ARNs of the identities and the configuration set.
        values: The values of each property; no values for a property that restricts nothing.
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
    # One statement for all origins, because its conditions must all be true.
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
        ValueError: The policy would be too long. The message names the longest list, and how many entries fit.
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
        raise refusal(prop, rule, got, f"{fitting} of them fit; create another user for the rest")


def policy_size(document: dict[str, object]) -> int:
    """Count the characters of a document as IAM does. Each token counts as 64."""
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    return len(re.sub(rf"{TOKEN}|#\{{Token\[[^\]]*\]\}}", "x" * 64, text))


def _resource_names(values: Mapping[str, Sequence[str]]) -> Iterable[str]:
    """Return the resources that SES authorizes: identities of senders and recipients, and the configuration set."""
    found = ((row, value) for row in ROWS if row.resource for value in values[row.prop] if not is_list_token([value]))
    return dict.fromkeys(f"{row.resource}/{value}" for row, value in found)


def _tests(row: Row, values: Mapping[str, Sequence[str]]) -> list[_Test]:
    """Return the conditions of an allowed mail."""
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
