"""IAM and Secrets Manager as the function sees them, with the worst behavior that AWS documents.

Where AWS documents no behavior, `Account` has a switch, and the tests use both settings.
"""
# ruff: noqa: N802, N803 - AWS's names

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

Json = dict[str, Any]

REGION = "eu-west-1"
CURRENT, PENDING, PREVIOUS = "AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"
LIST_SECONDS = 2.0
"""The seconds for which a new key may not be listed (widdix/complete-aws-iam-reference, issue 15)."""
DELETE_SECONDS = 0.5
"""The seconds for which DeleteAccessKey may not find a new key."""
MOST_KEYS, MOST_TAGS = 2, 50
DAY = 86_400.0


class AwsError(Exception):
    """An error of AWS, with its error code."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(message or code)
        self.code = code


@dataclass
class Key:
    key_id: str
    secret: str
    born: float
    active: bool = True


@dataclass
class User:
    name: str
    tags: dict[str, str] = field(default_factory=dict)
    keys: list[Key] = field(default_factory=list)


@dataclass
class Version:
    created: float
    labels: list[str] = field(default_factory=list)
    text: str | None = None


@dataclass
class Secret:
    """A secret.

    Attributes:
        rotation: The version of the rotation in progress, or None.
    """

    arn: str
    tags: dict[str, str] = field(default_factory=dict)
    versions: dict[str, Version] = field(default_factory=dict)
    rotated_by: str = ""
    scheduled: bool = False
    rotation: str | None = None

    def holder(self, label: str) -> str | None:
        """Return the version with a staging label."""
        return next((token for token, version in self.versions.items() if label in version.labels), None)

    def text(self, label: str) -> str:
        """Return the value with a label, or an empty text."""
        version = self.versions.get(self.holder(label) or "")
        return (version.text if version else None) or ""

    def move(self, label: str, target: str | None) -> None:
        """Move a label. If it is AWSCURRENT, AWSPREVIOUS moves to the former version."""
        former = self.holder(label)
        if former == target:
            return
        if former:
            self.versions[former].labels.remove(label)
        if target:
            self.versions[target].labels.append(label)
        if label == CURRENT and target:
            if PREVIOUS in self.versions[target].labels:
                self.versions[target].labels.remove(PREVIOUS)
            if former:
                self.move(PREVIOUS, former)


class Account:
    """The account's state, and the operations that the function uses.

    Attributes:
        first_is_current: True if the first value becomes AWSCURRENT immediately, whatever labels it gets.
        pending_leaves: True if AWSPENDING is removed from a version that becomes AWSCURRENT.
        ever: The secret access keys of all access keys that were created.
        abandoned: The rotations that were ended by another version.
        foreign: The users that the function's role may not access.
    """

    def __init__(
        self, now: Callable[[], float], *, first_is_current: bool = False, pending_leaves: bool = False
    ) -> None:
        self._now = now
        self.first_is_current, self.pending_leaves = first_is_current, pending_leaves
        self.users: dict[str, User] = {}
        self.secrets: dict[str, Secret] = {}
        self.ever: dict[str, str] = {}
        self.abandoned: list[str] = []
        self.count = 0
        self.foreign: set[str] = set()

    def serve(self, operation: str, request: Json) -> Json:
        """Serve a call.

        Raises:
            AwsError: AWS refuses the call.
        """
        if request.get("UserName") in self.foreign:
            raise AwsError("AccessDenied", "not authorized")
        return dict(getattr(self, f"_{operation}")(**request) or {})

    def find(self, key_id: str) -> Key | None:
        """Return an access key, or None if it does not exist."""
        return next((key for user in self.users.values() for key in user.keys if key.key_id == key_id), None)

    def make_key(self, user_name: str) -> Key:
        if len(self._user(user_name).keys) >= MOST_KEYS:
            raise AwsError("LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2")
        number = len(self.ever)
        key = Key(f"AKIA{number:016d}", f"{number:05d}/secret+access+key/of+a+test/{number:05d}", self._now())
        self.ever[key.key_id] = key.secret
        self._user(user_name).keys.append(key)
        return key

    def forget(self, older_than: float) -> None:
        """Remove versions without a label, as Secrets Manager does after one day."""
        for secret in self.secrets.values():
            for token, version in [*secret.versions.items()]:
                if not version.labels and version.created < self._now() - older_than:
                    del secret.versions[token]

    # IAM

    def _user(self, name: str) -> User:
        if name not in self.users:
            raise AwsError("NoSuchEntity", f"The user with name {name} cannot be found.")
        return self.users[name]

    def _ListUserTags(self, UserName: str) -> Json:
        return {"Tags": [{"Key": key, "Value": value} for key, value in self._user(UserName).tags.items()]}

    def _ListAccessKeys(self, UserName: str) -> Json:
        listed = [key for key in self._user(UserName).keys if key.born <= self._now() - LIST_SECONDS]
        return {"AccessKeyMetadata": [_told(key, UserName) for key in listed]}

    def _CreateAccessKey(self, UserName: str) -> Json:
        key = self.make_key(UserName)
        return {"AccessKey": _told(key, UserName) | {"SecretAccessKey": key.secret}}

    def _DeleteAccessKey(self, UserName: str, AccessKeyId: str) -> None:
        user = self._user(UserName)
        known = self._now() - DELETE_SECONDS
        kept = [key for key in user.keys if key.key_id != AccessKeyId or key.born > known]
        if len(kept) == len(user.keys):
            raise AwsError("NoSuchEntity", "The Access Key cannot be found.")
        user.keys = kept

    # Secrets Manager

    def _secret(self, arn: str, *, describing: bool = False) -> Secret:
        if arn not in self.secrets:
            raise AwsError("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
        if self.secrets[arn].scheduled and not describing:
            raise AwsError("InvalidRequestException", "the secret is scheduled for deletion")
        return self.secrets[arn]

    def _DescribeSecret(self, SecretId: str) -> Json:
        secret = self._secret(SecretId, describing=True)
        rotation = {"RotationEnabled": True, "RotationLambdaARN": secret.rotated_by} if secret.rotated_by else {}
        labels = {token: [*version.labels] for token, version in secret.versions.items() if version.labels}
        tags = [{"Key": key, "Value": value} for key, value in secret.tags.items()]
        return {"ARN": SecretId, "Tags": tags, "VersionIdsToStages": labels} | rotation

    def _GetSecretValue(self, SecretId: str, VersionId: str) -> Json:
        version = self._secret(SecretId).versions.get(VersionId)
        if version is None or version.text is None:
            raise AwsError("ResourceNotFoundException", "Secrets Manager can't find the specified secret value")
        created = datetime.fromtimestamp(int(version.created), UTC)
        return {"VersionId": VersionId, "SecretString": version.text, "CreatedDate": created}

    def _PutSecretValue(
        self,
        SecretId: str,
        SecretString: str,
        ClientRequestToken: str,
        VersionStages: list[str],
    ) -> None:
        """Store a value. A token keeps its first value. The same value again has no effect and moves no label."""
        secret = self._secret(SecretId)
        version = secret.versions.get(ClientRequestToken)
        if version and version.text is not None:
            if version.text != SecretString:
                raise AwsError("ResourceExistsException", "the token is already in use for a version of the secret")
            return
        is_first = all(one.text is None for one in secret.versions.values())
        made = secret.versions.setdefault(ClientRequestToken, Version(self._now()))
        made.text, made.created = SecretString, self._now()
        for label in [*VersionStages, *([CURRENT] if is_first and self.first_is_current else [])]:
            secret.move(label, ClientRequestToken)
        if secret.rotation not in {None, ClientRequestToken}:
            self.abandoned.append(str(secret.rotation))
            secret.rotation = None

    def _UpdateSecretVersionStage(
        self,
        SecretId: str,
        VersionStage: str,
        MoveToVersionId: str | None = None,
        RemoveFromVersionId: str | None = None,
    ) -> None:
        """Move a label. It is removed only from the version that is named, and AWSCURRENT can only be moved."""
        secret = self._secret(SecretId)
        if {MoveToVersionId, RemoveFromVersionId} - {None, *secret.versions}:
            raise AwsError("InvalidParameterException", "not a version of the secret")
        if secret.holder(VersionStage) not in {MoveToVersionId, RemoveFromVersionId}:
            raise AwsError("InvalidParameterException", "the label is on another version: name it to remove it from")
        if MoveToVersionId is None and VersionStage == CURRENT:
            raise AwsError("InvalidParameterException", "AWSCURRENT can only be moved")
        secret.move(VersionStage, MoveToVersionId)
        if VersionStage == CURRENT and self.pending_leaves and secret.holder(PENDING) == MoveToVersionId:
            secret.move(PENDING, None)

    def _TagResource(self, SecretId: str, Tags: list[Json]) -> None:
        secret = self._secret(SecretId)
        tags = secret.tags | {tag["Key"]: tag["Value"] for tag in Tags}
        if len(tags) > MOST_TAGS:
            raise AwsError("LimitExceededException", "a secret has at most 50 tags")
        assert max(map(len, tags.values()), default=0) <= 256
        secret.tags = tags

    # Operations of other services on a secret

    def make_secret(self, arn: str) -> Secret:
        return self.secrets.setdefault(arn, Secret(arn))

    def begin_rotation(self, secret: Secret, *, token_kept: bool) -> str:
        """Begin a rotation with a new pending version without a value, or with the version of a failed rotation.

        Raises:
            AwsError: AWSPENDING is on a version of no rotation, so Secrets Manager assumes a rotation in progress.
        """
        pending = secret.holder(PENDING)
        if pending and CURRENT not in secret.versions[pending].labels:
            if pending not in self.rotations(secret):
                raise AwsError("InvalidRequestException", "a previous rotation isn't complete")
            if token_kept:
                secret.rotation = pending
                return pending
        self.count += 1
        token = f"{ROTATION}{self.count:028d}"
        secret.versions[token] = Version(self._now())
        secret.move(PENDING, token)
        secret.rotation = token
        return token

    @staticmethod
    def rotations(secret: Secret) -> set[str]:
        """Return the versions that rotations created."""
        return {token for token in secret.versions if token.startswith(ROTATION)}


ROTATION = "rotation"


def _told(key: Key, user_name: str) -> Json:
    created = datetime.fromtimestamp(int(key.born), UTC)
    status = "Active" if key.active else "Inactive"
    return {"UserName": user_name, "AccessKeyId": key.key_id, "Status": status, "CreateDate": created}
