"""Restrictions written as the IAM document that is the user's policy and boundary."""

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace

from ses_secure_user.cdk.refusal import refusal
from ses_secure_user.cdk.tokens import TOKEN, is_list_token

from .restrict import Restrictions

POLICY_LIMIT = 6144
"""Characters of a managed policy, whitespace not counted (IAM user guide, reference_iam-quotas)."""

_ACTION = "ses:SendRawEmail"

_Test = tuple[str, str, Sequence[str]]
_Condition = dict[str, dict[str, str | list[str]]]


def policy_document(restrictions: Restrictions, *, partition: str, region: str, account: str) -> dict[str, object]:
    """Write the restrictions as the IAM document that is the user's policy and permissions boundary at once.

    The Allow statements say what may be sent; the Deny statements say the same from the other side, so that neither a
    policy attached later nor an SES identity policy that names the user (which passes a boundary's silence) widens it.
    A positive operator is false on a missing key and a negated one is true, so a request that does not tell its
    origin, sender or recipients is denied twice. Set operators are the exception: ``ForAllValues`` is true and
    ``ForAnyValue`` false on a missing key, so ``Null`` stands beside both (IAM user guide,
    reference_policies_elements_condition_operators; SES developer guide, control-user-access).

    Args:
        restrictions: What `restrict` made.
        partition: The partition of the ARNs, such as ``aws``.
        region: The region of the identity, which is the region mail is sent through.
        account: The account of the identity.

    Returns:
        The document, deterministic to the last character.
    """
    resources = _shortest([f"arn:{partition}:ses:{region}:{account}:{name}" for name in _resource_names(restrictions)])
    origins = (
        ("SendFromNetworks", "IpAddress", "aws:SourceIp", restrictions.networks),
        ("SendThroughEndpoints", "StringEquals", "aws:SourceVpce", restrictions.vpc_endpoints),
    )
    allowed = [
        {
            "Sid": sid,
            "Effect": "Allow",
            "Action": _ACTION,
            "Resource": resources,
            "Condition": _condition(*_purpose(restrictions), (operator, key, values)),
        }
        for sid, operator, key, values in origins
        if values
    ]
    denied = [
        {"Sid": sid, "Effect": "Deny", "Action": _ACTION, "Resource": "*", "Condition": condition}
        for sid, condition in _deny_conditions(restrictions).items()
        if condition
    ]
    return {
        "Version": "2012-10-17",
        "Statement": [
            *allowed,
            {"Sid": "DenyOtherActions", "Effect": "Deny", "NotAction": _ACTION, "Resource": "*"},
            {"Sid": "DenyOtherResources", "Effect": "Deny", "Action": _ACTION, "NotResource": resources},
            *denied,
        ],
    }


def check_size(restrictions: Restrictions) -> None:
    """Check that a managed policy holds the restrictions, with the longest names a partition, region and account have.

    Raises:
        ValueError: They are too many; the message names the longest list, and how much of it fits.
    """
    counted = {
        "allowed_cidrs": "networks",
        "allowed_vpc_endpoints": "vpc_endpoints",
        "allowed_recipients": "recipients",
        "from_address": "from_addresses",
        "identity": "identities",
        "sandbox_recipients": "sandbox_recipients",
    }
    prop, field = max(counted.items(), key=lambda item: sum(map(len, getattr(restrictions, item[1]))))
    values = getattr(restrictions, field)

    def size(count: int) -> int:
        fewer = replace(restrictions, **{field: values[:count]})
        return policy_size(policy_document(fewer, partition="aws-us-gov", region="ap-southeast-1", account="0" * 12))

    if size(len(values)) > POLICY_LIMIT:
        fitting = bisect_right(range(len(values)), POLICY_LIMIT, key=size) - 1
        rule = f"fit into the {POLICY_LIMIT:,} characters of a managed policy"
        got = f"{len(values)} entries that make {size(len(values)):,}"
        raise refusal(prop, rule, got, f"{fitting} of them fit; give the rest to another user")


def policy_size(document: dict[str, object]) -> int:
    """Count a document's characters as IAM does, taking 64 for each token whose value is not known yet."""
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    return len(re.sub(rf"{TOKEN}|#\{{Token\[[^\]]*\]\}}", "x" * 64, text))


def _resource_names(restrictions: Restrictions) -> Iterable[str]:
    """Name what a send touches: SES may judge the domain's identity, the address's own, a recipient's or a set."""
    senders = () if is_list_token(restrictions.from_addresses) else restrictions.from_addresses
    for name in dict.fromkeys((*restrictions.identities, *senders, *restrictions.sandbox_recipients)):
        yield f"identity/{name}"
    if restrictions.configuration_set:
        yield f"configuration-set/{restrictions.configuration_set}"


def _purpose(restrictions: Restrictions) -> tuple[_Test, ...]:
    """Say what every permitted send has in common."""
    recipients = restrictions.recipients
    return (
        ("StringEquals", "ses:FromAddress", restrictions.from_addresses),
        ("StringEquals", "ses:FeedbackAddress", _optional(restrictions.feedback_address)),
        ("ForAllValues:StringLike", "ses:Recipients", recipients),
        ("Null", "ses:Recipients", ("false",) if recipients else ()),
    )


def _deny_conditions(restrictions: Restrictions) -> dict[str, _Condition]:
    """Say what no send may be; the last one is a single statement since it means neither network nor endpoint."""
    recipients = restrictions.recipients
    feedback = _optional(restrictions.feedback_address)
    return {
        "DenyOtherSenders": _condition(("StringNotEquals", "ses:FromAddress", restrictions.from_addresses)),
        "DenyOtherReturnPaths": _condition(("StringNotEquals", "ses:FeedbackAddress", feedback)),
        "DenyOtherRecipients": _condition(("ForAnyValue:StringNotLike", "ses:Recipients", recipients)),
        "DenyUnknownRecipients": _condition(("Null", "ses:Recipients", ("true",) if recipients else ())),
        "DenyOtherOrigins": _condition(
            ("NotIpAddress", "aws:SourceIp", restrictions.networks),
            ("StringNotEquals", "aws:SourceVpce", restrictions.vpc_endpoints),
        ),
    }


def _condition(*tests: _Test) -> _Condition:
    condition: _Condition = {}
    for operator, key, values in tests:
        if values:
            condition.setdefault(operator, {})[key] = _shortest(values)
    return condition


def _shortest(values: Sequence[str]) -> str | list[str]:
    return values[0] if len(values) == 1 and not is_list_token(values) else list(values)


def _optional(value: str | None) -> tuple[str, ...]:
    return () if value is None else (value,)
