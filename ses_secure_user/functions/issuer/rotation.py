"""The handler of Secrets Manager's rotation steps.

See https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import CredentialError, opaque
from .versions import CURRENT, PENDING

if TYPE_CHECKING:
    from .lifecycle import Lifecycle

NOTHING = ("setSecret", "testSecret")
"""The steps without work. A key has the permissions of its user, and finishSecret tests the login."""


def rotate(step: str, token: str, lifecycle: Lifecycle) -> None:
    """Perform one of the four steps. Only the last one changes the current login."""
    opaque(lambda: _rotate(step, token, lifecycle), f"{step} of {lifecycle.secret.secret_id}")


def _rotate(step: str, token: str, lifecycle: Lifecycle) -> None:
    if step in NOTHING:
        return
    if step not in {"createSecret", "finishSecret"}:
        raise CredentialError(f"{step} is not a rotation step")
    state = lifecycle.secret.look()
    if state.has(token, CURRENT):
        return
    if not state.has(token, PENDING):
        raise CredentialError("the rotation's version is neither pending nor current; rotate again")
    lifecycle.require_not_revoked(state)
    if step == "createSecret":
        lifecycle.create_secret(token, state)
    else:
        lifecycle.finish_secret(token, state)
