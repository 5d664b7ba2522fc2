"""Logical ids that end with a digest. CloudFormation replaces a resource when its logical id changes."""

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
"""What the CDK's own logical ids end with; it distinguishes them."""

_LONGEST_KIND = len("Credential")


def digest(*parts: object) -> str:
    """Return a short hash of the values that distinguish two resources."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:DIGITS].upper()


def ending(own: str, digest: str) -> str:
    """Append a digest to a logical id. Shorten the name in front of the path hash if the id would be too long."""
    name, path_hash = own[:-_PATH_HASH], own[-_PATH_HASH:]
    return name[: LONGEST - _PATH_HASH - DIGITS] + path_hash + digest


class LoginIds:
    """The logical ids of one login's resources: the CDK's own ids, each with a digest appended.

    The CDK is asked for one of them, because each jsii call crosses a process boundary. The others differ in the kind.
    """

    def __init__(self, stack: Stack, resource: CfnResource, kind: str, digest: str) -> None:
        """Derive all ids from one resource: the construct's child that is named after its kind."""
        own = stack.get_logical_id(resource)
        self._digest, self._path_hash = digest, own[-_PATH_HASH:]
        self._stem = own[:-_PATH_HASH].removesuffix(kind)[: LONGEST - _PATH_HASH - DIGITS - _LONGEST_KIND]
        self.give(resource, kind)

    def give(self, resource: CfnResource, kind: str) -> None:
        """Set a resource's logical id, so that CloudFormation replaces the resource when the digest changes."""
        resource.override_logical_id(ending(f"{self._stem}{kind}{self._path_hash}", self._digest))
