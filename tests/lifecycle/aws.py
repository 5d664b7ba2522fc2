"""IAM and Secrets Manager in this process: moto's, corrected where they differ from AWS."""
# ruff: noqa: SLF001

from __future__ import annotations

import functools
import json
import pickle
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self
from unittest.mock import patch

from moto import mock_aws
from moto.core.exceptions import JsonRESTError, ServiceException
from moto.iam.models import IAMBackend, iam_backends
from moto.secretsmanager.exceptions import (
    InvalidParameterException,
    ResourceExistsException,
    SecretNotFoundException,
)
from moto.secretsmanager.models import FakeSecret, SecretsManagerBackend, secretsmanager_backends

from ses_secure_user.issuer import handler
from ses_secure_user.issuer.versions import CURRENT, PENDING, PREVIOUS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from moto.iam.models import AccessKey

Json = dict[str, Any]

ACCOUNT = "123456789012"
REGION = "eu-west-1"
ENVIRONMENT = {"AWS_DEFAULT_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true"}

client = functools.cache(handler._client.__wrapped__)
"""The handler's own clients; they are slow to make, and every world is served through the same ones."""


_CREATE_ACCESS_KEY = IAMBackend.create_access_key
LIST_SECONDS = 2.0
"""How long a new key is not listed."""


class Aws:
    """The account's state, and the ten operations that the function uses.

    Attributes:
        first_is_current: Whether the first version ever put becomes AWSCURRENT at once, whatever labels it was given.
        born: When each key was made; IAM itself tells whole seconds.
    """

    def __init__(self, now: Callable[[], float], *, first_is_current: bool = False) -> None:
        self._now = now
        self.first_is_current = first_is_current
        self.born: dict[str, float] = {}
        self._is_counting = False
        self._cleanup = ExitStack()

    def __enter__(self) -> Self:
        for one in (
            patch.dict("os.environ", ENVIRONMENT),
            mock_aws(),
            patch.object(IAMBackend, "list_access_keys", self._list_access_keys),
            patch.object(IAMBackend, "create_access_key", self._create_access_key),
            patch.object(SecretsManagerBackend, "put_secret_value", self._put_secret_value),
            patch.object(SecretsManagerBackend, "update_secret_version_stage", _update_secret_version_stage),
            patch.object(FakeSecret, "_form_version_ids_to_stages", labels),
        ):
            self._cleanup.enter_context(one)
        self.iam = iam_backends[ACCOUNT]["aws"]
        self.secrets = secretsmanager_backends[ACCOUNT][REGION]
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    def save(self) -> bytes:
        """All state there is."""
        state = (self.iam.users, self.iam.access_keys, self.iam.tagger, dict(self.secrets.secrets), self.born)
        return pickle.dumps(state)

    def restore(self, saved: bytes) -> None:
        self.iam.users, self.iam.access_keys, self.iam.tagger, secrets, self.born = pickle.loads(saved)  # noqa: S301
        self.secrets.secrets.clear()
        self.secrets.secrets.update(secrets)

    def call(self, sdk: Any, operation: str, request: Json) -> Json:  # noqa: ANN401 - any client
        """Serve a call without HTTP in between, which takes a thirtieth of the time."""
        try:
            answer: Json = _OPERATIONS[operation](self, request)
        except (ServiceException, JsonRESTError) as error:
            code = error.error_type if isinstance(error, JsonRESTError) else error.code
            details = {"Error": {"Code": code, "Message": error.message}}
            raise sdk.exceptions.from_code(code)(details, operation) from None
        return answer

    def date_key(self, key_id: str) -> None:
        """Let a key be as old as the world's clock says; IAM knows whole seconds."""
        self.born[key_id] = self._now()
        created = datetime.fromtimestamp(int(self._now()), UTC).replace(tzinfo=None)
        self.iam.access_keys[key_id].create_date = created

    def secret(self, secret_id: str) -> FakeSecret:
        secret = self.secrets.secrets[secret_id]
        assert isinstance(secret, FakeSecret)
        return secret

    def all_secrets(self) -> list[FakeSecret]:
        return [secret for secret in self.secrets.secrets.values() if isinstance(secret, FakeSecret)]

    def keys(self, user_name: str) -> list[AccessKey]:
        user = self.iam.users.get(user_name)
        return list(user.access_keys) if user else []

    def _list_access_keys(self, user_name: str) -> list[AccessKey]:
        """A key that was just made is not listed yet, but counts."""
        keys = self.iam.get_user(user_name).access_keys
        listed = self._now() - LIST_SECONDS
        return [key for key in keys if self._is_counting or self.born.get(key.access_key_id, listed) <= listed]

    def _create_access_key(self, user_name: str, prefix: str = "AKIA") -> AccessKey:
        self._is_counting = True
        try:
            return _CREATE_ACCESS_KEY(self.iam, user_name, prefix)
        finally:
            self._is_counting = False

    def _put_secret_value(
        self,
        secret_id: str,
        secret_string: str,
        secret_binary: str,
        client_request_token: str,
        version_stages: list[str],
    ) -> str:
        """A token takes one value for good; until it has one, labels may be on it already."""
        assert not secret_binary
        if secret_id not in self.secrets.secrets:
            raise SecretNotFoundException
        secret = self.secret(secret_id)
        version = secret.versions.get(client_request_token, {})
        if version.get("secret_string", secret_string) != secret_string:
            raise ResourceExistsException(f"{client_request_token} is already in use for a version of the secret")
        if "secret_string" not in version:
            first = not any("secret_string" in one for one in secret.versions.values())
            secret.versions[client_request_token] = {
                "createdate": int(self._now()),
                "version_id": client_request_token,
                "version_stages": version.get("version_stages", []),
                "secret_string": secret_string,
            }
            for stage in [*version_stages, *([CURRENT] if first and self.first_is_current else [])]:
                move_label(secret, stage, client_request_token)
        return secret.to_short_dict(include_version_stages=True, version_id=client_request_token)


def labels(secret: FakeSecret) -> dict[str, list[str]]:
    """The labels of the versions that have any; AWS tells of no others."""
    return {
        name: [*version["version_stages"]] for name, version in secret.versions.items() if version["version_stages"]
    }


def holder(secret: FakeSecret, label: str) -> str | None:
    """The version that carries a label."""
    return next((name for name, version in secret.versions.items() if label in version["version_stages"]), None)


def move_label(secret: FakeSecret, label: str, target: str) -> None:
    """Move a label to a version; with AWSCURRENT, AWSPREVIOUS goes to the version that had it."""
    former = holder(secret, label)
    if former == target:
        return
    if former:
        secret.versions[former]["version_stages"].remove(label)
    secret.versions[target]["version_stages"].append(label)
    if label == CURRENT:
        if PREVIOUS in secret.versions[target]["version_stages"]:
            secret.versions[target]["version_stages"].remove(PREVIOUS)
        if former:
            move_label(secret, PREVIOUS, former)


def add_pending(secret: FakeSecret, token: str) -> None:
    """What RotateSecret leaves before the function's first step: a pending version without a value."""
    secret.versions[token] = {"createdate": 0, "version_id": token, "version_stages": []}
    move_label(secret, PENDING, token)


def _update_secret_version_stage(
    self: SecretsManagerBackend,
    secret_id: str,
    version_stage: str,
    remove_from_version_id: str | None,
    move_to_version_id: str | None,
) -> tuple[str, str]:
    """A label leaves the version that is named, and no other; AWSCURRENT is never without a version again."""
    if secret_id not in self.secrets:
        raise SecretNotFoundException
    secret = self.secrets[secret_id]
    assert isinstance(secret, FakeSecret)
    if unknown := {remove_from_version_id, move_to_version_id} - {None, *secret.versions}:
        raise InvalidParameterException(f"not a valid version: {unknown}")
    former = holder(secret, version_stage)
    if former not in {move_to_version_id, remove_from_version_id}:
        raise InvalidParameterException(f"{version_stage} is attached to {former}, name it in RemoveFromVersionId")
    if move_to_version_id:
        move_label(secret, version_stage, move_to_version_id)
    elif version_stage == CURRENT:
        raise InvalidParameterException("AWSCURRENT can only be moved")
    elif former:
        secret.versions[former]["version_stages"].remove(version_stage)
    return secret.arn, secret.name


def _key(key: AccessKey) -> Json:
    created = key.create_date.replace(tzinfo=UTC)
    return {"UserName": key.user_name, "AccessKeyId": key.access_key_id, "Status": key.status, "CreateDate": created}


def _create_access_key(aws: Aws, request: Mapping[str, Any]) -> Json:
    key = aws.iam.create_access_key(request["UserName"])
    return {"AccessKey": _key(key) | {"SecretAccessKey": key.secret_access_key}}


def _delete_access_key(aws: Aws, request: Mapping[str, Any]) -> Json:
    aws.iam.delete_access_key(request["AccessKeyId"], request["UserName"])
    return {}


def _tag_user(aws: Aws, request: Mapping[str, Any]) -> Json:
    aws.iam.tag_user(request["UserName"], request["Tags"])
    return {}


def _tag_secret(aws: Aws, request: Mapping[str, Any]) -> Json:
    aws.secrets.tag_resource(request["SecretId"], {tag["Key"]: tag["Value"] for tag in request["Tags"]})
    return {}


def _get_secret_value(aws: Aws, request: Mapping[str, Any]) -> Json:
    secret = aws.secret(request["SecretId"]) if request["SecretId"] in aws.secrets.secrets else None
    token = request.get("VersionId") or (holder(secret, request["VersionStage"]) if secret else None)
    version = secret.versions.get(token or "", {}) if secret else {}
    if "secret_string" not in version:
        raise ServiceException("ResourceNotFoundException", "Secrets Manager can't find the specified secret value")
    return {
        "VersionId": token,
        "VersionStages": [*version["version_stages"]],
        "SecretString": version["secret_string"],
        "CreatedDate": datetime.fromtimestamp(version["createdate"], UTC),
    }


def _update_stage(aws: Aws, request: Mapping[str, Any]) -> Json:
    versions = (request.get("RemoveFromVersionId"), request.get("MoveToVersionId"))
    arn, name = _update_secret_version_stage(aws.secrets, request["SecretId"], request["VersionStage"], *versions)
    return {"ARN": arn, "Name": name}


_OPERATIONS: dict[str, Callable[[Aws, Mapping[str, Any]], Json]] = {
    "CreateAccessKey": _create_access_key,
    "DeleteAccessKey": _delete_access_key,
    "ListAccessKeys": lambda aws, r: {
        "AccessKeyMetadata": [_key(key) for key in aws.iam.list_access_keys(r["UserName"])]
    },
    "ListUserTags": lambda aws, r: {"Tags": aws.iam.list_user_tags(r["UserName"])},
    "TagUser": _tag_user,
    "DescribeSecret": lambda aws, r: aws.secrets.describe_secret(r["SecretId"]).to_dict(),
    "GetSecretValue": _get_secret_value,
    "PutSecretValue": lambda aws, r: json.loads(
        aws._put_secret_value(r["SecretId"], r["SecretString"], "", r["ClientRequestToken"], [*r["VersionStages"]])
    ),
    "TagResource": _tag_secret,
    "UpdateSecretVersionStage": _update_stage,
}
