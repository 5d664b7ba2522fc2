"""The function that the tests of the local AWS deploy: a custom resource and a rotation that can fail on request."""

import json
import urllib.request
from typing import Any

import boto3


def handler(event: dict[str, Any], _context: object) -> None:
    """Log the event and serve it."""
    print(json.dumps({key: value for key, value in event.items() if key != "ResponseURL"}), flush=True)
    if "Step" in event:
        rotate(event["Step"], event["SecretId"], event["ClientRequestToken"])
    else:
        answer(event, event["ResourceProperties"])


def answer(event: dict[str, Any], told: dict[str, str]) -> None:
    """Respond to an event. Fail for the request type in the property ``Fails``."""
    response = {key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")} | {
        "Status": "FAILED" if told.get("Fails") == event["RequestType"] else "SUCCESS",
        "Reason": "failure on request",
        "PhysicalResourceId": told["Id"],
        "Data": {"Padding": "x" * int(told.get("Padding", "0"))},
    }
    request = urllib.request.Request(event["ResponseURL"], json.dumps(response).encode(), method="PUT")  # noqa: S310
    urllib.request.urlopen(request).close()  # noqa: S310


def rotate(step: str, secret: str, token: str) -> None:
    """Run a step. Fail at the step in the secret's description. The new value is the token."""
    secrets = boto3.client("secretsmanager")
    description = secrets.describe_secret(SecretId=secret)
    if step == description["Description"]:
        raise RuntimeError("failure on request")
    if step == "createSecret":
        try:
            secrets.get_secret_value(SecretId=secret, VersionId=token)
        except secrets.exceptions.ResourceNotFoundException:
            secrets.put_secret_value(
                SecretId=secret, ClientRequestToken=token, SecretString=token, VersionStages=["AWSPENDING"]
            )
    if step == "finishSecret":
        stages = description["VersionIdsToStages"]
        current = next(version for version, labels in stages.items() if "AWSCURRENT" in labels)
        secrets.update_secret_version_stage(
            SecretId=secret, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=current
        )
