"""The handler of Terraform's ``aws_lambda_invocation``, which is synchronous and reports the message of an exception.

See https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/lambda_invocation
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .contract import Declaration
from .errors import CredentialError, opaque
from .versions import token_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .lifecycle import Lifecycle

ACTION = "tf"
"""The key under which the provider adds the action (``terraform_key``)."""


def apply(event: Mapping[str, Any], lifecycle_of: Callable[[str], Lifecycle], request_id: str) -> dict[str, str]:
    """Issue or revoke a login. The provider may invoke the function twice."""
    opaque(
        lambda: _apply(event, lifecycle_of(event["SecretId"]), request_id), f"{event[ACTION]} of {event['SecretId']}"
    )
    return {"SecretArn": event["SecretId"]}


def _apply(event: Mapping[str, Any], lifecycle: Lifecycle, request_id: str) -> None:
    action, token = event[ACTION]["action"], token_of(request_id)
    if action == "create":
        lifecycle.ensure(event["UserName"], Declaration.required(event), token)
    elif action == "delete":
        lifecycle.delete(event["UserName"], token[:8], None, succeeded=True)
    else:
        raise CredentialError("a login cannot be changed: replace the resource")
