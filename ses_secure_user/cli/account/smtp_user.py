"""The IAM user of a login: its tags, keys, policies, and other credentials."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ses_secure_user.cli.errors import CannotJudgeError, code_of
from ses_secure_user.cli.masking import masked
from ses_secure_user.functions.issuer.contract import TAGS, Declaration

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from types_boto3_iam import IAMClient
    from types_boto3_iam.type_defs import AccessKeyMetadataTypeDef, UserTypeDef


NO_SUCH_ENTITY = "NoSuchEntity"


@dataclass(frozen=True)
class SmtpUser:
    """One IAM user. Each property is requested from IAM once.

    Attributes:
        iam: The client.
        user: The user from the response of GetUser.
    """

    iam: IAMClient
    user: UserTypeDef

    @classmethod
    def of(cls, iam: IAMClient, name: str) -> SmtpUser:
        """Find a user by name.

        Raises:
            CannotJudgeError: The user does not exist.
        """
        try:
            return cls(iam, iam.get_user(UserName=name)["User"])
        except ClientError as error:
            if code_of(error) == NO_SUCH_ENTITY:
                raise CannotJudgeError(f"the IAM user {masked(name)} that the secret names does not exist") from None
            raise

    @property
    def name(self) -> str:
        """The user's name."""
        return self.user["UserName"]

    @property
    def arn(self) -> str:
        """The user's ARN."""
        return self.user["Arn"]

    @property
    def boundary(self) -> str | None:
        """The ARN of the user's permissions boundary."""
        return self.user.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")

    @property
    def tags(self) -> dict[str, str]:
        """The user's tags."""
        return {tag["Key"]: tag["Value"] for tag in self.user.get("Tags", [])}

    def declaration(self, secret_arn: str) -> Declaration:
        """Return the declaration of the login, from the user's tags.

        Raises:
            CannotJudgeError: A tag is missing, or the tags name another secret.
        """
        found = Declaration.read(self.tags, TAGS)
        shown = f"the IAM user {masked(self.name)} that the secret names"
        if found is None:
            lost = ", ".join(tag for name, tag in TAGS.items() if name != "fields" and tag not in self.tags)
            raise CannotJudgeError(f"{shown} was not created by SecureSesSmtpUser: it has no tag {lost}")
        if found.secret_id != secret_arn:
            other = masked(found.secret_id)
            raise CannotJudgeError(f"{shown} belongs to another secret: its tag {TAGS['secret_id']} names {other}")
        return found

    @cached_property
    def keys(self) -> list[AccessKeyMetadataTypeDef]:
        """The user's access keys."""
        return self.iam.list_access_keys(UserName=self.name)["AccessKeyMetadata"]

    @cached_property
    def groups(self) -> list[str]:
        """The names of the user's groups."""
        return [one["GroupName"] for one in self.iam.list_groups_for_user(UserName=self.name)["Groups"]]

    @cached_property
    def own_policies(self) -> list[str]:
        """The policies of the user itself: the ARNs of attached policies, and the names of inline policies."""
        attached = self.iam.list_attached_user_policies(UserName=self.name)["AttachedPolicies"]
        inline = self.iam.list_user_policies(UserName=self.name)["PolicyNames"]
        return [*(one.get("PolicyArn", "") for one in attached), *inline]

    @cached_property
    def group_policies(self) -> list[str]:
        """The policies of the user's groups: the ARNs of attached policies, and the names of inline policies."""
        found: list[str] = []
        for group in self.groups:
            attached = self.iam.list_attached_group_policies(GroupName=group)["AttachedPolicies"]
            found += [one.get("PolicyArn", "") for one in attached]
            found += self.iam.list_group_policies(GroupName=group)["PolicyNames"]
        return found

    def document(self, policy_arn: str) -> Mapping[str, Any]:
        """Return the document of a managed policy's default version."""
        version = self.iam.get_policy(PolicyArn=policy_arn)["Policy"].get("DefaultVersionId", "")
        answer = self.iam.get_policy_version(PolicyArn=policy_arn, VersionId=version)
        document: Any = answer["PolicyVersion"].get("Document", {})
        return dict(document)

    @cached_property
    def other_credentials(self) -> list[str]:
        """The kinds of credentials that the user has besides access keys."""
        kinds: dict[str, Callable[[], bool]] = {
            "a console password": self._has_password,
            "a service-specific credential": lambda: bool(
                self.iam.list_service_specific_credentials(UserName=self.name)["ServiceSpecificCredentials"]
            ),
            "an SSH key": lambda: bool(self.iam.list_ssh_public_keys(UserName=self.name)["SSHPublicKeys"]),
            "a signing certificate": lambda: bool(
                self.iam.list_signing_certificates(UserName=self.name)["Certificates"]
            ),
        }
        return [kind for kind, has in kinds.items() if has()]

    def last_used(self, key_id: str) -> tuple[datetime | None, str]:
        """Return the date of a key's last use, and the service it was used with."""
        used = self.iam.get_access_key_last_used(AccessKeyId=key_id)["AccessKeyLastUsed"]
        return used.get("LastUsedDate"), used["ServiceName"]

    def _has_password(self) -> bool:
        try:
            self.iam.get_login_profile(UserName=self.name)
        except ClientError as error:
            if code_of(error) == NO_SUCH_ENTITY:
                return False
            raise
        return True
