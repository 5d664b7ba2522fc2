"""Claims that a leaked login is refused and another login is accepted."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ses_secure_user.cli.claims import Claim, Finding, Judge, Verdict
from ses_secure_user.cli.errors import CannotJudgeError
from ses_secure_user.cli.masking import key_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from ses_secure_user.cli.account.login_secret import Login
    from ses_secure_user.cli.verify.postbox import Postbox, Reply

    from .leak import Leak, State

SPREAD_SECONDS = 180
"""The time for which SES may still accept a deleted key, or refuse a new one."""
PAUSE_SECONDS = 5


@dataclass(frozen=True)
class Revoked:
    """A leaked key and its state after the last step.

    Attributes:
        leak: The leaked key.
        state: Its state.
        postbox: The SMTP endpoint.
        sleep: Waits for a number of seconds.
        go_on: The next step if the key still exists.
    """

    leak: Leak
    state: State
    postbox: Postbox
    sleep: Callable[[float], None]
    go_on: str

    @cached_property
    def current_answer(self) -> Reply:
        """The response of SES to the current login.

        Raises:
            CannotJudgeError: There is no current login, or it cannot be tested.
        """
        if self.state.current is None:
            raise CannotJudgeError("the secret's current version holds no SMTP login")
        return self.answer(self.state.current, accepted=True)

    def answer(self, login: Login, *, accepted: bool) -> Reply:
        """Log in until SES answers as expected, or until changes in IAM must have taken effect."""
        reply = self.postbox.log_in(login)
        for _ in range(SPREAD_SECONDS // PAUSE_SECONDS):
            if reply.accepted == accepted:
                break
            self.sleep(PAUSE_SECONDS)
            reply = self.postbox.log_in(login)
        return reply


def revoked_claims(revoked: Revoked) -> list[Claim[Revoked]]:
    """Return the claims. Logins are tested only after the key is deleted."""
    found = [Claim("leaked-key", f"the leaked key {revoked.leak.name} is deleted", _deleted)]
    if revoked.state.status is None and revoked.leak.login:
        found.append(Claim("leaked-login", "SES refuses the leaked login", _refused))
    if revoked.state.status is None and revoked.leak.secret:
        found.append(Claim("current-login", "SES accepts the current login", _accepted))
    return found


def _deleted(revoked: Revoked) -> Finding:
    if revoked.state.status is None:
        return Finding(Verdict.PROVED, (Judge.IAM,), f"{revoked.leak.user.name} does not have it")
    return Finding(Verdict.NOT_PROVED, (Judge.IAM,), f"it is {revoked.state.in_words}; {revoked.go_on}")


def _refused(revoked: Revoked) -> Finding:
    """Judge the leaked login. Its refusal counts only if the current login is accepted."""
    try:
        reply = revoked.answer(revoked.leak.login, accepted=False) if revoked.leak.login else None
        control = revoked.current_answer
    except CannotJudgeError as error:
        return Finding(Verdict.NOT_PROVED, (Judge.SES,), str(error))
    if reply is None or reply.accepted:
        return _said(Verdict.BROKEN, reply, "the leaked login is accepted")
    if not control.accepted:
        return _said(Verdict.NOT_PROVED, reply, "the current login is refused too")
    return _said(Verdict.PROVED, reply, "the current login is accepted")


def _accepted(revoked: Revoked) -> Finding:
    try:
        reply = revoked.current_answer
    except CannotJudgeError as error:
        return Finding(Verdict.NOT_PROVED, (Judge.SES,), str(error))
    key = key_name(revoked.state.current.key_id) if revoked.state.current else ""
    if reply.accepted:
        return _said(Verdict.PROVED, reply, f"key {key}")
    if not revoked.state.current_works:
        remedy = f"{revoked.leak.unrenewable}, so deploy the stack" if revoked.leak.unrenewable else "rotate the secret"
        return _said(Verdict.BROKEN, reply, f"key {key} is not active; {remedy}")
    return _said(Verdict.NOT_PROVED, reply, f"key {key} is active; the network may be the reason")


def _said(verdict: Verdict, reply: Reply | None, why: str) -> Finding:
    return Finding(verdict, (Judge.SES,), f"{why}: {reply.evidence if reply else ''}", reply.words if reply else "")
