"""Logins, which consist of a key, its password, and the version of the secret that holds both."""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .errors import BusyError, CredentialError, code, mask
from .patience import CONSISTENCY_SECONDS, Patience
from .smtp import log_in, smtp_password, test
from .versions import CURRENT, PENDING, PREVIOUS, Secret, State, Version

if TYPE_CHECKING:
    from collections.abc import Callable

    from .contract import Declaration
    from .keys import Keys

KNOWN_SECONDS = 10
"""The time for which IAM may not find a new key to delete."""
HANDLED = "this event was already handled: its login was revoked or replaced"

GRACE_SECONDS = 300
"""The time for which an event may use a key that no labeled version has."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Logins:
    """The logins of one secret.

    Attributes:
        keys: The calls to IAM.
        secret: The calls to Secrets Manager.
        patience: The time limits of the event.
        verify: True to test logins at the endpoint.
        log_in: Logs in once.
    """

    keys: Keys
    secret: Secret
    patience: Patience
    verify: bool
    log_in: Callable[..., None] = log_in

    def is_alive(self, version: Version) -> bool:
        """Return whether a version's key exists and is active."""
        return self.keys.is_alive(version.user_name, version.key_id, version.created + CONSISTENCY_SECONDS)

    def issue(
        self, user_name: str, wanted: Declaration, token: str, state: State, require_wanted: Callable[[State], None]
    ) -> Version:
        """Store a login with a new key as pending, or return the login that another delivery of the event stored.

        Raises:
            CredentialError: `require_wanted` failed, or the login could not be issued.
            BusyError: Another event is changing the same user.
        """
        # A version loses its labels only to another version.
        if stored := self.secret.version(token) if state.labels else None:
            if not state.has(token, PENDING) and not state.has(token, CURRENT):
                raise CredentialError(HANDLED)
            if wanted.fits(stored.value) and self.is_alive(stored):
                return stored
            self.secret.cancel(token)
            raise CredentialError("the pending version has no working login; nothing was changed, try again")
        self._make_room(user_name, state)
        key = self.keys.create(user_name)
        key_id = key["AccessKeyId"]
        try:
            # A Delete tags the secret before it lists the keys: it finds this key, or this check finds its tag.
            require_wanted(self.secret.look())
            text = json.dumps(wanted.value(user_name, key_id, smtp_password(key["SecretAccessKey"], wanted.region)))
            self.secret.put(token, text)
            logger.info("stored key %s of user %s as version %s", mask(key_id), user_name, token)
            return Version(token, self.patience.now(), text)
        except Exception as error:  # noqa: BLE001 - any error may contain a secret, and the key must be deleted
            why = str(error) if isinstance(error, CredentialError) else f"it was not stored ({code(error)}); try again"
            failure = CredentialError(f"no login was issued: {why}")
        stored = None
        with suppress(Exception):
            stored = self.secret.version(token)
        if stored and stored.key_id == key_id:  # only the response was lost
            return stored
        self.delete_key(user_name, key_id)
        if stored:
            failure = BusyError("another delivery of this event has stored a login")
        raise failure from None

    def _make_room(self, user_name: str, state: State) -> None:
        """Delete all keys but one, because IAM allows two.

        The key of the current login is kept, or that of the previous login if the current key is not active.

        Another event may be about to make any other key current. Such a key is deleted only `GRACE_SECONDS` after it
        was created and after this event began.
        """
        known = [version.key_id for version in self.secret.labelled(state, CURRENT, PREVIOUS)]
        keys = self.keys.of(user_name)
        alive = [key for key in keys if key.active and key.key_id in known]
        kept = min(alive, key=lambda key: known.index(key.key_id), default=None)
        for key in keys:
            held = max(self.patience.started, key.created) + GRACE_SECONDS
            if key.key_id not in known and self.patience.now() < held:
                raise BusyError(
                    f"user {user_name} has the access key {mask(key.key_id)}, which no login uses: another login is"
                    f" being issued, or the key was created by hand; try again in {held - self.patience.now():.0f} s,"
                    " or delete the key"
                )
        for key in keys:
            if key != kept:
                self.keys.delete(user_name, key.key_id)

    def delete_key(self, user_name: str, key_id: object) -> None:
        """Delete the key of a failed attempt. If this fails, the next attempt deletes the key."""
        try:
            self.keys.delete(user_name, str(key_id), self.patience.now() + KNOWN_SECONDS)
        except Exception as error:  # noqa: BLE001 - the event fails with its original error
            logger.error("key %s of user %s was not deleted: %s", mask(key_id), user_name, code(error))

    def test(self, version: Version, wanted: Declaration) -> None:
        """Log in until the endpoint accepts the login. Without tests, wait until it should accept a new key."""
        if self.verify:
            login = (wanted.host, int(wanted.port), version.key_id, version.value["password"])
            test(lambda timeout: self.log_in(*login, timeout), wanted.region, self.patience)
            logger.info("tested key %s at %s:%s", mask(version.key_id), wanted.host, wanted.port)
        elif (rest := version.created + CONSISTENCY_SECONDS - self.patience.now()) > 0:
            self.patience.sleep(rest)
