"""Errors whose message gives the remedy, and shows no secret."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)


class CredentialError(Exception):
    """An error of a step that could not be done. Its message gives the remedy and holds no secret."""


class BusyError(CredentialError):
    """An error: another event is at work on the same credential. This event may be retried from its start."""


def code(error: Exception) -> str:
    """Return the code of an AWS error, or the kind of failure if there was no answer."""
    return str(answer["Error"]["Code"]) if (answer := getattr(error, "response", None)) else type(error).__name__


def mask(key_id: object) -> str:
    """Return an access key id as logs and reasons show it."""
    return f"\u2026{str(key_id)[-4:]}"


def opaque(do: Callable[[], object], what: str) -> None:
    """Run a block, and fail with a reason only: no cause, whose message or traceback could show a secret."""
    try:
        do()
    except Exception as error:  # noqa: BLE001 - raised outside of this block, so that it is not attached
        reason = reason_of(error)
    else:
        return
    logger.error("%s failed: %s", what, reason)
    raise CredentialError(reason)


def reason_of(error: Exception) -> str:
    """Return the reason of an error, as users read it."""
    if isinstance(error, CredentialError):
        return str(error)
    if answer := getattr(error, "response", None):
        return f"{getattr(error, 'operation_name', 'a call')} failed: {answer['Error'].get('Message') or error}"
    return f"unexpected {type(error).__name__}; try again"
