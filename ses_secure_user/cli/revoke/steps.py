"""The steps that end a leaked login. Each begins with a look, so that what was cut off is repeated safely."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ses_secure_user.cli.account.login_secret import LoginSecret
from ses_secure_user.cli.errors import CannotJudgeError, code_of

from .leak import Standing

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta

    from .leak import Leak, State

POLL_SECONDS = 5
MOST_POLLS = 15 * 60 // POLL_SECONDS
"""A rotation's function runs for 10 minutes at most, and Secrets Manager tries a failed one again."""
MOST_STEPS = 8
"""More than it ever takes, unless something makes the key current again and again."""

UNFINISHED = "InvalidRequestException"
"""What RotateSecret answers while another rotation is not complete
(https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html)."""


@dataclass(frozen=True, kw_only=True)
class Steps:
    """The steps for one leak.

    Attributes:
        leak: The leaked key.
        at_once: Whether the key is deleted before there is another login.
        wait: The time that applications have to read a login since it became current; None to stop and leave it to a
            later run.
        now: The clock.
        sleep: Waits for seconds.
        progress: Called with a text before each step.
    """

    leak: Leak
    at_once: bool
    wait: timedelta | None
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    progress: Callable[[str], None]

    def plan(self, state: State) -> list[str]:
        """Return what would be done, step by step."""
        if state.status is None:
            is_dead = state.standing is Standing.CURRENT and not self.leak.unrenewable
            return [self._rotation("another login becomes current, since this one has no key")] if is_dead else []
        if self.at_once or state.standing is Standing.NEITHER:
            plan = ["deactivate the key and delete it: from then on SES refuses its login"]
            if self.at_once and state.standing is Standing.CURRENT:
                plan[0] += ", and senders fail until they have read the next one"
                plan += [] if self.leak.unrenewable else [self._rotation("another login becomes current")]
            return plan
        if self.leak.unrenewable:
            return []
        if state.standing is Standing.PENDING:
            return ["wait for the rotation that is under way, and look again"]
        last = "once the key is no login's, it is deleted"
        if state.standing is Standing.PREVIOUS:
            return [*self._waiting(), self._rotation(last)] if self.wait else [self._rotation(last)]
        first = self._rotation("another login becomes current, and the leaked one goes on working")
        return [first, *self._waiting(), f"rotate once more: {last}"]

    def do(self) -> State:
        """Take the steps, and return the state that they end in.

        Raises:
            CannotJudgeError: One of them cannot be taken. Those before it have been.
        """
        rotated = False
        for _ in range(MOST_STEPS):
            state = self.leak.look()
            if state.status is None and state.standing is not Standing.CURRENT:
                return state
            if state.status is not None and (self.at_once or state.standing is Standing.NEITHER):
                self._delete()
                continue
            if self.leak.unrenewable:
                return state
            if state.standing is Standing.PREVIOUS:
                if rotated and self.wait is None:
                    return state
                self._rest(state)
            if state.standing is Standing.PENDING:
                self._until(
                    lambda: self.leak.look().standing is not Standing.PENDING,
                    "the rotation under way has not ended: --now deletes the key all the same",
                )
            else:
                self._rotate(state)
                rotated = True
        raise CannotJudgeError(f"the key {self.leak.name} becomes a login again and again: see who writes the secret")

    def _rotation(self, effect: str) -> str:
        off = self.leak.secret is not None and not self.leak.secret.description.get("RotationEnabled")
        return f"rotate the secret{', which turns its rotation on again' if off else ''}: {effect}"

    def _waiting(self) -> list[str]:
        if self.wait is None:
            return ["wait until all applications have read the current login, and run this again"]
        minutes = self.wait.total_seconds() / 60
        return [f"wait until the current login is {minutes:g} minutes old, so that all applications have read it"]

    def _rest(self, state: State) -> None:
        if self.wait and state.since and (rest := (state.since + self.wait - self.now()).total_seconds()) > 0:
            self.progress(f"Waiting until {state.since + self.wait:%Y-%m-%d %H:%M} UTC")
            self.sleep(rest)

    def _delete(self) -> None:
        """Deactivate the key and delete it. A deactivated one ends at once, even if its deletion is not allowed."""
        self.progress(f"Deleting {self.leak.name}")
        iam, key = self.leak.user.iam, {"UserName": self.leak.user.name, "AccessKeyId": self.leak.key_id}
        with suppress(iam.exceptions.NoSuchEntityException):
            iam.update_access_key(**key, Status="Inactive")
            iam.delete_access_key(**key)
        self._until(lambda: self.leak.look().status is None, "IAM still lists the key")

    def _rotate(self, before: State) -> None:
        self.progress("Rotating the secret")
        secret = self.leak.secret
        if secret is None:
            return
        try:
            secret.api.rotate_secret(SecretId=secret.arn)
        except ClientError as error:
            if code_of(error) != UNFINISHED:
                raise
        self._until(
            lambda: LoginSecret.of(secret.api, secret.arn).current_version != before.version and not secret.pending(),
            "the rotation has not ended: the reason is in the log group of its function, and docs/rotation.md says what"
            " to do; --now deletes the key before there is another login",
        )

    def _until(self, done: Callable[[], bool], otherwise: str) -> None:
        for _ in range(MOST_POLLS):
            if done():
                return
            self.sleep(POLL_SECONDS)
        raise CannotJudgeError(f"after {MOST_POLLS * POLL_SECONDS // 60} minutes {otherwise}")
