"""Retries while AWS is eventually consistent, bounded by the event's deadline."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from .errors import code

if TYPE_CHECKING:
    from collections.abc import Callable

    Result = TypeVar("Result")

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
        """The time when AWS knows everything that existed before the event."""
        return self.started + CONSISTENCY_SECONDS

    def call(self, call: Callable[[], Result], known: float = 0.0) -> Result:
        """Call AWS, and retry while it may not know yet what the call is about."""
        return self.retry(call, lambda error: code(error) in UNSETTLED, max(self.settled, known))

    def retry(
        self,
        call: Callable[[], Result],
        again: Callable[[Exception], bool],
        until: float,
        seconds: float = PAUSE_SECONDS,
    ) -> Result:
        """Call until it succeeds, fails for another reason, or the time is up."""
        while True:
            try:
                return call()
            except Exception as error:
                if not again(error) or not self.rest(until, seconds):
                    raise

    def rest(self, until: float, seconds: float = PAUSE_SECONDS) -> bool:
        """Wait for a moment, unless the time would be up then."""
        if self.now() + seconds > min(until, self.deadline):
            return False
        self.sleep(seconds)
        return True
