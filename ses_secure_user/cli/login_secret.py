"""The secret: what its tags declare, which logins it holds, and how it is rotated."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ses_secure_user.issuer.contract import Declaration, lost_tags

from .errors import CannotJudgeError, code_of
from .masking import masked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from types_boto3_secretsmanager import SecretsManagerClient
    from types_boto3_secretsmanager.type_defs import DescribeSecretResponseTypeDef, SecretVersionsListEntryTypeDef

CURRENT, PENDING, PREVIOUS = "AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"
NO_SUCH_SECRET = "ResourceNotFoundException"  # noqa: S105 - an error code


@dataclass(frozen=True, slots=True)
class Login:
    """One login that the secret holds.

    Attributes:
        label: Its staging label.
        key_id: The SMTP user name, which is an access key's id.
        password: The SMTP password.
        value: All of the secret's fields.
    """

    label: str
    key_id: str
    password: str = field(repr=False)
    value: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class LoginSecret:
    """The secret as Secrets Manager describes it.

    Attributes:
        api: The client of the secret's region.
        description: What DescribeSecret answers.
        declaration: What its tags declare.
    """

    api: SecretsManagerClient
    description: DescribeSecretResponseTypeDef
    declaration: Declaration

    @classmethod
    def of(cls, api: SecretsManagerClient, secret_id: str) -> LoginSecret:
        """Find a secret by name or ARN.

        Raises:
            CannotJudgeError: There is none, or it is not one of this construct.
        """
        shown = masked(secret_id)
        try:
            description = api.describe_secret(SecretId=secret_id)
        except ClientError as error:
            if code_of(error) == NO_SUCH_SECRET:
                raise CannotJudgeError(f"there is no secret {shown} in {api.meta.region_name}") from None
            raise
        if "DeletedDate" in description:
            raise CannotJudgeError(f"the secret {shown} is marked for deletion")
        found = {one.get("Key", ""): one.get("Value", "") for one in description.get("Tags", [])}
        declaration = Declaration.from_tags(found)
        if declaration is None:
            lost = ", ".join(lost_tags(found))
            raise CannotJudgeError(f"the secret {shown} is not one of SecureSesSmtpUser: it has no tag {lost}")
        return cls(api, description, declaration)

    def login(self, label: str) -> Login | None:
        """The login under a label, or None where no version has it."""
        return self._read(label, VersionStage=label)

    def known_keys(self) -> set[str]:
        """The ids of all keys that a version of the secret holds, those without a label included."""
        ids = (one.get("VersionId", "") for one in self._versions())
        return {login.key_id for version in ids if (login := self._read(version, VersionId=version)) and login.key_id}

    def pending(self) -> str | None:
        """The version that is pending now and not current, if there is one."""
        stages = self.api.describe_secret(SecretId=self.description["ARN"]).get("VersionIdsToStages", {})
        return next((one for one, labels in stages.items() if PENDING in labels and CURRENT not in labels), None)

    def created(self, version: str) -> datetime | None:
        """When a version came to be, or None where it is gone by now."""
        return next((one.get("CreatedDate") for one in self._versions() if one.get("VersionId") == version), None)

    def _versions(self) -> Iterator[SecretVersionsListEntryTypeDef]:
        secret = self.description["ARN"]
        answer = self.api.list_secret_version_ids(SecretId=secret, IncludeDeprecated=True)
        yield from answer["Versions"]
        while token := answer.get("NextToken"):
            answer = self.api.list_secret_version_ids(SecretId=secret, IncludeDeprecated=True, NextToken=token)
            yield from answer["Versions"]

    def _read(self, shown: str, **which: str) -> Login | None:
        try:
            answer = self.api.get_secret_value(SecretId=self.description["ARN"], **which)
        except ClientError as error:
            if code_of(error) == NO_SUCH_SECRET:
                return None
            raise
        try:
            value = json.loads(answer.get("SecretString", ""))
            return Login(shown, str(value["username"]), str(value["password"]), value)
        except (KeyError, TypeError, ValueError):
            raise CannotJudgeError(f"the secret's {shown} version holds no SMTP login") from None
