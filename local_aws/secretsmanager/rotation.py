"""RotateSecret and the rotation schedule."""
# ruff: noqa: SLF001

import json
import re
import time
from collections import defaultdict
from threading import Lock

from ministack.core.concurrency import spawn_background
from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy
from ministack.core.responses import error_response_json, get_account_id, get_region, json_response, new_uuid
from ministack.services import lambda_svc
from ministack.services import secretsmanager as sm

from local_aws import journal
from local_aws.shapes import Action, Answer, Json, Resource

ROTATION = ("createSecret", "setSecret", "testSecret", "finishSecret")
TEST = ("testSecret",)
UNFINISHED = "A previous rotation isn't complete. That rotation will be reattempted."
NOT_PERMITTED = (
    "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access "
    "to the principal secretsmanager.amazonaws.com."
)
EXPRESSION = re.compile(r"rate\([1-9]\d{0,2} (hours|days)\)|cron\(.+\)", re.ASCII)
_begun: set[str] = set()
"""The versions that rotations created. Only these are retried."""
_running: defaultdict[str, Lock] = defaultdict(Lock)


def rotate_secret(original: Action, request: Json) -> Answer:
    """Begin a rotation and return. The function then runs the steps on a pending version without a value."""
    _, secret = sm._resolve(request.get("SecretId"))
    if not secret or secret.get("DeletedDate"):
        return original(request)
    function = request.get("RotationLambdaARN") or secret["RotationLambdaARN"]
    if not _may_invoke(function):
        return _error("AccessDeniedException", NOT_PERMITTED)
    rules = request.get("RotationRules") or secret["RotationRules"]
    secret.update(RotationEnabled=True, RotationLambdaARN=function, RotationRules=rules)
    if unfinished := _unfinished(secret):
        if unfinished in _begun:
            _start(secret, unfinished, ROTATION)
        return _error("InvalidRequestException", UNFINISHED)
    token = _begin(secret, request.get("ClientRequestToken") or new_uuid())
    _start(secret, token, ROTATION if request.get("RotateImmediately", True) else TEST)
    return _answer({"ARN": secret["ARN"], "Name": secret["Name"], "VersionId": token})


def describe_secret(original: Action, request: Json) -> Answer:
    """Describe a secret with the date of its last successful rotation."""
    status, headers, body = original(request)
    _, secret = sm._resolve(request.get("SecretId"))
    if not secret or "LastRotatedDate" not in secret:
        return status, headers, body
    return _answer({**json.loads(body), "LastRotatedDate": secret["LastRotatedDate"]})


def _may_invoke(function: str | None) -> bool:
    record, config, _ = lambda_svc._get_func_record_for_ref(function or "")
    if not record:
        return False
    caller = EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account="",
        action="lambda:InvokeFunction",
        resource_arn=config["FunctionArn"],
        region=get_region(),
        service_context={"aws:sourceaccount": get_account_id()},
    )
    decision = evaluate_resource_policy(record["policy"], caller, service="secretsmanager.amazonaws.com").decision
    return bool(decision == "Allow")


def _unfinished(secret: Json) -> str | None:
    token, version = sm._find_stage_version(secret, "AWSPENDING")
    return token if version and "AWSCURRENT" not in version["Stages"] else None


def _begin(secret: Json, token: str) -> str:
    _begun.add(token)
    sm._remove_stage_everywhere(secret, "AWSPENDING")
    secret["Versions"][token] = {"CreatedDate": int(time.time()), "Stages": ["AWSPENDING"]}
    return token


def _start(secret: Json, token: str, steps: tuple[str, ...]) -> None:
    journal.record(kind="rotation begun", token=token)
    spawn_background(_run, secret, token, steps)


def _run(secret: Json, token: str, steps: tuple[str, ...]) -> None:
    with _running[secret["ARN"]]:
        failed = next((step for step in steps if not _succeeds(secret, token, step)), None)
        if steps == TEST:
            secret["Versions"].pop(token)
        elif not failed:
            secret["LastRotatedDate"] = int(time.time())
    journal.record(kind="rotation", secret=secret["ARN"], token=token, failed=failed)


def _succeeds(secret: Json, token: str, step: str) -> bool:
    record, config, _ = lambda_svc._get_func_record_for_ref(secret["RotationLambdaARN"])
    if not record:
        return False
    function = lambda_svc._execution_record_for_config(record, config)
    event = {"Step": step, "SecretId": secret["ARN"], "ClientRequestToken": token}
    result = lambda_svc._execute_function_with_config_scope(function, event)
    return not result.get("error") and not result.get("throttle")


def _schedule(_logical_id: str, props: Json, _stack_name: str) -> Resource:
    if not EXPRESSION.fullmatch(props["RotationRules"].get("ScheduleExpression", "rate(1 days)")):
        raise ValueError("Invalid schedule expression")
    at_once = str(props.get("RotateImmediatelyOnUpdate", True)).lower() == "true"
    request = {key: props.get(key) for key in ("SecretId", "RotationLambdaARN", "RotationRules")}
    status, _, body = sm._rotate_secret(request | {"RotateImmediately": at_once})
    if status != 200:
        raise ValueError(body.decode())
    return props["SecretId"], {"Id": props["SecretId"]}


def _cancel(arn: str, _props: Json) -> None:
    _, secret = sm._resolve(arn)
    if secret:
        secret["RotationEnabled"] = False


SCHEDULE = {
    "create": _schedule,
    "update": lambda _arn, _old, new, stack_name: _schedule("", new, stack_name),
    "delete": _cancel,
}


def _error(code: str, message: str) -> Answer:
    answer: Answer = error_response_json(code, message, 400)
    return answer


def _answer(content: Json) -> Answer:
    answer: Answer = json_response(content)
    return answer
