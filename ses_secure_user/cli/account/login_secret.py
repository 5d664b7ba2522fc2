"""The secret of a login: its user, its logins, its journal and its rotation."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ses_secure_user.cli.errors import CannotJudgeError, code_of
from ses_secure_user.cli.masking import masked
from ses_secure_user.functions.issuer.journal import Journal
from ses_secure_user.functions.issuer.versions import CURRENT, PENDING, PREVIOUS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from types_boto3_secretsmanager import SecretsManagerClient
    from types_boto3_secretsmanager.type_defs import DescribeSecretResponseTypeDef, SecretVersionsListEntryTypeDef

NO_SUCH_SECRET = "ResourceNotFoundException"  # noqa: S105 - an error code


class GoneError(CannotJudgeError):
    """An error: the secret does not exist, or is scheduled for deletion."""


@dataclass(frozen=True, slots=True)
class Login:
    """One login that the secret holds.

    Attributes:
        key_id: The SMTP user name, which is the id of an access key.
        password: The SMTP password.
        value: All of the secret's fields.
    """

    key_id: str
    password: str = field(repr=False)
    value: Mapping[str, Any] = field(repr=False)

    @classmethod
    def read(cls, value: Mapping[str, Any]) -> Login | None:
        """Read a login from a version's value. Return None if it has no user name and password in ASCII."""
        key_id, password = value.get("username"), value.get("password")
        if isinstance(key_id, str) and isinstance(password, str) and key_id and f"{key_id}{password}".isascii():
            return cls(key_id, password, value)
        return None


@dataclass(frozen=True)
class LoginSecret:
    """The secret as Secrets Manager describes it.

    Attributes:
        api: The client of the secret's region.
        description: The response of DescribeSecret.
    """

    api: SecretsManagerClient
    description: DescribeSecretResponseTypeDef

    @classmethod
    def of(cls, api: SecretsManagerClient, secret_id: str) -> LoginSecret:
        """Find a secret by name or ARN.

        Raises:
            CannotJudgeError: The secret does not exist, is scheduled for deletion, or is a replica.
        """
        shown = masked(secret_id)
        try:
            description = api.describe_secret(SecretId=secret_id)
        except ClientError as error:
            if code_of(error) == NO_SUCH_SECRET:
                raise GoneError(f"there is no secret {shown} in {api.meta.region_name}") from None
            raise
        if "DeletedDate" in description:
            raise GoneError(f"the secret {shown} is scheduled for deletion")
        region = description.get("PrimaryRegion") or api.meta.region_name
        if region != api.meta.region_name:
            raise CannotJudgeError(f"the secret {shown} is a replica: name the primary secret in {region}")
        return cls(api, description)

    @property
    def arn(self) -> str:
        """The secret's ARN."""
        return self.description["ARN"]

    @cached_property
    def user_name(self) -> str:
        """The IAM user that the current value names, or the previous value if the current one names none.

        The value alone is not trusted: the user's tags must name the secret.

        Raises:
            CannotJudgeError: Neither value names a user.
        """
        if self.named_users:
            return self.named_users[0]
        shown = masked(self.description.get("Name", ""))
        raise CannotJudgeError(
            f"the secret {shown} was not created by SecureSesSmtpUser, or its value was replaced:"
            " it has no field iam_user"
        )

    @property
    def named_users(self) -> list[str]:
        """The IAM users that the current and the previous value name, in this order."""
        names = (value.get("iam_user") for value in self._values.values())
        return [name for name in names if isinstance(name, str) and name]

    @cached_property
    def journal(self) -> Journal:
        """The journal of CloudFormation's Creates for this secret, and of those that were undone."""
        return Journal.read({one.get("Key", ""): one.get("Value", "") for one in self.description.get("Tags", [])})

    def login(self, label: str) -> Login | None:
        """Return the login under one of the two labels, or None if the version or its login is missing."""
        return Login.read(self._values[label])

    def pending_login(self) -> Login | None:
        """Return the login that is pending now, or None if there is none."""
        version = self.pending()
        return Login.read(self._read(VersionId=version)) if version else None

    def logins(self) -> Iterator[Login]:
        """Return the logins of all versions of the secret, including versions without a staging label."""
        found = (Login.read(self._read(VersionId=one.get("VersionId", ""))) for one in self._versions())
        return (login for login in found if login)

    def known_keys(self) -> set[str]:
        """Return the access key ids in all versions of the secret."""
        return {login.key_id for login in self.logins()}

    @property
    def rotation_function(self) -> str:
        """The name of the rotation function. Empty if there is none."""
        return self.description.get("RotationLambdaARN", "").partition(":function:")[2]

    @property
    def current_version(self) -> str | None:
        """The version that was current when the secret was described."""
        stages = self.description.get("VersionIdsToStages", {})
        return next((one for one, labels in stages.items() if CURRENT in labels), None)

    def pending(self) -> str | None:
        """Return the version that is pending now and not current, or None."""
        stages = self.api.describe_secret(SecretId=self.arn).get("VersionIdsToStages", {})
        return next((one for one, labels in stages.items() if PENDING in labels and CURRENT not in labels), None)

    def created(self, version: str) -> datetime | None:
        """Return the creation date of a version, or None if the version no longer exists."""
        return next((one.get("CreatedDate") for one in self._versions() if one.get("VersionId") == version), None)

    @cached_property
    def _values(self) -> Mapping[str, Mapping[str, Any]]:
        return {label: self._read(VersionStage=label) for label in (CURRENT, PREVIOUS)}

    def _versions(self) -> Iterator[SecretVersionsListEntryTypeDef]:
        answer = self.api.list_secret_version_ids(SecretId=self.arn, IncludeDeprecated=True)
        yield from answer["Versions"]
        while token := answer.get("NextToken"):
            answer = self.api.list_secret_version_ids(SecretId=self.arn, IncludeDeprecated=True, NextToken=token)
            yield from answer["Versions"]

    def _read(self, **which: str) -> Mapping[str, Any]:
        """Return the fields of a version's value, or no fields if the version or a JSON object is missing."""
        try:
            text = self.api.get_secret_value(SecretId=self.arn, **which).get("SecretString", "")
        except ClientError as error:
            if code_of(error) == NO_SUCH_SECRET:
                return {}
            raise
        try:
            value = json.loads(text)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}
