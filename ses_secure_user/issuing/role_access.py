"""The permissions of an issuer: managed policies of its role that name each user and each secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import jsii
from aws_cdk import Annotations, IStableAnyProducer, Lazy
from aws_cdk import aws_iam as iam
from constructs import Construct

from ses_secure_user.cdk.refusal import refusal
from ses_secure_user.cdk.statements import Statement, allow, policy, via
from ses_secure_user.cdk.tokens import is_token, place_of, stack_of
from ses_secure_user.functions.issuer.contract import CREATED_TAG, REVOKED_TAG
from ses_secure_user.login.chosen_names import USER_PATH

from .logical_ids import DIGITS, digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import CfnResource, Stack

    from ses_secure_user.login.settings import Login

SUBJECT_CHARACTERS = 5_200
"""The characters for users, of the 6,144 of a managed policy. The rest is for the statements around them.

See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

ROLE_POLICIES = 10
"""The maximum number of managed policies of a role (the same page)."""

_FIXED = len(
    "arn:aws-us-gov:iam::123456789012:user/,arn:aws-us-gov:secretsmanager:ap-southeast-1:123456789012:secret:-AbCdEf,''''"
)
_USER_NAME, _SECRET_SUFFIX = 64, len("Secret01234567-012345678901") + DIGITS
_KEY = len("'arn:aws-us-gov:kms:ap-southeast-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef',")

_KEY_STATEMENT = len(
    '{"Effect":"Allow","Action":["kms:Encrypt","kms:GenerateDataKey"],"Resource":[],"Condition":{"StringEquals":'
    '{"kms:ViaService":"secretsmanager.ap-southeast-1.amazonaws.com"}}},'
)

_USER_ACTIONS = [
    "iam:CreateAccessKey",
    "iam:DeleteAccessKey",
    "iam:ListAccessKeys",
    "iam:ListUserTags",
]
_SECRET_ACTIONS = [
    "secretsmanager:DescribeSecret",
    "secretsmanager:GetSecretValue",
    "secretsmanager:PutSecretValue",
    "secretsmanager:TagResource",
    "secretsmanager:UpdateSecretVersionStage",
]
_KEY_ACTIONS = ["kms:Decrypt", "kms:GenerateDataKey"]
_REPLICA_KEY_ACTIONS = ["kms:Encrypt", "kms:GenerateDataKey"]
"""See https://docs.aws.amazon.com/secretsmanager/latest/userguide/replicate-secrets_troubleshoot.html"""


class Subject(NamedTuple):
    """A user that an issuer serves.

    Attributes:
        stack: The stack it is in.
        path: The path of its construct in the tree.
        login: The settings of its login.
        digest: A digest of the login, which changes when another login replaces it.
        user_name: Its name.
        user_arn: Its ARN.
        secret_arn: The ARN of the secret that holds the login.
    """

    stack: Stack
    path: str
    login: Login
    digest: str
    user_name: str
    user_arn: str
    secret_arn: str

    @property
    def keys(self) -> set[tuple[str, str]]:
        """The keys of the secret and of its replicas, each with its region if it is a replica's."""
        own = {("", self.login.key_arn)} if self.login.key_arn else set()
        return own | {(one.region, one.key_arn) for one in self.login.replicas if one.key_arn}

    def characters(self, known: set[tuple[str, str]]) -> int:
        """Return the maximum number of characters that the user adds to a policy with some of the keys."""
        login = self.login
        user = _length(login.user_name, _USER_NAME) + (_length(login.user_path, USER_PATH) if login.user_path else 0)
        secret = _length(login.secret_name, len(self.path) + _SECRET_SUFFIX)
        keys = sum(_KEY + (_KEY_STATEMENT if region else 0) for region, _ in self.keys - known)
        return _FIXED + user + secret + keys


@jsii.implements(IStableAnyProducer)
class _Document:
    """The document of a policy, produced once, at synthesis."""

    def __init__(self, access: AccessPolicy) -> None:
        self._access = access
        self.is_written = False

    def produce(self) -> dict[str, object]:
        self.is_written = True
        return policy(*self._access.statements())


class RoleAccess:
    """The managed policies of an issuer's role, as few as possible. Each stack has those for its users."""

    def __init__(self, issuer: Construct, role_name: str, *, needed: Sequence[CfnResource]) -> None:
        """Create the access without a policy.

        Args:
            issuer: The issuer, which is the parent of the policies for users of its own stack.
            role_name: The name of its role.
            needed: The resources that must be deployed before a user can be served.
        """
        self._issuer = issuer
        self._role_name = role_name
        self._needed = needed
        self._stack = stack_of(issuer)
        self._policies: dict[Stack, list[AccessPolicy]] = {}

    def serve(self, subject: Subject) -> iam.CfnManagedPolicy:
        """Add a user, and return the resource that must be deployed before the user can be served.

        Raises:
            ValueError: The role would need more policies than IAM allows.
        """
        policies = self._policies.setdefault(subject.stack, [])
        if not policies or not policies[-1].holds(subject):
            self._check_room(subject.stack)
            policies.append(self._policy(subject.stack, len(policies) + 1))
        policies[-1].add(subject)
        return policies[-1].resource

    def _policy(self, stack: Stack, number: int) -> AccessPolicy:
        scope = self._issuer
        if stack is not self._stack:
            scope = _child(stack, f"SesSecureUserAccess{self._issuer.node.addr[-8:]}")
        made = AccessPolicy(scope, f"Access{number}", self._role_name)
        for resource in self._needed:
            made.resource.add_resource_dependency(resource)
        return made

    def _check_room(self, stack: Stack) -> None:
        """Check the number of policies: one more, the basic policy, and replacements for those of one stack."""
        counts = [len(policies) + (one is stack) for one, policies in self._policies.items()]
        if 1 + sum(counts) + max(counts) > ROLE_POLICIES:
            rule = f"serve no more users than fit into the {ROLE_POLICIES} policies of a role while they are replaced"
            got = f"{sum(counts)} policies for the users of {len(counts)} stacks"
            raise refusal("issuer", rule, got, f"create another CredentialIssuer for {stack.stack_name}")
        if 1 + 2 * sum(counts) > ROLE_POLICIES:
            Annotations.of(self._issuer).add_warning_v2(
                "ses-secure-user:manyStacks",
                f"`issuer` serves so many stacks that its role needs more than {ROLE_POLICIES} policies if the users of"
                " all of them are replaced at once: deploy one stack at a time, or create another CredentialIssuer",
            )


class AccessPolicy:
    """A managed policy of an issuer's role that grows until it is full.

    Its logical id is derived from its logins. If a login is removed or replaced, CloudFormation therefore creates a new
    policy, and deletes the old one after the keys of the login. A policy that is updated in place would lose the
    permission to delete them too early.
    """

    def __init__(self, scope: Construct, construct_id: str, role_name: str) -> None:
        """Create a policy without users."""
        self._stack = stack_of(scope)
        self._document = _Document(self)
        document = Lazy.any(self._document)
        self.resource = iam.CfnManagedPolicy(scope, construct_id, policy_document=document, roles=[role_name])
        self._own_id = self._stack.get_logical_id(self.resource)
        self._subjects: list[Subject] = []
        self._keys: set[tuple[str, str]] = set()
        self._room = SUBJECT_CHARACTERS

    def holds(self, subject: Subject) -> bool:
        """Return whether there is room for one more user."""
        return subject.characters(self._keys) <= self._room

    def add(self, subject: Subject) -> None:
        """Add a user to the policy, and change the logical id accordingly."""
        self._subjects.append(subject)
        self._room -= subject.characters(self._keys)
        self._keys |= subject.keys
        if self._document.is_written:  # the CDK caches a resolved document
            self._document = _Document(self)
            self.resource.policy_document = Lazy.any(self._document)
        subjects = digest(*((one.path, one.digest) for one in self._subjects))
        self.resource.override_logical_id(self._own_id + subjects)

    def statements(self) -> list[Statement]:
        """Return the statements for all users.

        ``ForAllValues`` is true for a missing key, so the condition does not affect actions without tags. A separate
        statement for TagResource would name each secret twice.
        """
        home = place_of(self._stack).region
        users, secrets = [one.user_arn for one in self._subjects], [one.secret_arn for one in self._subjects]
        own_tags = {"aws:TagKeys": [f"{CREATED_TAG}*", f"{REVOKED_TAG}*"]}
        statements = [
            allow(_USER_ACTIONS, users),
            allow(_SECRET_ACTIONS, secrets, **{"ForAllValues:StringLike": own_tags}),
        ]
        keys = sorted(key for region, key in self._keys if not region)
        if keys:
            statements.append(allow(_KEY_ACTIONS, keys, StringEquals=via("secretsmanager", home)))
        for region, key in sorted(self._keys):
            if region:
                statements.append(allow(_REPLICA_KEY_ACTIONS, [key], StringEquals=via("secretsmanager", region)))
        return statements


def _child(stack: Stack, construct_id: str) -> Construct:
    found = stack.node.try_find_child(construct_id)
    return found if isinstance(found, Construct) else Construct(stack, construct_id)


def _length(name: str | None, generated: int) -> int:
    return generated if name is None or is_token(name) else len(name)
