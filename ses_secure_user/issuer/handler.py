"""The function's two doors: CloudFormation's events and Secrets Manager's rotation steps."""

from __future__ import annotations

import dataclasses
import functools
import json
import logging
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any, Literal, Protocol

from .lifecycle import CURRENT, PENDING, PREVIOUS, TAG_PREFIX, Credential, CredentialError, Lifecycle, tags_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from types_boto3_secretsmanager.type_defs import DescribeSecretResponseTypeDef

    Event = Mapping[str, Any]

TAGS = ("user-name", "region", "host", "port", "verify-login")
WORK_MARGIN_SECONDS = 30
ANSWER_MARGIN_SECONDS = 10
REASON_BYTES = 1500
ANSWER_ATTEMPTS = 4

logger = logging.getLogger(__name__)


class Context(Protocol):
    """What is used of Lambda's context object."""

    invoked_function_arn: str
    log_group_name: str

    def get_remaining_time_in_millis(self) -> int:
        """The time until Lambda ends the function."""


def handler(event: Event, context: Context) -> None:
    """Serve one event, whichever door it comes through.

    Raises:
        CredentialError: A rotation step failed; Secrets Manager tries the rotation again. CloudFormation is answered.
    """
    if "Step" in event:
        rotate(event, context)
    else:
        deploy(event, context)


def deploy(event: Event, context: Context) -> None:
    """Do what CloudFormation asks for, and give it exactly one answer, also when the time runs out."""
    answer = Answer(event)
    remaining = context.get_remaining_time_in_millis() / 1000 - ANSWER_MARGIN_SECONDS
    watchdog = threading.Timer(remaining, answer.fail, ["the function ran out of time; try again"])
    watchdog.daemon = True
    watchdog.start()
    reason = None
    try:
        logger.info("%s for user %s", event["RequestType"], event["ResourceProperties"].get("UserName"))
        {"Create": _create, "Update": _update, "Delete": _delete}[event["RequestType"]](event, _lifecycle(context))
    except Exception as error:  # noqa: BLE001 - CloudFormation must be answered whatever happened
        reason = f"{_reason(error)} (log group {context.log_group_name})"
    try:
        answer.fail(reason) if reason else answer.succeed()
    finally:
        watchdog.cancel()


def _create(event: Event, lifecycle: Lifecycle) -> None:
    lifecycle.renew(_declared(event["ResourceProperties"]), _token(event))


def _update(event: Event, lifecycle: Lifecycle) -> None:
    """Issue anew only where the current login is not what is wanted: rotation may have renewed it since.

    A login does not show its region, so where the region changed behind the same host and port nothing can be kept.
    """
    old, new = event["OldResourceProperties"], event["ResourceProperties"]
    credential = _declared(new)
    if old.get("SecretId") not in {None, credential.secret_id} and old.get("UserName") == credential.user_name:
        credential = dataclasses.replace(credential, former_secret_id=old["SecretId"])
    lifecycle.adopt(credential)
    region_shows = old.get("Region") == new["Region"] or _place(old) != _place(new)
    if not (region_shows and lifecycle.holds(credential)):
        lifecycle.renew(credential, _token(event))
    lifecycle.share(credential)
    if old.get("UserName") not in {None, new["UserName"], event["PhysicalResourceId"]}:
        # An update to another user failed and is rolled back: nobody else will withdraw that user.
        lifecycle.withdraw(old["UserName"])


def _delete(event: Event, lifecycle: Lifecycle) -> None:
    """Withdraw the user named in the properties: a physical id that CloudFormation invented names nobody."""
    properties = event["ResourceProperties"]
    lifecycle.hand_back(properties["SecretId"], properties["UserName"])
    lifecycle.withdraw(properties["UserName"])


def rotate(event: Event, context: Context) -> None:
    """Do one of Secrets Manager's four rotation steps; all but the last leave the current login as it is.

    See https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html

    Raises:
        CredentialError: The step failed, or the event is not for this function; the message holds no secret.
    """
    try:
        _rotate(event["Step"], event["SecretId"], event["ClientRequestToken"], context)
    except Exception as error:  # noqa: BLE001 - raised below as one that does not even come from one with a secret
        reason = _reason(error)
    else:
        return
    logger.error("%s of %s failed: %s", event["Step"], event["SecretId"], reason)
    raise CredentialError(reason)


def _rotate(step: str, secret_id: str, token: str, context: Context) -> None:
    lifecycle = _lifecycle(context)
    steps: dict[str, Callable[[Credential, str], None] | None] = {
        "createSecret": lifecycle.issue,
        "setSecret": None,  # the key's own permissions are all there is to set
        "testSecret": lifecycle.prove,
        "finishSecret": lifecycle.promote,
    }
    if step not in steps:
        raise CredentialError(f"{step} is no rotation step")
    if step == "testSecret" and lifecycle.version(secret_id, VersionId=token) is None:
        return  # Secrets Manager tries the schedule out with an empty version
    secret = lifecycle.secrets.describe_secret(SecretId=secret_id)
    if _guarded(secret, token, context) and (do := steps[step]):
        credential = _tagged(lifecycle, secret)
        if step == "createSecret" and not lifecycle.owns(credential.user_name, secret_id):
            raise CredentialError(
                f"the secret holds no login of user {credential.user_name}, whom its tags name: "
                "if the user is the secret's, delete the user's access keys and rotate again"
            )
        do(credential, token)


def _guarded(secret: DescribeSecretResponseTypeDef, token: str, context: Context) -> bool:
    """Whether there is anything left to do for a rotation that is this function's own."""
    labels = secret.get("VersionIdsToStages", {}).get(token, [])
    if not secret.get("RotationEnabled") or secret.get("RotationLambdaARN") != context.invoked_function_arn:
        raise CredentialError("the secret is not rotated by this function")
    if CURRENT in labels:
        return False
    if PENDING not in labels:
        raise CredentialError("the rotation's version is neither pending nor current; rotate again")
    return True


def _declared(properties: Event) -> Credential:
    """The credential that the template declares; CloudFormation sends every value as a string."""
    return Credential(
        user_name=properties["UserName"],
        secret_id=properties["SecretId"],
        region=properties["Region"],
        host=properties["Host"],
        port=int(properties["Port"]),
        from_address=properties["FromAddress"],
        verify_login=properties["VerifyLogin"] == "true",
        fields=_fields(properties.get("Fields", "")),
    )


def _tagged(lifecycle: Lifecycle, secret: DescribeSecretResponseTypeDef) -> Credential:
    """The credential as the secret's tags declare it; only the From address is in the login alone."""
    tags = tags_of(secret)
    if lost := [TAG_PREFIX + name for name in TAGS if name not in tags]:
        raise CredentialError(f"the secret has lost {', '.join(lost)}: tag it again, as its stack's template does")
    fields = _fields(tags.get("fields", ""))
    versions = (lifecycle.version(secret["ARN"], VersionStage=label) for label in (CURRENT, PREVIOUS))
    addresses = (version.value.get(fields.get("from_address", "from_address")) for version in versions if version)
    from_address = next(filter(None, addresses), None)
    if not from_address:
        raise CredentialError(
            "the secret holds no login of this function's making: give a version that does the label AWSCURRENT, "
            "or change a property of its SecureSesSmtpUser and deploy that"
        )
    return Credential(
        user_name=tags["user-name"],
        secret_id=secret["ARN"],
        region=tags["region"],
        host=tags["host"],
        port=int(tags["port"]),
        from_address=str(from_address),
        verify_login=tags["verify-login"] == "true",
        fields=fields,
    )


def _fields(words: str) -> Mapping[str, str]:
    """The secret's renamed fields, each written ``username=SMTP_USERNAME``."""
    return dict(word.split("=", 1) for word in words.split())


def _token(event: Event) -> str:
    """The same version for every delivery of an event, so that a duplicate finds what the first one did."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, event["RequestId"]))


def _place(properties: Event) -> tuple[object, object]:
    return properties.get("Host"), properties.get("Port")


def _lifecycle(context: Context) -> Lifecycle:
    return Lifecycle(
        iam=_client("iam", 5),
        key_maker=_client("iam", 1),
        secrets=_client("secretsmanager", 5),
        deadline=time.time() + context.get_remaining_time_in_millis() / 1000 - WORK_MARGIN_SECONDS,
    )


@functools.cache
def _client(service: Literal["iam", "secretsmanager"], attempts: int) -> Any:  # noqa: ANN401 - two types of client
    """A client made on first use, whose every call is over long before the function's time is."""
    import boto3  # noqa: PLC0415 - the SDK takes longer to import than all the rest
    from botocore.config import Config  # noqa: PLC0415 - the same

    config = Config(connect_timeout=5, read_timeout=10, retries={"mode": "standard", "total_max_attempts": attempts})
    return boto3.client(service, config=config)


def _reason(error: Exception) -> str:
    if isinstance(error, CredentialError):
        return str(error)
    if answer := getattr(error, "response", None):
        return f"{getattr(error, 'operation_name', 'a call')} failed: {answer['Error'].get('Message') or error}"
    return f"unexpected {type(error).__name__}; try again"


class Answer:
    """CloudFormation's answer, given once whoever gives it first.

    See https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
    """

    def __init__(self, event: Event) -> None:
        self._event = event
        self._lock = threading.Lock()
        self._given = False

    def succeed(self) -> None:
        """Answer that the user's credential is as asked for."""
        user_name, secret_arn = (self._event["ResourceProperties"].get(name) for name in ("UserName", "SecretId"))
        self._give({"Status": "SUCCESS", "PhysicalResourceId": user_name, "Data": {"SecretArn": secret_arn}})

    def fail(self, reason: str) -> None:
        """Answer why it is not; the physical id stays, or is the user that a Create was to serve."""
        user_name = self._event.get("ResourceProperties", {}).get("UserName")
        physical_id = self._event.get("PhysicalResourceId") or user_name or self._event["RequestId"]
        logger.error("%s", reason)
        # JSON writes a control character as six bytes, and an answer that is too long is none.
        printable = "".join(char if char.isprintable() else " " for char in reason)
        cut = printable.encode()[:REASON_BYTES].decode(errors="ignore")
        self._give({"Status": "FAILED", "Reason": cut, "PhysicalResourceId": physical_id})

    def _give(self, answer: dict[str, object]) -> None:
        with self._lock:
            if self._given:
                return
            self._given = True
            answer |= {name: self._event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
            _put(self._event["ResponseURL"], json.dumps(answer, ensure_ascii=False).encode())


def _put(url: str, body: bytes) -> None:
    import urllib.request  # noqa: PLC0415 - half of what is left; a rotation never answers

    # The URL is signed: whoever reads it can answer in the function's place, so no error may show it.
    for attempt in range(1, ANSWER_ATTEMPTS + 1):
        request = urllib.request.Request(url, body, {"Content-Type": ""}, method="PUT")  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=5):  # noqa: S310 - CloudFormation's own URL
                return
        except OSError as error:
            logger.warning("answer not taken (%s), attempt %d", type(error).__name__, attempt)
            time.sleep(attempt)
    raise CredentialError("CloudFormation could not be answered")
