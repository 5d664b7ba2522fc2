"""The SES account and its identities: paused sending, sending authorization policies and default configuration sets."""
# ruff: noqa: SLF001

import json
import re
from collections.abc import Awaitable, Callable

from ministack.core.responses import get_region, json_response
from ministack.services import ses_v2

from local_aws.shapes import Answer, Anything, Json

Handler = Callable[..., Awaitable[Answer]]

POLICY = re.compile(r"(?:/v2/email)?/identities/(?P<name>[^/]+)/policies/(?P<policy>[^/]+)")
DEFAULT_SET = re.compile(r"(?:/v2/email)?/identities/(?P<name>[^/]+)/configuration-set")
_paused: set[str] = set()


async def handle_request(
    original: Handler, method: str, path: str, headers: Json, body: bytes, *rest: Anything
) -> Answer:
    """Serve requests that ministack does not support, and return the sending status of the account."""
    data = json.loads(body) if body else {}
    if path.endswith("/account/sending") and method == "PUT":
        (_paused.discard if data["SendingEnabled"] else _paused.add)(get_region())
        return _ok()
    if found := POLICY.fullmatch(path):
        return _keep_policy(found["name"], found["policy"], data.get("Policy"))
    if (found := DEFAULT_SET.fullmatch(path)) and method == "PUT":
        ses_v2._identities[found["name"]]["ConfigurationSetName"] = data.get("ConfigurationSetName")
        return _ok()
    status, answered, content = await original(method, path, headers, body, *rest)
    if path.endswith("/email/account") and method == "GET":
        return _ok({**json.loads(content), "SendingEnabled": not paused(get_region())})
    return status, answered, content


def paused(region: str) -> bool:
    """Return whether sending is paused in a region."""
    return region in _paused


def _keep_policy(name: str, policy: str, text: str | None) -> Answer:
    """Create or update a policy of an identity, or delete it if there is no text."""
    policies = ses_v2._identities[name].setdefault("Policies", {})
    policies.pop(policy, None)
    if text is not None:
        policies[policy] = text
    return _ok()


def _ok(content: Json | None = None) -> Answer:
    answer: Answer = json_response(content or {})
    return answer
