"""`revoke`, from the search for the leaked key to the proof."""

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

RIGHTS = "docs/rotation.md lists the permissions that revoke needs"


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """The options of the command line.

    Attributes:
        named: The name or ARN of the secret, or the id of the leaked key.
        end: With a secret, the last characters of the leaked key's id. Default: the current login's key.
        at_once: True to delete the key before another login is issued.
        wait: The age that the current login must have before the leaked one, then the previous login, ends. None to
            stop before that.
        is_meant: True to run the steps; False to show them only.
    """

    named: str
    end: str | None = None
    at_once: bool = False
    wait: timedelta | None = None
    is_meant: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """The result of a run.

    Attributes:
        about: The facts about the leak before the first step.
        plan: The steps that end it from that state.
        rows: The claims after the last step.
    """

    about: Mapping[str, str]
    plan: list[str]
    rows: list[Row]


def revoke(
    aws_in: Callable[[str | None], Aws], outside: Outside, options: Options, progress: Callable[[str], None]
) -> Ended:
    """Find the leaked key, end its login, and prove that it has ended.

    Raises:
        CannotJudgeError: The key does not exist, the construct did not create its user, or a step failed.
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
    """Run the steps. An error names the command that continues, which does not repeat completed steps."""
    try:
        with explained(RIGHTS):
            return steps.do()
    except CannotJudgeError as error:
        raise CannotJudgeError(f"{error}; to continue, run {_again(leak)}") from None
    except KeyboardInterrupt:
        raise CannotJudgeError(f"interrupted; to continue, run {_again(leak)}") from None


def _go_on(leak: Leak, options: Options) -> str:
    if leak.unrenewable and not options.at_once:
        return f"no rotation can issue another login, because {leak.unrenewable}: use --now to delete the key anyway"
    if not options.is_meant:
        return "nothing was changed: use --yes to run the steps"
    return f"after all applications have read the current login, run {_again(leak)}"


def _again(leak: Leak) -> str:
    """Return the command that continues from any state. It contains no full key id."""
    if leak.secret is None:
        return "the same command again"
    return f"ses-secure-user revoke {masked(leak.secret.description.get('Name', ''))} --key {leak.key_id[-4:]} --yes"
