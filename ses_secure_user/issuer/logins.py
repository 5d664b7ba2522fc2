"""Logins: a key of the user, its password, and the version of the secret that holds both."""

from __future__ import annotations

import json
import logging
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .patience import CONSISTENCY_SECONDS, BusyError, CredentialError, Patience, code, mask
from .smtp import log_in, smtp_password, test
from .versions import Secret, Version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .contract import Declaration
    from .keys import Key, Keys

GRACE_SECONDS = 300
"""A key younger than this may be another event's, even if no version of the secret knows it."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Logins:
    """The logins of one credential, on the services and the clock they are given."""

    keys: Keys
    secret: Secret
    patience: Patience
    log_in: Callable[..., None] = log_in

    def is_usable(self, version: Version, wanted: Declaration) -> bool:
        """Whether a version's key lives, and its password is valid where it is wanted."""
        value = version.value
        belongs = (value.get("iam_user"), value.get("region")) == (wanted.user_name, wanted.region)
        if not version.is_login or not belongs:
            return False
        return self.keys.is_alive(wanted.user_name, version.key_id, version.created + CONSISTENCY_SECONDS)

    def make_room(self, user_name: str, known: Sequence[Version | None], current: Version | None) -> Version | None:
        """Delete all keys but one, the first that lives of the known versions'; IAM allows two, so one can be made.

        Returns:
            The version that is current afterwards.
        """
        keys = self.keys.of(user_name)
        known_ids = [version.key_id for version in known if version]
        alive = [key for key in keys if key.active and key.key_id in known_ids]
        kept = min(alive, key=lambda key: known_ids.index(key.key_id), default=None)
        # A key older than the kept one was current once, and no event can make it current again.
        questionable = [
            key for key in keys if key.key_id not in known_ids and not (kept and key.created < kept.created)
        ]
        for key in questionable:
            self._require_unused(user_name, key)
        if questionable and current:
            current = self.secret.replace_current(current)
        for key in keys:
            if key != kept:
                self.keys.delete(user_name, key.key_id)
        return current

    def _require_unused(self, user_name: str, key: Key) -> None:
        age = self.patience.now() - key.created
        if age < GRACE_SECONDS:
            raise BusyError(
                f"user {user_name} got the access key {mask(key.key_id)} {age:.0f} s ago and no current credential "
                "uses it: another credential is being issued, or somebody made the key by hand; try again in "
                f"{GRACE_SECONDS - age:.0f} s, or delete the key"
            )

    def issue(self, wanted: Declaration, token: str, label: str) -> Version:
        """Create a key, derive its password and store both; a key that could not be stored is deleted."""
        key = self.keys.create(wanted.user_name)
        key_id = key["AccessKeyId"]
        try:
            self.keys.require_not_revoked(wanted.user_name)
            password = smtp_password(key["SecretAccessKey"], wanted.region)
            return self.store(wanted, key_id, password, token, label)
        except Exception as error:  # noqa: BLE001 - whatever it was, it saw a secret, and the key must go
            if stored := self._stored(token, key_id):
                return stored
            failure = error if isinstance(error, CredentialError) else CredentialError(f"{code(error)}; try again")
        with _best_effort(wanted.user_name, key_id):
            self.keys.delete(wanted.user_name, key_id)
        raise failure from None

    def store(self, wanted: Declaration, key_id: object, password: object, token: str, label: str) -> Version:
        """Store a login as a version of the secret."""
        text = json.dumps(wanted.value(key_id, password))
        self.secret.put(token, text, label)
        logger.info("stored key %s of user %s as version %s", mask(key_id), wanted.user_name, token)
        return Version(token, self.patience.now(), text)

    def _stored(self, token: str, key_id: str) -> Version | None:
        """The version, if it was only the answer that got lost."""
        with suppress(Exception):
            version = self.secret.version(VersionId=token)
            return version if version and version.key_id == key_id else None
        return None

    def test(self, version: Version, wanted: Declaration, *, is_new: bool = True) -> None:
        """Log in until the endpoint accepts it; where that is not wanted, wait until it should accept a new key."""
        if wanted.verify_login == "true":
            login = (wanted.host, int(wanted.port), version.key_id, version.value["password"])
            test(lambda timeout: self.log_in(*login, timeout), wanted.region, self.patience)
            logger.info("tested key %s at %s:%s", mask(version.key_id), wanted.host, wanted.port)
        elif is_new:
            self.patience.sleep(CONSISTENCY_SECONDS)

    def discard(self, version: Version, user_name: str, current: Version | None) -> None:
        """Delete the key of a failed attempt; what fails here, the next attempt does."""
        with _best_effort(user_name, version.key_id):
            if current:
                with suppress(BusyError):  # a later event has done it
                    self.secret.replace_current(current)
            if self.secret.look().current != version.token:
                self.keys.delete(user_name, str(version.key_id))


@contextmanager
def _best_effort(user_name: str, key_id: object) -> Iterator[None]:
    """Log what keeps a key from being deleted, and go on."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - what brought the event here is what it fails with
        logger.error("key %s of user %s stays: %s", mask(key_id), user_name, code(error))
