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
"""The assumed time until changes in IAM take effect. AWS documents eventual consistency without a limit.

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
"""The error codes while AWS does not know a new user, permission, key or secret, or still counts a deleted key."""


@dataclass(frozen=True, kw_only=True)
class Patience:
    """The time limits of one event, in seconds since the epoch.

    Attributes:
        started: The time at which the event began.
        deadline: The time at which its work must be done.
        now: Returns the current time.
        sleep: Waits for a number of seconds.
    """

    started: float
    deadline: float
    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep

    @property
    def settled(self) -> float:
        """The time at which AWS knows all changes from before the event."""
        return self.started + CONSISTENCY_SECONDS

    def call(self, call: Callable[[], Result], known: float = 0.0) -> Result:
        """Call AWS, and retry while AWS may not know the resource or permission yet."""
        return self.retry(call, lambda error: code(error) in UNSETTLED, max(self.settled, known))

    def retry(
        self,
        call: Callable[[], Result],
        again: Callable[[Exception], bool],
        until: float,
        seconds: float = PAUSE_SECONDS,
    ) -> Result:
        """Call until the call succeeds, fails for another reason, or the time is up."""
        while True:
            try:
                return call()
            except Exception as error:
                if not again(error) or not self.rest(until, seconds):
                    raise

    def rest(self, until: float, seconds: float = PAUSE_SECONDS) -> bool:
        """Wait, unless the time would be up then. Return False if it would."""
        if self.now() + seconds > min(until, self.deadline):
            return False
        self.sleep(seconds)
        return True
