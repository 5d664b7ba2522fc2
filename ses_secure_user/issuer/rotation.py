"""The door for Secrets Manager's rotation steps.

See https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from .contract import lost_tags
from .patience import CredentialError, reason_of
from .versions import CURRENT, PENDING

if TYPE_CHECKING:
    from .contract import Declaration
    from .lifecycle import Lifecycle
    from .versions import State

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")

logger = logging.getLogger(__name__)


def rotate(step: str, token: str, lifecycle: Lifecycle, function_arn: str) -> None:
    """Do one of the four steps; all but the last leave the current login as it is."""
    try:
        _rotate(step, token, lifecycle, function_arn)
    except Exception as error:  # noqa: BLE001 - raised outside of this block, so that no cause is attached
        reason = reason_of(error)
    else:
        return
    logger.error("%s of %s failed: %s", step, lifecycle.secret.secret_id, reason)
    raise CredentialError(reason)


def _rotate(step: str, token: str, lifecycle: Lifecycle, function_arn: str) -> None:
    if step not in STEPS:
        raise CredentialError(f"{step} is no rotation step")
    pending = None if step in {"createSecret", "setSecret"} else lifecycle.secret.version(VersionId=token)
    if step == "testSecret" and pending is None:
        return  # Secrets Manager tests a new schedule with an empty version
    state = lifecycle.secret.look()
    if not _needs_rotation(state, token, function_arn):
        return
    if step == "createSecret":
        lifecycle.create_secret(_declared(state), token)
    elif step == "testSecret" and pending:
        lifecycle.test_secret(_declared(state), pending)
    elif step == "finishSecret":
        lifecycle.finish_secret(_declared(state), pending, state)


def _needs_rotation(state: State, token: str, function_arn: str) -> bool:
    """Whether there is anything left to do for a rotation that is this function's own."""
    if state.rotated_by != function_arn:
        raise CredentialError("the secret is not rotated by this function")
    if state.has(token, CURRENT):
        return False
    if not state.has(token, PENDING):
        raise CredentialError("the rotation's version is neither pending nor current; rotate again")
    return True


def _declared(state: State) -> Declaration:
    declared = state.declared
    if declared is None:
        lost = ", ".join(lost_tags(state.tags))
        raise CredentialError(f"the secret has lost {lost}: tag it again, as its stack's template does")
    return declared
