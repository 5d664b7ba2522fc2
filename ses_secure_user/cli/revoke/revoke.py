"""`revoke`: one leaked key from the first look to the proof."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ses_secure_user.cli.claims import Row, judged
from ses_secure_user.cli.errors import CannotJudgeError, explained
from ses_secure_user.cli.masking import masked
from ses_secure_user.cli.verify.postbox import Postbox

from .leak import leak_of
from .revoked_claims import Revoked, revoked_claims
from .steps import Steps

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import timedelta

    from ses_secure_user.cli.outside import Aws, Outside

    from .leak import Leak, State

RIGHTS = "docs/rotation.md lists what revoke needs"


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """The options of the command line.

    Attributes:
        named: The name or ARN of the secret, or the id of the leaked key.
        end: With a secret, the last characters of the leaked key's id. Default: the current login's key.
        at_once: Whether the key is deleted before there is another login.
        wait: How old the current login must be before the leaked one, then the previous, is ended; None to stop there.
        is_meant: Whether to take the steps, and not only to show them.
    """

    named: str
    end: str | None = None
    at_once: bool = False
    wait: timedelta | None = None
    is_meant: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of a run.

    Attributes:
        about: What is known of the leak, as it was found.
        plan: The steps that end it from there.
        rows: The claims at the end.
    """

    about: Mapping[str, str]
    plan: list[str]
    rows: list[Row]


def revoke(
    aws_in: Callable[[str | None], Aws], outside: Outside, options: Options, progress: Callable[[str], None]
) -> Ended:
    """Find the leaked key, take the steps that end its login, and prove that they did.

    Raises:
        CannotJudgeError: There is no such key, it is not the construct's, or AWS lets a step not be taken.
    """
    with explained(RIGHTS):
        leak = leak_of(aws_in, options.named, options.end)
        steps = Steps(
            leak=leak,
            at_once=options.at_once,
            wait=options.wait,
            now=outside.now,
            sleep=outside.sleep,
            progress=progress,
        )
        before = leak.look()
        about, plan = _about(leak, before), steps.plan(before)
        state = _done(leak, steps) if options.is_meant else before
        progress("Logging in")
        revoked = Revoked(
            leak=leak,
            state=state,
            postbox=Postbox(leak.declaration, 0, outside.clock, outside.sleep),
            sleep=outside.sleep,
            go_on=_go_on(leak, options),
        )
        return Ended(about, plan, list(judged(revoked_claims(revoked), revoked)))


def _about(leak: Leak, state: State) -> dict[str, str]:
    secret = leak.secret.description.get("Name", "") if leak.secret else ""
    return {
        "secret": secret,
        "user": leak.user.name,
        "key": f"{leak.name}: {state.in_words}",
        "worth": leak.worth,
    }


def _done(leak: Leak, steps: Steps) -> State:
    """Take the steps. Where that ends early, say how to go on: what was done stays, and is not done again."""
    try:
        with explained(RIGHTS):
            return steps.do()
    except CannotJudgeError as error:
        raise CannotJudgeError(f"{error}; to go on: {_again(leak)}") from None
    except KeyboardInterrupt:
        raise CannotJudgeError(f"interrupted; to go on: {_again(leak)}") from None


def _go_on(leak: Leak, options: Options) -> str:
    if leak.unrenewable and not options.at_once:
        return f"no rotation makes another login, since {leak.unrenewable}: --now deletes the key all the same"
    if not options.is_meant:
        return "nothing was done: say --yes"
    return f"once all applications have read the current login: {_again(leak)}"


def _again(leak: Leak) -> str:
    """Return the command that goes on from any state. It names no whole key id."""
    if leak.secret is None:
        return "the same command"
    return f"ses-secure-user revoke {masked(leak.secret.description.get('Name', ''))} --key {leak.key_id[-4:]} --yes"
