"""The access keys and tags of IAM users."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from .errors import BusyError, mask

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient
    from types_boto3_iam.type_defs import AccessKeyTypeDef

    from .patience import Patience

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Key:
    """An access key in IAM's list. ``created`` is in whole seconds since the epoch."""

    key_id: str
    active: bool
    created: float


@dataclass(frozen=True, kw_only=True)
class Keys:
    """Calls to IAM for the user of a login.

    Attributes:
        iam: The client for all calls but CreateAccessKey, with the SDK's retries.
        key_maker: The client for CreateAccessKey, without retries: after a lost response, a retry would create a second
            key.
        patience: The time limits of the event.
    """

    iam: IAMClient
    key_maker: IAMClient
    patience: Patience

    def tags(self, user_name: str) -> dict[str, str]:
        """Return the user's tags."""
        pages = self.iam.get_paginator("list_user_tags")
        found = self.patience.call(lambda: [*pages.paginate(UserName=user_name)])
        return {tag["Key"]: tag["Value"] for page in found for tag in page["Tags"]}

    def of(self, user_name: str) -> list[Key]:
        """Return the keys that IAM lists. A new key may be missing."""
        answer = self.patience.call(lambda: self.iam.list_access_keys(UserName=user_name))
        return [
            Key(one["AccessKeyId"], one["Status"] == "Active", one["CreateDate"].timestamp())
            for one in answer["AccessKeyMetadata"]
        ]

    def is_alive(self, user_name: str, key_id: object, listed: float) -> bool:
        """Return whether a user's key exists and is active. Retry until a new key must be listed."""
        while True:
            if key := next((key for key in self.of(user_name) if key.key_id == key_id), None):
                return key.active
            if not self.patience.rest(listed):
                return False

    def create(self, user_name: str) -> AccessKeyTypeDef:
        """Create a key. Raise BusyError if the user already has two."""
        try:
            return self.patience.call(lambda: self.key_maker.create_access_key(UserName=user_name)["AccessKey"])
        except self.key_maker.exceptions.LimitExceededException:
            raise BusyError(f"another login is being issued for user {user_name}; try again") from None

    def delete(self, user_name: str, key_id: str, known: float = 0.0) -> None:
        """Delete a key, if it exists. IAM may not find a new key at first, so retry until the time `known`."""
        delete = partial(self.iam.delete_access_key, UserName=user_name, AccessKeyId=key_id)
        with suppress(self.iam.exceptions.NoSuchEntityException):
            self.patience.call(delete, known)
        logger.info("deleted key %s of user %s", mask(key_id), user_name)

    def delete_all(self, user_name: str) -> None:
        """Delete all keys of a user, if the user exists."""
        with suppress(self.iam.exceptions.NoSuchEntityException):
            for key in self.of(user_name):
                self.delete(user_name, key.key_id)
