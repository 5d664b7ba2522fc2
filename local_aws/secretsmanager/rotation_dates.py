"""The next rotation date of a secret, and CancelRotateSecret."""
# ruff: noqa: SLF001

import json
import re
from collections.abc import Awaitable, Callable

from ministack.core.responses import json_response
from ministack.services import secretsmanager as sm

from local_aws.shapes import Action, Answer, Anything, Json

SECONDS = {"day": 86400, "hour": 3600}


async def handle_request(
    original: Callable[..., Awaitable[Answer]], method: str, path: str, headers: Json, body: bytes, *rest: Anything
) -> Answer:
    """Serve CancelRotateSecret, which turns rotation off and keeps the function and the schedule in the description."""
    if not headers.get("x-amz-target", "").endswith(".CancelRotateSecret"):
        return await original(method, path, headers, body, *rest)
    _, secret = sm._resolve(json.loads(body)["SecretId"])
    secret["RotationEnabled"] = False
    answer: Answer = json_response({"ARN": secret["ARN"], "Name": secret["Name"]})
    return answer


def describe_secret(original: Action, request: Json) -> Answer:
    """Describe a secret with the date of its next scheduled rotation."""
    status, headers, body = original(request)
    description = json.loads(body)
    rules = description.get("RotationRules") or {}
    days = f"rate({rules.get('AutomaticallyAfterDays')} days)"
    rate = re.fullmatch(r"rate\((\d+) (day|hour)s?\)", rules.get("ScheduleExpression", days))
    if status != 200 or not description.get("RotationEnabled") or not rate:
        return status, headers, body
    _, secret = sm._resolve(request.get("SecretId"))
    last = secret.get("LastRotatedDate") or secret["CreatedDate"]
    due = last + int(rate[1]) * SECONDS[rate[2]]
    answer: Answer = json_response({**description, "NextRotationDate": due})
    return answer
