"""What an issuer may touch: managed policies of its role that name each user and each secret."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, NamedTuple

from aws_cdk import Stack, Token
from aws_cdk import aws_iam as iam

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_secretsmanager as secretsmanager
    from constructs import Construct

WITHDRAWN_TAG = "ses-secure-user:withdrawn"

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
    "secretsmanager:UpdateSecretVersionStage",
]
_KEY_ACTIONS = ["kms:Decrypt", "kms:GenerateDataKey"]


class Subject(NamedTuple):
    """A user that an issuer serves.

    Attributes:
        user: The user.
        secret: The secret that holds its login.
        key_arn: The secret's own key, if it has one.
        name: What changes whenever CloudFormation would replace the user or the secret.
        characters: The most that the ARNs of all three add to a policy.
    """

    user: iam.CfnUser
    secret: secretsmanager.CfnSecret
    key_arn: str | None
    name: str
    characters: int

    @classmethod
    def of(cls, scope: Construct, user: iam.CfnUser, secret: secretsmanager.CfnSecret, key: kms.IKey | None) -> Subject:
        """Describe a user and its secret, children of ``scope``."""
        path, names = scope.node.path, [user.user_name, secret.name]
        sizes = [_length(names[0], _USER_NAME), _length(names[1], len(path) + _SECRET_SUFFIX), _KEY if key else 0]
        name = json.dumps([path, Stack.of(scope).resolve(names) if any(names) else names])
        return cls(user, secret, key.key_arn if key else None, name, sum(sizes, _FIXED))


class AccessPolicy:
    """A managed policy of an issuer's role that grows until it is full.

    Its logical id is derived from the users it names. When a user leaves the stack or gets another name, CloudFormation
    therefore makes a new policy and deletes the old one last, after the user's keys: a policy changed in place would
    already have lost the right to delete them.
    """

    def __init__(self, scope: Construct, construct_id: str, role_name: str) -> None:
        """Make the policy, which is of no use before it holds a subject."""
        self.resource = iam.CfnManagedPolicy(scope, construct_id, policy_document={}, roles=[role_name])
        self._stack = Stack.of(scope)
        self._logical_id = str(self._stack.resolve(self.resource.logical_id))
        self._subjects: list[Subject] = []

    def holds(self, subject: Subject) -> bool:
        """Whether there is room for one more."""
        return sum(one.characters for one in (*self._subjects, subject)) <= SUBJECT_CHARACTERS

    def add(self, subject: Subject) -> None:
        """Name one more."""
        self._subjects.append(subject)
        names = json.dumps([one.name for one in self._subjects]).encode()
        self.resource.override_logical_id(self._logical_id + hashlib.sha256(names).hexdigest()[:8].upper())
        self.resource.policy_document = policy(*self._statements())

    def _statements(self) -> list[dict[str, object]]:
        keys = sorted({one.key_arn for one in self._subjects if one.key_arn})
        service = f"secretsmanager.{self._stack.region}.amazonaws.com"
        return [
            allow(_USER_ACTIONS, [one.user.attr_arn for one in self._subjects])
            | {"Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": WITHDRAWN_TAG}}},
            allow(_SECRET_ACTIONS, [one.secret.ref for one in self._subjects]),
            *(
                allow(_KEY_ACTIONS, keys) | {"Condition": {"StringEquals": {"kms:ViaService": service}}}
                for _ in keys[:1]
            ),
        ]


def policy(*statements: Mapping[str, object]) -> dict[str, object]:
    """Write a policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(actions: list[str], resources: list[str]) -> dict[str, object]:
    """Write a statement."""
    return {"Effect": "Allow", "Action": actions, "Resource": resources}


def _length(name: str | None, generated: int) -> int:
    return generated if name is None or Token.is_unresolved(name) else len(name)
