"""Errors whose messages name the remedy and contain no secret."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)


class CredentialError(Exception):
    """An error: a step failed. The message names the remedy and contains no secret."""


class BusyError(CredentialError):
    """An error: another event is changing the same credential. This event can be retried from its start."""


def code(error: Exception) -> str:
    """Return the code of an AWS error, or the type of another error."""
    return str(answer["Error"]["Code"]) if (answer := getattr(error, "response", None)) else type(error).__name__


def mask(key_id: object) -> str:
    """Return an access key id for logs and reasons, with only its last four characters."""
    return f"\u2026{str(key_id)[-4:]}"


def opaque(do: Callable[[], object], what: str) -> None:
    """Run a function, and replace errors by ones without a cause, which could show a secret."""
    try:
        do()
    except Exception as error:  # noqa: BLE001 - the new error is raised outside this block, so that this one is not attached
        reason = reason_of(error)
    else:
        return
    logger.error("%s failed: %s", what, reason)
    raise CredentialError(reason)


def reason_of(error: Exception) -> str:
    """Return the reason of an error for users."""
    if isinstance(error, CredentialError):
        return str(error)
    if answer := getattr(error, "response", None):
        return f"{getattr(error, 'operation_name', 'a call')} failed: {answer['Error'].get('Message') or error}"
    return f"unexpected {type(error).__name__}; try again"
