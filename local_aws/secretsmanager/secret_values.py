"""Secrets and their versions."""
# ruff: noqa: SLF001

import json
from collections.abc import Callable

from ministack.core.responses import error_response_json, json_response, new_uuid
from ministack.services import secretsmanager as sm

from local_aws.shapes import Action, Answer, Anything, Json, Resource

NO_VALUE = "Secrets Manager can't find the specified secret value"
OK = 200


def create_resource(original: Callable[..., Resource], logical_id: str, props: Json, stack_name: str) -> Resource:
    """Create a secret. ``Ref`` returns its ARN, and without a value in the template it has no version."""
    _, attributes = original(logical_id, props, stack_name)
    return _created(attributes["Arn"], props)


def update_resource(original: Callable[..., Resource], arn: str, old: Json, new: Json, *args: Anything) -> Resource:
    """Update a secret, which is found by its ARN, or replace it."""
    _, attributes = original(_name(arn), old, new, *args)
    return (arn, attributes) if attributes["Arn"] == arn else _created(attributes["Arn"], new)


def delete_resource(original: Callable[..., None], arn: str, props: Json) -> None:
    """Delete a secret, which is found by its ARN."""
    original(_name(arn), props)


def create_secret(original: Action, request: Json) -> Answer:
    """Create a secret. Without a value, create no version."""
    status, headers, body = original(request)
    if status == 200 and not request.keys() & {"SecretString", "SecretBinary"}:
        sm._secrets[request["Name"]]["Versions"].clear()
        return _answer({name: text for name, text in json.loads(body).items() if name != "VersionId"})
    return status, headers, body


def get_secret_value(original: Action, request: Json) -> Answer:
    """Return a value. A version with a label but without a value is not found."""
    status, headers, body = original(request)
    if status == 200 and not json.loads(body).keys() & {"SecretString", "SecretBinary"}:
        return _error("ResourceNotFoundException", f"{NO_VALUE} for {_wanted(request)}")
    return status, headers, body


def put_secret_value(original: Action, request: Json) -> Answer:
    """Store a value. Never change the value of a version, and move the labels from other versions.

    The first version also gets AWSCURRENT, whatever labels are requested
    (https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html).
    """
    _, secret = sm._resolve(request.get("SecretId"))
    token = request.setdefault("ClientRequestToken", new_uuid())
    version = secret["Versions"].get(token) if secret else None
    if version and _value(version) != (None, None):
        if _value(version) != _value(request):
            return _error("ResourceExistsException", "A resource with the ID you requested already exists.")
        return _accepted(secret, token)
    is_first = bool(secret) and all(map(_is_empty, secret["Versions"].values()))
    answer = original(request)
    if is_first and answer[0] == OK and "AWSCURRENT" not in secret["Versions"][token]["Stages"]:
        secret["Versions"][token]["Stages"].append("AWSCURRENT")
    for label in request.get("VersionStages", []) if answer[0] == OK else []:
        sm._remove_stage_everywhere(secret, label, except_version_id=token)
    return answer


def promote(original: Callable[[Json, str], None], secret: Json, version_id: str) -> None:
    """Promote a version. Versions without a label can still be read by their id."""
    versions = dict(secret["Versions"])
    original(secret, version_id)
    secret["Versions"] = versions


def _put_policy(_logical_id: str, props: Json, _stack_name: str) -> Resource:
    policy = json.dumps(props["ResourcePolicy"])
    status, _, body = sm._put_resource_policy({"SecretId": props["SecretId"], "ResourcePolicy": policy})
    if status != 200:
        raise ValueError(body.decode())
    return props["SecretId"], {"Id": props["SecretId"]}


RESOURCE_POLICY = {
    "create": _put_policy,
    "update": lambda _arn, _old, new, stack_name: _put_policy("", new, stack_name),
    "delete": lambda arn, _props: sm._delete_resource_policy({"SecretId": arn}),
}


def _created(arn: str, props: Json) -> Resource:
    if not props.keys() & {"SecretString", "GenerateSecretString"}:
        sm._secrets[_name(arn)]["Versions"].clear()
    return arn, {"Id": arn, "Arn": arn}


def _name(arn: str) -> str:
    name, _ = sm._resolve(arn)
    return name or arn


def _is_empty(version: Json) -> bool:
    return _value(version) == (None, None)


def _value(version: Json) -> tuple[str | None, str | None]:
    return version.get("SecretString"), version.get("SecretBinary")


def _wanted(request: Json) -> str:
    label = request.get("VersionStage", "AWSCURRENT")
    return f"VersionId: {request['VersionId']}" if "VersionId" in request else f"staging label: {label}"


def _accepted(secret: Json, token: str) -> Answer:
    stages = secret["Versions"][token]["Stages"]
    answer: Answer = json_response(
        {"ARN": secret["ARN"], "Name": secret["Name"], "VersionId": token, "VersionStages": stages}
    )
    return answer


def _answer(content: Json) -> Answer:
    answer: Answer = json_response(content)
    return answer


def _error(code: str, message: str) -> Answer:
    answer: Answer = error_response_json(code, message, 400)
    return answer
