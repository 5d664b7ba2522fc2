"""The handler of CloudFormation events."""

from __future__ import annotations

import json
import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from .contract import NETWORKS, PROPERTIES, Declaration
from .errors import CredentialError, reason_of
from .networks import check_networks
from .versions import token_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .lifecycle import Lifecycle

    Event = Mapping[str, Any]

ANSWER_MARGIN_SECONDS = 10
REASON_BYTES = 1500
ANSWER_ATTEMPTS = 4
ID_SEPARATOR = "|"
"""The separator in a physical id, which consists of the user, the secret, the Create and the digest."""
OWN_PARTS = 3
"""The number of parts after the user."""
FAILED = "failed"
"""The digest of a Create that issued no login."""

logger = logging.getLogger(__name__)


def deploy(event: Event, lifecycle_of: Callable[[str], Lifecycle], seconds: float, log_group_name: str) -> None:
    """Serve an event of CloudFormation, and respond exactly once, even if the time runs out."""
    answer = Answer(event)
    watchdog = threading.Timer(
        seconds - ANSWER_MARGIN_SECONDS, answer.fail, ["the function ran out of time; try again"]
    )
    watchdog.daemon = True
    watchdog.start()
    reason = None
    try:
        logger.info("%s for user %s", event["RequestType"], event["ResourceProperties"].get("UserName"))
        act = {"Create": _create, "Update": _update, "Delete": _delete}[event["RequestType"]]
        act(event, lifecycle_of(event["ResourceProperties"]["SecretId"]))
    except Exception as error:  # noqa: BLE001 - CloudFormation must get a response
        reason = f"{reason_of(error)} (log group {log_group_name})"
    try:
        if reason:
            answer.fail(reason)
        else:
            answer.succeed()
    finally:
        watchdog.cancel()


def _create(event: Event, lifecycle: Lifecycle) -> None:
    properties = event["ResourceProperties"]
    check_networks(properties.get(NETWORKS, ()))
    lifecycle.create(properties["UserName"], Declaration.required(properties), token_of(event["RequestId"]))


def _update(event: Event, _: Lifecycle) -> None:
    """Succeed if the declaration of the login is the same, as after a rollback or a change of another property.

    A change of a value that is known at synthesis changes the logical ids, so CloudFormation replaces the login. Here,
    only values that are known at deployment can change.
    """
    new, old = event["ResourceProperties"], event["OldResourceProperties"]
    check_networks(new.get(NETWORKS, ()))
    user_name, *own = event["PhysicalResourceId"].split(ID_SEPARATOR)
    if (user_name, *own[:1], *own[2:]) != (new["UserName"], new["SecretId"], _digest(new)):
        changed = [name for name in ("UserName", *PROPERTIES.values()) if new.get(name) != old.get(name)]
        raise CredentialError(
            f"{' and '.join(changed) or 'the login'} cannot be changed by a value known only at deployment: give the"
            " SecureSesSmtpUser another id, or if the value is a template's parameter, deploy another stack"
        )


def _delete(event: Event, lifecycle: Lifecycle) -> None:
    """Undo the Create in the physical id. If CloudFormation generated the id, undo a Create that sent no response."""
    user_name, *own = event["PhysicalResourceId"].split(ID_SEPARATOR)
    # The id is the same for every attempt to delete the resource.
    delete = token_of(event["PhysicalResourceId"])[:8]
    if len(own) == OWN_PARTS:
        lifecycle.delete(user_name, delete, own[1], succeeded=own[2] != FAILED)
    else:
        lifecycle.delete(event["ResourceProperties"]["UserName"], delete, None, succeeded=False)


def _digest(properties: Mapping[str, str]) -> str:
    declared = Declaration.read(properties, PROPERTIES)
    return declared.digest if declared else FAILED


class Answer:
    """The response to CloudFormation. The first thread that responds sends it.

    See https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
    """

    def __init__(self, event: Event) -> None:
        self._event = event
        self._lock = threading.Lock()
        self._given = False

    def succeed(self) -> None:
        """Report success."""
        self._give({"Status": "SUCCESS", "Data": {"SecretArn": self._event["ResourceProperties"].get("SecretId")}})

    def fail(self, reason: str) -> None:
        """Report a failure and its reason."""
        logger.error("%s", reason)
        # JSON escapes a control character with six bytes, and CloudFormation refuses a response that is too long.
        printable = "".join(char if char.isprintable() else " " for char in reason)
        cut = printable.encode()[:REASON_BYTES].decode(errors="ignore")
        self._give({"Status": "FAILED", "Reason": cut})

    def _give(self, answer: dict[str, object]) -> None:
        with self._lock:
            if self._given:
                return
            self._given = True
            answer |= {name: self._event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
            answer["PhysicalResourceId"] = self._physical_id(answer["Status"])
            put(self._event["ResponseURL"], json.dumps(answer, ensure_ascii=False).encode())

    def _physical_id(self, status: object) -> str:
        """Return the physical id of the event, which must not change.

        A Create gets a new id, which is different if it failed.
        """
        properties = self._event.get("ResourceProperties", {})
        digest = FAILED if status == "FAILED" else _digest(properties)
        own = (properties.get("UserName"), properties.get("SecretId"), token_of(self._event["RequestId"])[:8], digest)
        return self._event.get("PhysicalResourceId") or ID_SEPARATOR.join(map(str, own))


def put(url: str, body: bytes) -> None:
    """Send a response, with retries. An error does not show the pre-signed URL."""
    import urllib.request  # noqa: PLC0415 - slow to import, and rotations send no response

    for attempt in range(1, ANSWER_ATTEMPTS + 1):
        request = urllib.request.Request(url, body, {"Content-Type": ""}, method="PUT")  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=5):  # noqa: S310 - CloudFormation's own URL
                return
        except OSError as error:
            logger.warning("response not accepted (%s), attempt %d", type(error).__name__, attempt)
            time.sleep(attempt)
    raise CredentialError("the response could not be sent to CloudFormation")
