"""The access keys of IAM users."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .contract import REVOKED_TAG
from .patience import BusyError, CredentialError, Patience, code, mask

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient
    from types_boto3_iam.type_defs import AccessKeyTypeDef

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Key:
    """An access key, as IAM lists it; ``created`` is in whole seconds since the epoch."""

    key_id: str
    active: bool
    created: float


@dataclass(frozen=True, kw_only=True)
class Keys:
    """IAM, as far as access keys go.

    Attributes:
        iam: Answers everything but CreateAccessKey, with the SDK's own retries.
        key_maker: Creates keys, without retries: a lost answer must not make a second key.
        patience: The event's time.
    """

    iam: IAMClient
    key_maker: IAMClient
    patience: Patience

    def of(self, user_name: str) -> list[Key]:
        """The keys that IAM lists; one that was just made may not be among them."""
        answer = self.patience.call(lambda: self.iam.list_access_keys(UserName=user_name))
        return [
            Key(one["AccessKeyId"], one["Status"] == "Active", one["CreateDate"].timestamp())
            for one in answer["AccessKeyMetadata"]
        ]

    def is_alive(self, user_name: str, key_id: object, listed: float) -> bool:
        """Whether a user's key is there and active; until it must be listed, a missing one is looked for again."""
        while True:
            if key := next((key for key in self.of(user_name) if key.key_id == key_id), None):
                return key.active
            if not self.patience.rest(listed):
                return False

    def create(self, user_name: str) -> AccessKeyTypeDef:
        """Create a key, unless the user has two although some were deleted for this one."""
        try:
            return self.patience.call(lambda: self.key_maker.create_access_key(UserName=user_name)["AccessKey"])
        except self.key_maker.exceptions.LimitExceededException:
            raise BusyError(f"another credential is being issued for user {user_name}; try again") from None

    def delete(self, user_name: str, key_id: str) -> None:
        """Delete a key, if it is there."""

        def delete() -> None:
            with suppress(self.iam.exceptions.NoSuchEntityException):
                self.iam.delete_access_key(UserName=user_name, AccessKeyId=key_id)

        self.patience.call(delete)
        logger.info("deleted key %s of user %s", mask(key_id), user_name)

    def require_not_revoked(self, user_name: str) -> None:
        """Fail if the user is marked as revoked."""
        tags = self.patience.call(lambda: self.iam.list_user_tags(UserName=user_name))["Tags"]
        if any(tag["Key"] == REVOKED_TAG for tag in tags):
            raise CredentialError(f"user {user_name} is being deleted")

    def revoke(self, user_name: str) -> None:
        """Mark the user, so that an event in flight leaves no key, and delete all keys; a missing user has none."""
        with suppress(self.iam.exceptions.NoSuchEntityException):
            self._mark(user_name)
            for key in self.of(user_name):
                self.delete(user_name, key.key_id)

    def _mark(self, user_name: str) -> None:
        mark = [{"Key": REVOKED_TAG, "Value": "true"}]
        try:
            self.patience.call(lambda: self.iam.tag_user(UserName=user_name, Tags=mark))  # type: ignore[arg-type]
        except Exception as error:
            if code(error) != "AccessDenied":
                raise
            # Keys that stay would be worse than a mark that is missing.
            logger.warning("user %s was not marked as revoked: %s", user_name, code(error))
