"""Replicas of a secret in other regions."""
# ruff: noqa: SLF001

import json
from collections.abc import Awaitable, Callable

from ministack.core.responses import get_account_id, json_response
from ministack.services import secretsmanager as sm

from local_aws.shapes import Action, Answer, Anything, Json


def create_secret(original: Action, request: Json) -> Answer:
    """Create a secret with its replicas."""
    status, headers, body = original(request)
    if status == 200 and request.get("AddReplicaRegions"):
        sm._replicate_secret_to_regions(
            {"SecretId": json.loads(body)["ARN"], "AddReplicaRegions": request["AddReplicaRegions"]}
        )
    return status, headers, body


async def handle_request(
    original: Callable[..., Awaitable[Answer]], method: str, path: str, headers: Json, body: bytes, *rest: Anything
) -> Answer:
    """Serve RemoveRegionsFromReplication, which deletes replicas."""
    if not headers.get("x-amz-target", "").endswith(".RemoveRegionsFromReplication"):
        return await original(method, path, headers, body, *rest)
    request = json.loads(body)
    _, secret = sm._resolve(request["SecretId"])
    for region in request["RemoveReplicaRegions"]:
        sm._secrets.pop_scoped(get_account_id(), region, secret["Name"], None)
    kept = [one for one in secret["ReplicationStatus"] if one["Region"] not in request["RemoveReplicaRegions"]]
    secret["ReplicationStatus"] = kept
    answer: Answer = json_response({"ARN": secret["ARN"], "ReplicationStatus": kept})
    return answer
