"""Errors that prevent a judgement, each with a message of one sentence."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore import exceptions as sdk

from .masking import masked

if TYPE_CHECKING:
    from collections.abc import Iterator

DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
_THROTTLED = {"Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded"}
_INVALID = {
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}


class CannotJudgeError(Exception):
    """An error that prevents a judgement of the account.

    The message is one sentence with the reason. It contains no secret.
    """


def code_of(error: sdk.ClientError) -> str:
    """Return the error code of an AWS error, such as ``NoSuchEntity``."""
    return error.response.get("Error", {}).get("Code", "")


@contextmanager
def explained(permission: str) -> Iterator[None]:
    """Convert errors of calls to AWS to errors of one sentence.

    Args:
        permission: The remedy if a permission is missing.

    Raises:
        CannotJudgeError: A call failed.
    """
    try:
        yield
    except sdk.ClientError as error:
        raise CannotJudgeError(_explained(error, permission)) from None
    except (sdk.NoCredentialsError, sdk.PartialCredentialsError, sdk.TokenRetrievalError, sdk.SSOError) as error:
        raise CannotJudgeError(f"no AWS credentials were found: {error}") from None
    except sdk.NoRegionError:
        raise CannotJudgeError("no AWS region is set: use --region") from None
    except sdk.ProfileNotFound as error:
        raise CannotJudgeError(f"the AWS configuration cannot be used: {error}") from None
    except sdk.BotoCoreError as error:
        raise CannotJudgeError(f"the call to AWS failed: {masked(str(error))}") from None


def _explained(error: sdk.ClientError, permission: str) -> str:
    code, call = code_of(error), error.operation_name
    if code in DENIED:
        return f"these credentials may not call {call}: {permission}"
    if code in _THROTTLED:
        return f"AWS throttles {call}: try again in a minute"
    if code in _INVALID:
        return f"these AWS credentials are not valid ({code})"
    return f"{call} failed: {masked(error.response.get('Error', {}).get('Message') or code)}"
