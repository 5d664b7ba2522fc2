"""The policy that restricts a login's user, and its summary."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

from ses_secure_user.cli.errors import DENIED, CannotJudgeError, code_of
from ses_secure_user.restrictions.reading import deviations, read
from ses_secure_user.restrictions.rows import ORIGINS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ses_secure_user.restrictions.reading import Deployed

    from .smtp_user import SmtpUser

_Answer = TypeVar("_Answer")
_Policy = tuple[str, "Mapping[str, Any]", "Deployed"]
"""The ARN, the document, and the restrictions of the policy."""


def in_words(restrictions: Deployed) -> str:
    """Summarize the mail that a policy allows."""
    origins = ", ".join(value for row in ORIGINS for value in restrictions[row.prop]) or "anywhere"
    return f"mail as {', '.join(restrictions['from_address']) or 'anyone'} from {origins}"


def policy_of(user: SmtpUser) -> _Policy:
    """Return the policy that the construct wrote for the user, or else the one that is most similar to it.

    The permissions boundary is read first. It may belong to an organization, so the group's policies and the user's are
    read too.

    Raises:
        CannotJudgeError: No policy can be read as one that the construct wrote.
    """
    found: list[_Policy] = []
    denied: list[ClientError] = []
    for arns in (lambda: [user.boundary or ""], lambda: user.group_policies, lambda: user.own_policies):
        for arn in _unless_denied(arns, denied) or []:
            document = _unless_denied(partial(user.document, arn), denied) if arn.startswith("arn:") else None
            with suppress(ValueError):
                found += [(arn, document, read(document))] if document else []
        if any(not _deviate(one) for one in found):
            break
    if found:
        return min(found, key=_deviate)
    if denied and code_of(denied[0]) in DENIED:
        raise denied[0]
    raise CannotJudgeError(f"the user {user.name} has no policy written by SecureSesSmtpUser: deploy its stack again")


def _deviate(policy: _Policy) -> int:
    _, document, restrictions = policy
    return len(deviations(document, restrictions))


def _unless_denied(ask: Callable[[], _Answer], denied: list[ClientError]) -> _Answer | None:
    try:
        return ask()
    except ClientError as error:
        denied.append(error)
        return None
