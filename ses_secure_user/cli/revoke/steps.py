"""The steps that end a leaked login. Each step first requests the state, so a run can be repeated."""

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
"""The rotation function runs for up to 10 minutes, and Secrets Manager retries a failed rotation."""
MOST_STEPS = 8
"""More steps than needed, unless another program makes the key current repeatedly."""

UNFINISHED = "InvalidRequestException"
"""The error of RotateSecret while another rotation is not complete
(https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html)."""


@dataclass(frozen=True, kw_only=True)
class Steps:
    """The steps for one leak.

    Attributes:
        leak: The leaked key.
        at_once: True to delete the key before another login is issued.
        wait: The time for applications to read a login after it became current; None to stop, and leave the rest to a
            later run.
        now: Returns the current time.
        sleep: Waits for a number of seconds.
        progress: Called with a text before each step.
    """

    leak: Leak
    at_once: bool
    wait: timedelta | None
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    progress: Callable[[str], None]

    def plan(self, state: State) -> list[str]:
        """Return the steps from a state."""
        if state.status is None:
            is_dead = state.standing is Standing.CURRENT and not self.leak.unrenewable
            effect = "another login becomes current, because the key of this one does not exist"
            return [self._rotation(effect)] if is_dead else []
        if self.at_once or state.standing is Standing.NEITHER:
            plan = ["deactivate and delete the key: SES then refuses its login"]
            if self.at_once and state.standing is Standing.CURRENT:
                plan[0] += ", and senders fail until they read the next login"
                plan += [] if self.leak.unrenewable else [self._rotation("another login becomes current")]
            return plan
        if self.leak.unrenewable:
            return []
        if state.standing is Standing.PENDING:
            return ["wait for the rotation in progress, and check again"]
        last = "the key is then in no login, and is deleted"
        if state.standing is Standing.PREVIOUS:
            return [*self._waiting(), self._rotation(last)] if self.wait else [self._rotation(last)]
        first = self._rotation("another login becomes current, and the leaked one still works")
        return [first, *self._waiting(), f"rotate again: {last}"]

    def do(self) -> State:
        """Run the steps, and return the state after them.

        Raises:
            CannotJudgeError: A step failed. The steps before it are done.
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
                    "the rotation in progress has not finished: use --now to delete the key anyway",
                )
            else:
                self._rotate(state)
                rotated = True
        raise CannotJudgeError(f"the key {self.leak.name} keeps becoming a login: find out what writes to the secret")

    def _rotation(self, effect: str) -> str:
        off = self.leak.secret is not None and not self.leak.secret.description.get("RotationEnabled")
        return f"rotate the secret{', which turns its rotation on again' if off else ''}: {effect}"

    def _waiting(self) -> list[str]:
        if self.wait is None:
            return ["wait until all applications have read the current login, and run this command again"]
        minutes = self.wait.total_seconds() / 60
        return [f"wait until the current login is {minutes:g} minutes old, so that all applications can read it"]

    def _rest(self, state: State) -> None:
        if self.wait and state.since and (rest := (state.since + self.wait - self.now()).total_seconds()) > 0:
            self.progress(f"Waiting until {state.since + self.wait:%Y-%m-%d %H:%M} UTC")
            self.sleep(rest)

    def _delete(self) -> None:
        """Deactivate and delete the key. A deactivated key is refused at once, even if its deletion is denied."""
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
            "the rotation has not finished: see the log group of its function and docs/rotation.md, or use --now to"
            " delete the key before another login is issued",
        )

    def _until(self, done: Callable[[], bool], otherwise: str) -> None:
        for _ in range(MOST_POLLS):
            if done():
                return
            self.sleep(POLL_SECONDS)
        raise CannotJudgeError(f"after {MOST_POLLS * POLL_SECONDS // 60} minutes {otherwise}")
