"""What an issuer may touch: managed policies of its role that name each user and each secret."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, NamedTuple

import jsii
from aws_cdk import Aspects, IAspect
from aws_cdk import aws_iam as iam

from .issuer.contract import REVOKED_TAG, TAG_PREFIX
from .tokens import is_token, place_of, stack_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import Stack
    from constructs import Construct, IConstruct

SUBJECT_CHARACTERS = 5_200
"""Of a managed policy's 6,144 characters, what users may fill; the rest is the statements around them.

See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

_FIXED = len(
    "arn:aws-us-gov:iam::123456789012:user/,arn:aws-us-gov:secretsmanager:ap-southeast-1:123456789012:secret:-AbCdEf,''''"
)
_USER_NAME, _SECRET_SUFFIX = 64, len("Secret01234567-012345678901")
_KEY = len("'arn:aws-us-gov:kms:ap-southeast-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef',")

_USER_ACTIONS = [
    "iam:CreateAccessKey",
    "iam:DeleteAccessKey",
    "iam:ListAccessKeys",
    "iam:ListUserTags",
    "iam:TagUser",
]
_SECRET_ACTIONS = [
    "secretsmanager:DescribeSecret",
    "secretsmanager:GetSecretValue",
    "secretsmanager:PutSecretValue",
    "secretsmanager:TagResource",
    "secretsmanager:UpdateSecretVersionStage",
]
_KEY_ACTIONS = ["kms:Decrypt", "kms:GenerateDataKey"]


class Subject(NamedTuple):
    """A user that an issuer serves.

    Attributes:
        stack: The stack it is in.
        user_name: The user's name.
        user_arn: Its ARN.
        secret_arn: The ARN of the secret that holds its login.
        key_arn: The secret's own key, if it has one.
        path: Where in its stack the user is declared.
        names: The names that the caller chose for the user and the secret.
    """

    stack: Stack
    user_name: str
    user_arn: str
    secret_arn: str
    key_arn: str | None
    path: str
    names: tuple[str | None, str | None]

    @property
    def characters(self) -> int:
        """The most that its ARNs add to a policy."""
        user, secret = self.names
        sizes = (
            _length(user, _USER_NAME),
            _length(secret, len(self.path) + _SECRET_SUFFIX),
            _KEY if self.key_arn else 0,
        )
        return sum(sizes, _FIXED)


class AccessPolicy:
    """A managed policy of an issuer's role that grows until it is full.

    Its logical id is derived from the users it names. When a user leaves the stack or gets another name, CloudFormation
    therefore makes a new policy and deletes the old one last, after the user's keys: a policy changed in place would
    already have lost the right to delete them.
    """

    def __init__(self, scope: Construct, construct_id: str, role_name: str) -> None:
        """Make the policy, which is written when the app is synthesized and all its users are known."""
        self.resource = iam.CfnManagedPolicy(scope, construct_id, policy_document={}, roles=[role_name])
        self._stack = stack_of(scope)
        self._subjects: list[Subject] = []
        self._room = SUBJECT_CHARACTERS
        Aspects.of(self.resource).add(_Writer(self))

    def holds(self, subject: Subject) -> bool:
        """Whether there is room for one more."""
        return subject.characters <= self._room

    def add(self, subject: Subject) -> None:
        """Name one more."""
        self._subjects.append(subject)
        self._room -= subject.characters

    def write(self) -> None:
        """Name all users in the document, and let the logical id tell which they are."""
        named = self._stack.resolve([[one.path, *one.names] for one in self._subjects])
        digest = hashlib.sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()[:8].upper()
        logical_id = str(self._stack.resolve(self.resource.logical_id))
        if not logical_id.endswith(digest):
            self.resource.override_logical_id(logical_id + digest)
        self.resource.policy_document = policy(*self._statements())

    def _statements(self) -> list[dict[str, object]]:
        keys = sorted({one.key_arn for one in self._subjects if one.key_arn})
        service = f"secretsmanager.{place_of(self._stack).region}.amazonaws.com"
        return [
            allow(_USER_ACTIONS, [one.user_arn for one in self._subjects])
            | {"Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": REVOKED_TAG}}},
            allow(_SECRET_ACTIONS, [one.secret_arn for one in self._subjects])
            | {"Condition": {"ForAllValues:StringLike": {"aws:TagKeys": f"{TAG_PREFIX}*"}}},
            *(
                allow(_KEY_ACTIONS, keys) | {"Condition": {"StringEquals": {"kms:ViaService": service}}}
                for _ in keys[:1]
            ),
        ]


@jsii.implements(IAspect)
class _Writer:
    """Has a policy written when the app is synthesized."""

    def __init__(self, access: AccessPolicy) -> None:
        self._access = access

    def visit(self, node: IConstruct) -> None:
        if isinstance(node, iam.CfnManagedPolicy):
            self._access.write()


def policy(*statements: Mapping[str, object]) -> dict[str, object]:
    """Write a policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(actions: list[str], resources: list[str]) -> dict[str, object]:
    """Write a statement."""
    return {"Effect": "Allow", "Action": actions, "Resource": resources}


def _length(name: str | None, generated: int) -> int:
    return generated if name is None or is_token(name) else len(name)
