"""Time: how long to go on trying what AWS does not know of yet."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    Result = TypeVar("Result")

logger = logging.getLogger(__name__)

CONSISTENCY_SECONDS = 60
"""IAM and what depends on it are eventually consistent, without a bound that AWS gives.

See https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html
"""
PAUSE_SECONDS = 3

UNSETTLED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "DecryptionFailure",
        "EncryptionFailure",
        "LimitExceeded",
        "NoSuchEntity",
        "ResourceNotFoundException",
        "Throttling",
        "ThrottlingException",
    }
)
"""What AWS answers while it does not know a new user, right, key or secret, or while a deleted key still counts."""


class CredentialError(Exception):
    """A step that could not be done; the message says what to do about it and holds no secret."""


class BusyError(CredentialError):
    """Another event is at work on the same credential; this one may be tried again from its start."""


@dataclass(frozen=True, kw_only=True)
class Patience:
    """The time of one event, in seconds since the epoch.

    Attributes:
        started: When the event began.
        deadline: When its work must be done.
        now: The clock.
        sleep: Waits for a number of seconds.
    """

    started: float
    deadline: float
    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep

    @property
    def settled(self) -> float:
        """When AWS knows all that was there before the event."""
        return self.started + CONSISTENCY_SECONDS

    def call(self, call: Callable[[], Result], known: float = 0.0) -> Result:
        """Call AWS, again and again while it may not know yet what the call is about."""
        return self.retry(call, lambda error: code(error) in UNSETTLED, max(self.settled, known))

    def retry(
        self,
        call: Callable[[], Result],
        again: Callable[[Exception], bool],
        until: float,
        seconds: float = PAUSE_SECONDS,
    ) -> Result:
        """Call until it works, fails for another reason, or the time is up."""
        while True:
            try:
                return call()
            except Exception as error:
                if not again(error) or not self.rest(until, seconds):
                    raise

    def rest(self, until: float, seconds: float = PAUSE_SECONDS) -> bool:
        """Wait for a moment, unless the time is up then."""
        if self.now() + seconds > min(until, self.deadline):
            return False
        self.sleep(seconds)
        return True


def code(error: Exception) -> str:
    """AWS's code of an error, or the kind of failure where no answer came."""
    return str(answer["Error"]["Code"]) if (answer := getattr(error, "response", None)) else type(error).__name__


def mask(key_id: object) -> str:
    """An access key id as logs and reasons show it."""
    return f"\u2026{str(key_id)[-4:]}"


def opaque(do: Callable[[], object], what: str) -> None:
    """Do something, and fail with nothing but a reason: no cause, whose message or traceback could show a secret."""
    try:
        do()
    except Exception as error:  # noqa: BLE001 - raised outside of this block, so that it is not attached
        reason = reason_of(error)
    else:
        return
    logger.error("%s failed: %s", what, reason)
    raise CredentialError(reason)


def reason_of(error: Exception) -> str:
    """What a person is told of an error."""
    if isinstance(error, CredentialError):
        return str(error)
    if answer := getattr(error, "response", None):
        return f"{getattr(error, 'operation_name', 'a call')} failed: {answer['Error'].get('Message') or error}"
    return f"unexpected {type(error).__name__}; try again"
