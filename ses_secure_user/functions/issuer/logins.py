"""Logins: a key of the user, its password, and the version of the secret that holds both."""

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
"""How long IAM may not know a key that it has just made, when it is to delete it."""
HANDLED = "this event was handled before: its login was revoked or replaced since"

GRACE_SECONDS = 300
"""How long an event may hold a key that no label of the secret knows."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Logins:
    """The logins of one secret, with the services and the clock they use.

    Attributes:
        keys: IAM.
        secret: The secret.
        patience: The event's time.
        verify: Whether a login is tested at its endpoint.
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
        """Store a login with a new key as pending, unless another delivery of the event stored it already.

        Raises:
            CredentialError: The login is not wanted any more, as `require_wanted` says; or it could not be issued.
            BusyError: Another event is at work on the same user.
        """
        # Only another version leaves one without a label.
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
            # A Delete marks the secret before it lists the keys: either it sees this key, or this sees the mark.
            require_wanted(self.secret.look())
            text = json.dumps(wanted.value(user_name, key_id, smtp_password(key["SecretAccessKey"], wanted.region)))
            self.secret.put(token, text)
            logger.info("stored key %s of user %s as version %s", mask(key_id), user_name, token)
            return Version(token, self.patience.now(), text)
        except Exception as error:  # noqa: BLE001 - whatever it was, it saw a secret, and the key must go
            why = str(error) if isinstance(error, CredentialError) else f"it was not stored ({code(error)}); try again"
            failure = CredentialError(f"no login was issued: {why}")
        stored = None
        with suppress(Exception):
            stored = self.secret.version(token)
        if stored and stored.key_id == key_id:  # only the answer got lost
            return stored
        self.delete_key(user_name, key_id)
        if stored:
            failure = BusyError("another delivery of this event has stored a login")
        raise failure from None

    def _make_room(self, user_name: str, state: State) -> None:
        """Delete all keys but one, since IAM allows two.

        The current login's key is kept, or the previous one's if the current one is dead.

        A key of neither may be one that another event is about to make current, until `GRACE_SECONDS` after that event
        must have begun: after the key was made, and before this event.
        """
        known = [version.key_id for version in self.secret.labelled(state, CURRENT, PREVIOUS)]
        keys = self.keys.of(user_name)
        alive = [key for key in keys if key.active and key.key_id in known]
        kept = min(alive, key=lambda key: known.index(key.key_id), default=None)
        for key in keys:
            held = max(self.patience.started, key.created) + GRACE_SECONDS
            if key.key_id not in known and self.patience.now() < held:
                raise BusyError(
                    f"user {user_name} has the access key {mask(key.key_id)}, which no login uses: another one is being"
                    f" issued, or somebody made the key by hand; try again in {held - self.patience.now():.0f} s, or"
                    " delete the key"
                )
        for key in keys:
            if key != kept:
                self.keys.delete(user_name, key.key_id)

    def delete_key(self, user_name: str, key_id: object) -> None:
        """Delete the key of a failed attempt. If this fails, the next attempt deletes it."""
        try:
            self.keys.delete(user_name, str(key_id), self.patience.now() + KNOWN_SECONDS)
        except Exception as error:  # noqa: BLE001 - what brought the event here is what it fails with
            logger.error("key %s of user %s stays: %s", mask(key_id), user_name, code(error))

    def test(self, version: Version, wanted: Declaration) -> None:
        """Log in until the endpoint accepts it. If tests are off, wait until it should accept a new key."""
        if self.verify:
            login = (wanted.host, int(wanted.port), version.key_id, version.value["password"])
            test(lambda timeout: self.log_in(*login, timeout), wanted.region, self.patience)
            logger.info("tested key %s at %s:%s", mask(version.key_id), wanted.host, wanted.port)
        elif (rest := version.created + CONSISTENCY_SECONDS - self.patience.now()) > 0:
            self.patience.sleep(rest)
