"""Digests for the ids of resources. CloudFormation replaces a resource when its logical id changes."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from ses_secure_user.login.chosen_names import SECRET_NAME

if TYPE_CHECKING:
    from aws_cdk import CfnResource, Stack

DIGITS = 7
"""The length of a digest. The CDK's logical ids have at most 248 characters, and CloudFormation allows 255."""

LONGEST = SECRET_NAME - len("-012345678901")
"""The longest logical id of a secret. CloudFormation generates the secret's name from it, and a tag holds the ARN."""

_PATH_HASH = 8
"""The length of the hash at the end of the CDK's logical ids."""


def digest(*parts: object) -> str:
    """Return a short hash of the values that distinguish two resources."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:DIGITS].upper()


def shorten(stack: Stack, secret: CfnResource, path: str) -> None:
    """Shorten the logical id of a secret whose generated name would be too long.

    Args:
        stack: The secret's stack.
        secret: The secret.
        path: The path of the secret, at least as long as the readable part of its logical id.
    """
    if len(path) + _PATH_HASH <= LONGEST:
        return
    own = stack.get_logical_id(secret)
    secret.override_logical_id(own[:-_PATH_HASH][: LONGEST - _PATH_HASH] + own[-_PATH_HASH:])
