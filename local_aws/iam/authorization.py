"""Authorization decisions for the emulator's users, by two evaluators, with the deployed policies."""
# ruff: noqa: SLF001

import json
from contextlib import ExitStack
from functools import cache
from threading import Lock
from typing import Any

from ministack.services import iam, ses_v2

from local_aws.iam.evaluator import Evaluator, evaluator, judged
from local_aws.shapes import Json

_lock = Lock()
_open = ExitStack()


@cache
def _evaluator() -> Evaluator:
    return _open.enter_context(evaluator())


def decision(  # noqa: PLR0913 - a request has as many parts
    user: str,
    action: str,
    resource: str,
    context: dict[str, Any],
    *,
    added: tuple[Json, ...] = (),
    boundary: Json | None = None,
    resource_policy: Json | None = None,
    simulated: bool = False,
) -> str:
    """Return the decision about a request of a user, as the simulator names it. The evaluators must agree.

    The first evaluator knows the resource types of an action, so the second judges requests about any resource. A
    simulation can have condition keys that no service sets.
    """
    name = user.rpartition("/")[2]
    request: dict[str, Any] = {
        "principal": user,
        "action": action,
        "resource": resource,
        "account": resource.split(":")[4] if resource.count(":") > 4 else user.split(":")[4],
        "context": context,
        "attached": [*attached(name), *added],
        "boundary": boundary or _boundary(name),
        "resourcePolicy": resource_policy,
    }
    if resource == "*":
        return judged(request)
    with _lock:
        return (_evaluator().simulate if simulated else _evaluator().decide)(request)


def attached(user: str) -> list[Json]:
    """Return all policies of a user and its groups."""
    groups = [name for name, group in iam._groups.items() if user in group["Users"]]
    arns = [*iam._users.get(user, {}).get("AttachedPolicies", [])]
    inline = [*(iam._user_inline_policies.get(user) or {}).values()]
    for group in groups:
        arns += iam._groups[group].get("AttachedPolicies", [])
        inline += (iam._group_inline_policies.get(group) or {}).values()
    return [*map(_managed, arns), *map(json.loads, inline)]


def identity_policy(name: str) -> Json | None:
    """Return all policies of an SES identity as one document."""
    policies = ses_v2._identities.get(name, {}).get("Policies", {}).values()
    statements = [one for text in policies for one in _listed(json.loads(text)["Statement"])]
    return {"Version": "2012-10-17", "Statement": statements} if statements else None


def _boundary(user: str) -> Json | None:
    arn = iam._users.get(user, {}).get("PermissionsBoundary")
    return _managed(arn) if arn else None


def _managed(arn: str) -> Json:
    policy = iam._lookup_policy(arn)
    document: Json = json.loads(policy["Versions"][policy["DefaultVersionId"]]["Document"])
    return document


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 - one statement, or several
    return value if isinstance(value, list) else [value]
