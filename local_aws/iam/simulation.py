"""SimulatePrincipalPolicy and SimulateCustomPolicy, judged by the evaluators with all their parameters."""
# ruff: noqa: SLF001

import json
import re
from collections.abc import Iterator
from xml.sax.saxutils import escape

from ministack.services import iam

from local_aws.iam.authorization import attached, decision
from local_aws.shapes import Action, Answer, Anything, Json

NOBODY = "arn:aws:iam::000000000000:user/nobody"


def simulate_principal_policy(original: Action, request: Json) -> Answer:
    """Simulate requests of an existing user, with the policies and context of the request."""
    user = iam._p(request, "PolicySourceArn")
    if user.rpartition("/")[2] not in iam._users:
        return original(request)
    return _answer("SimulatePrincipalPolicy", user, request)


def simulate_custom_policy(_original: Action, request: Json) -> Answer:
    """Simulate requests with the policies of the request."""
    return _answer("SimulateCustomPolicy", iam._p(request, "CallerArn") or NOBODY, request)


def _answer(call: str, user: str, request: Json) -> Answer:
    resources = [*_members(request, "ResourceArns")] or ["*"]
    results = "".join(_result(user, action, resources, request) for action in _members(request, "ActionNames"))
    inner = f"<EvaluationResults>{results}</EvaluationResults><IsTruncated>false</IsTruncated>"
    answer: Answer = iam._xml(200, f"{call}Response", f"<{call}Result>{inner}</{call}Result>")
    return answer


def _result(user: str, action: str, resources: list[str], request: Json) -> str:
    """Return the decisions for one action on each resource. The overall decision is the strictest."""
    decisions = {one: _decision(user, action, one, request) for one in resources}
    strictest = next((one for one in ("explicitDeny", "implicitDeny") if one in decisions.values()), "allowed")
    specific = "".join(
        f"<member><EvalResourceName>{escape(arn)}</EvalResourceName>"
        f"<EvalResourceDecision>{one}</EvalResourceDecision>{_missing(user, request)}</member>"
        for arn, one in decisions.items()
    )
    return (
        f"<member><EvalActionName>{action}</EvalActionName><EvalResourceName>{escape(resources[0])}</EvalResourceName>"
        f"<EvalDecision>{strictest}</EvalDecision>{_missing(user, request)}"
        f"<ResourceSpecificResults>{specific}</ResourceSpecificResults></member>"
    )


def _decision(user: str, action: str, resource: str, request: Json) -> str:
    policy, boundaries = iam._p(request, "ResourcePolicy"), [*_members(request, "PermissionsBoundaryPolicyInputList")]
    return decision(
        user,
        action,
        resource,
        _context(request),
        added=tuple(map(json.loads, _members(request, "PolicyInputList"))),
        boundary=json.loads(boundaries[0]) if boundaries else None,
        resource_policy=json.loads(policy) if policy else None,
        simulated=True,
    )


def _context(request: Json) -> dict[str, Anything]:
    """Return the condition keys. The value of each is a string or a list, depending on its type."""
    found = {}
    number = 1
    while name := iam._p(request, f"ContextEntries.member.{number}.ContextKeyName"):
        values = [*_members(request, f"ContextEntries.member.{number}.ContextKeyValues")]
        kind = iam._p(request, f"ContextEntries.member.{number}.ContextKeyType")
        found[name] = values if kind.endswith("List") else values[0]
        number += 1
    return found


def _missing(user: str, request: Json) -> str:
    """Return the condition keys that policies name and the request does not have, for statements about any action.

    The keys are those in conditions and policy variables of the user's policies, the policies in the request and the
    resource policy. Keys of service control policies are not returned. AWS does not document if keys of a permissions
    boundary are returned, so they are left out
    (https://docs.aws.amazon.com/IAM/latest/APIReference/API_EvaluationResult.html).
    """
    policy = iam._p(request, "ResourcePolicy")
    handed = [*_members(request, "PolicyInputList"), *([policy] if policy else [])]
    documents = [*attached(user.rpartition("/")[2]), *map(json.loads, handed)]
    told = {name.lower() for name in _context(request)}
    missing = sorted({key for one in documents for key in _named(one) if key.lower() not in told})
    return (
        f"<MissingContextValues>{''.join(f'<member>{escape(key)}</member>' for key in missing)}</MissingContextValues>"
    )


def _named(document: Json) -> Iterator[str]:
    statements = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    for one in statements:
        for keys in one.get("Condition", {}).values():
            yield from keys
    yield from re.findall(r"\$\{([a-zA-Z-]+:[^},]+)", json.dumps(statements))


def _members(request: Json, name: str) -> Iterator[str]:
    number = 1
    while value := iam._p(request, f"{name}.member.{number}"):
        yield value
        number += 1
