"""A credential's life: what each event does to the keys of one user and the versions of one secret.

Any event may be cut off at any point, repeated, given up by CloudFormation while it runs, or run beside another one.
What keeps the credential whole then:

- **A login becomes current only in the place of the version that was current when its event began.** Secrets Manager
  checks that. Every Update first replaces the current version by one with the same login, so an older event that is
  still running fails.
- **Only what the secret's tags declare becomes current.** An Update that is delivered after its rollback thus fails.
- **A key that was never current is deleted only after the current version was replaced**, so that no event which still
  holds the key can make it current.
- **A user whose credential is deleted is marked before its keys are listed, and every event looks for the mark after
  it created a key.** Whichever comes first, one of the two sees the other.
"""

from __future__ import annotations

import logging
import uuid
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .patience import BusyError, CredentialError
from .smtp import TEST_SECONDS
from .versions import BEFORE, CURRENT, PENDING, PREVIOUS, STAGED, State, Version

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .contract import Declaration
    from .keys import Keys
    from .logins import Logins
    from .patience import Patience
    from .versions import Secret

BUSY_SECONDS = 30
LIST_SECONDS = 5
"""A key may be listed some seconds after it was made (widdix/complete-aws-iam-reference, issue 15)."""

HANDLED = "this event was handled before, and another login issued since"
UNDECLARED = (
    "the secret's tags declare something else: a later deployment or somebody changed them. "
    "Nothing was changed; change a property of the SecureSesSmtpUser and deploy that"
)
NOT_AS_DECLARED = (
    "the secret holds no login of what its tags declare: a deployment is under way, or somebody changed one of the "
    "two. Wait for the deployment, give the label AWSCURRENT to a version that does, or change a property of the "
    "SecureSesSmtpUser and deploy that"
)

logger = logging.getLogger(__name__)


class UndeclaredError(CredentialError):
    """The secret's tags do not declare what a deployment is to do."""


@dataclass(frozen=True, kw_only=True)
class Lifecycle:
    """The events of one credential.

    A token is the id of the version that an event makes current, the same for each delivery of the event. Whatever
    fails raises CredentialError, and leaves the login that was current.
    """

    keys: Keys
    secret: Secret
    logins: Logins
    patience: Patience

    # CloudFormation's events

    def create(self, wanted: Declaration, token: str) -> None:
        """Issue the first login."""
        self._while_busy(lambda: self._create(wanted, token))

    def update(self, wanted: Declaration, former: Declaration, token: str) -> None:
        """Let the secret hold what the template declares by now; a key is made only where no living one can be used."""
        self._while_busy(lambda: self._update(wanted, former, token))

    def delete(self, user_name: str) -> None:
        """Delete all keys of the user, and let no event in flight leave another."""
        self.keys.revoke(user_name)
        # A key that was made before the mark could be seen may be listed only now.
        if self.patience.rest(self.patience.deadline, LIST_SECONDS):
            self.keys.revoke(user_name)

    def _create(self, wanted: Declaration, token: str) -> None:
        state = self.secret.look()
        if state.current not in {None, token}:
            raise CredentialError(HANDLED)
        stored = self._stored(token, state)
        if not (stored and state.current == token and self.logins.is_usable(stored, wanted)):
            self._deploy(wanted, stored, token)

    def _update(self, wanted: Declaration, former: Declaration, token: str) -> None:
        state = self.secret.look()
        stored = self._stored(token, state)
        if stored and state.current == token:
            return
        mark = str(uuid.uuid5(uuid.UUID(token), "replacement"))
        is_first = self.secret.version(VersionId=mark) is None
        self.patience.retry(
            lambda: self._require_declared(wanted, former if is_first else None),
            lambda error: isinstance(error, UndeclaredError),
            self.patience.settled,
        )
        current = self.secret.version(VersionStage=CURRENT)
        known = [current, self.secret.before(), self.secret.version(VersionStage=PREVIOUS)]
        replacement = None
        if current:
            replacement = self.secret.replace_current(current, BEFORE, token=mark if is_first else None)
        if not (current and wanted.fits(current.value) and self.logins.is_usable(current, wanted)):
            self._deploy(wanted, stored, token, known, replacement)

    def _stored(self, token: str, state: State) -> Version | None:
        """What an earlier delivery of the event stored, and no other event has superseded."""
        stored = self.secret.version(VersionId=token)
        if stored and not state.has(token, STAGED):
            raise CredentialError(HANDLED)
        return stored

    def _require_declared(self, wanted: Declaration, former: Declaration | None) -> None:
        """Check that the secret's tags declare what is wanted, or else that this is the way back from what they do.

        CloudFormation changes the secret before the credential. Whether it restores it first, too, is not documented.
        An event that was delivered before is not the way back: ``former`` is None then.
        """
        declared = self.secret.look().declared
        if declared == wanted:
            return
        versions = [self.secret.version(VersionStage=CURRENT), self.secret.before()]
        fitting = [version is not None and wanted.fits(version.value) for version in versions]
        if declared == former and any(fitting):
            self.secret.tag(wanted)
        elif not fitting[0]:
            raise UndeclaredError(UNDECLARED)

    def _deploy(
        self,
        wanted: Declaration,
        stored: Version | None,
        token: str,
        known: Sequence[Version | None] = (),
        current: Version | None = None,
    ) -> None:
        """Make a login current: the stored one, or that of a known version, or a new one."""
        made = None
        source = next((one for one in known[:2] if one and self.logins.is_usable(one, wanted)), None)
        if source and not stored:
            stored = self.logins.store(wanted, source.key_id, source.value["password"], token, STAGED)
        if not stored:
            current = self.logins.make_room(wanted.user_name, known, current)
            stored = made = self.logins.issue(wanted, token, STAGED)
        try:
            self.logins.test(stored, wanted, is_new=made is not None)
            self._promote(stored, wanted, current)
        except Exception:
            if made:
                self.logins.discard(made, wanted.user_name, current)
            raise

    def _promote(self, version: Version, wanted: Declaration, former: Version | None) -> None:
        state = self.secret.look()
        if state.current == version.token:
            return
        if state.declared != wanted:
            raise UndeclaredError(UNDECLARED)
        if not self.logins.is_usable(version, wanted):
            raise CredentialError("the new login's key was deleted meanwhile; nothing was changed, try again")
        self._make_current(version, wanted, former.token if former else None)

    def _make_current(self, version: Version, wanted: Declaration, former: str | None) -> None:
        self.keys.require_not_revoked(wanted.user_name)
        self.secret.make_current(version.token, former)
        logger.info("version %s is current for user %s", version.token, wanted.user_name)

    def _while_busy(self, do: Callable[[], None]) -> None:
        """Wait for other events, as long as there is time left to test a login."""
        until = self.patience.deadline - TEST_SECONDS
        self.patience.retry(do, lambda error: isinstance(error, BusyError), until, BUSY_SECONDS)

    # Secrets Manager's rotation steps

    def create_secret(self, wanted: Declaration, token: str) -> None:
        """Store a new login as AWSPENDING."""
        if pending := self.secret.version(VersionId=token):
            self._require_usable(pending, wanted)
            return
        current, previous = (self.secret.version(VersionStage=label) for label in (CURRENT, PREVIOUS))
        login = current if current and current.is_login else previous
        if not login or not wanted.fits(login.value):
            raise CredentialError(NOT_AS_DECLARED)
        self.logins.make_room(wanted.user_name, [current, previous], current)
        self.logins.issue(wanted, token, PENDING)

    def test_secret(self, wanted: Declaration, pending: Version) -> None:
        """Log in with the pending login until SES accepts it."""
        self._require_fitting(pending, wanted)
        self.logins.test(pending, wanted)

    def finish_secret(self, wanted: Declaration, pending: Version | None, state: State) -> None:
        """Make the pending login current in the place of the version that the state says is."""
        if pending is None:
            raise CredentialError("the rotation's version has no login yet; rotate again")
        self._require_usable(pending, wanted)
        self._make_current(pending, wanted, state.current)
        with suppress(Exception):  # best effort: AWSPENDING is in nobody's way while its version is current
            self.secret.cancel(pending.token)

    def _require_usable(self, pending: Version, wanted: Declaration) -> None:
        self._require_fitting(pending, wanted)
        if not self.logins.is_usable(pending, wanted):
            self.secret.cancel(pending.token)
            raise CredentialError("the pending login's key was deleted; nothing was changed, rotate again")

    def _require_fitting(self, pending: Version, wanted: Declaration) -> None:
        if not wanted.fits(pending.value):
            self.secret.cancel(pending.token)
            raise CredentialError("the pending login is not what the secret's tags declare by now; rotate again")
