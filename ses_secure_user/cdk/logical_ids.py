"""Logical ids that end with a digest: CloudFormation replaces a resource whose logical id changes."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from ses_secure_user.login.chosen_names import SECRET_NAME

if TYPE_CHECKING:
    from aws_cdk import CfnResource, Stack

DIGITS = 7
"""Of a digest: the CDK's own logical ids have at most 248 characters, and CloudFormation takes 255."""

LONGEST = SECRET_NAME - len("-012345678901")
"""The name of a secret is generated from its logical id, and what holds its ARN takes no longer one."""

_PATH_HASH = 8
"""What the CDK's own logical ids end with; it tells them apart."""

_LONGEST_KIND = len("Credential")


def digest(*parts: object) -> str:
    """Shorten what tells two resources apart."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:DIGITS].upper()


def ending(own: str, digest: str) -> str:
    """Put a digest behind a logical id; one that would be too long is cut in front of its own hash."""
    name, path_hash = own[:-_PATH_HASH], own[-_PATH_HASH:]
    return name[: LONGEST - _PATH_HASH - DIGITS] + path_hash + digest


class LoginIds:
    """The logical ids of one login's resources: as the CDK's own, with a digest behind them.

    The CDK is asked for one of them; the others differ in the kind alone, since each question leaves the process.
    """

    def __init__(self, stack: Stack, resource: CfnResource, kind: str, digest: str) -> None:
        """Begin with the resource that is the construct's child under the name of its kind."""
        own = stack.get_logical_id(resource)
        self._digest, self._path_hash = digest, own[-_PATH_HASH:]
        self._stem = own[:-_PATH_HASH].removesuffix(kind)[: LONGEST - _PATH_HASH - DIGITS - _LONGEST_KIND]
        self.give(resource, kind)

    def give(self, resource: CfnResource, kind: str) -> None:
        """Have CloudFormation replace a resource where the digest changes."""
        resource.override_logical_id(ending(f"{self._stem}{kind}{self._path_hash}", self._digest))
