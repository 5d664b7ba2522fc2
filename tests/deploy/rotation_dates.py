"""When a secret is rotated next, as DescribeSecret tells it."""
# ruff: noqa: SLF001

import json
import re

from ministack.core.responses import json_response
from ministack.services import secretsmanager as sm

from tests.deploy.shapes import Action, Answer, Json

SECONDS = {"day": 86400, "hour": 3600}


def describe_secret(original: Action, request: Json) -> Answer:
    """DescribeSecret says when the next rotation is due, where there is a schedule."""
    status, headers, body = original(request)
    description = json.loads(body)
    rules = description.get("RotationRules") or {}
    rate = re.fullmatch(r"rate\((\d+) (day|hour)s?\)", rules.get("ScheduleExpression", ""))
    if status != 200 or not description.get("RotationEnabled") or not rate:
        return status, headers, body
    _, secret = sm._resolve(request.get("SecretId"))
    last = secret.get("LastRotatedDate") or secret["CreatedDate"]
    due = last + int(rate[1]) * SECONDS[rate[2]]
    answer: Answer = json_response({**description, "NextRotationDate": due})
    return answer
