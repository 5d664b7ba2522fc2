"""A login's life: it is issued for what the tags of its user declare, replaced by the next one, and revoked.

A login never changes. Any event may be cut off at any point, repeated, given up by CloudFormation while it runs, or run
next to another one. What keeps the credential whole then:

- **A login becomes current only in the place of the version that was current when its event began.** Secrets Manager
  checks that, so of two events one fails.
- **A key is deleted only when nobody can make it current any more**: no label knows it, and any event that holds it has
  ended by now.
- **Whoever undoes a login writes that down before it lists the keys, and whoever issues one looks after it made a
  key.** Whichever comes first, one of the two sees the other.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .contract import CREATED_TAG, REVOKED_TAG, TAGS, Declaration
from .journal import ALL, KEPT, Journal
from .logins import HANDLED
from .patience import CONSISTENCY_SECONDS, BusyError, CredentialError, code
from .smtp import TEST_SECONDS
from .versions import CURRENT, PENDING, PREVIOUS, State

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .keys import Keys
    from .logins import Logins
    from .patience import Patience
    from .versions import Secret, Version

BUSY_SECONDS = 10
LIST_SECONDS = 5
"""A key may be listed some seconds after it was made (widdix/complete-aws-iam-reference, issue 15)."""
UNANSWERED_SECONDS = 20
"""A Create that was given up may take this long to make a key and to delete it again."""

logger = logging.getLogger(__name__)


class UndeclaredError(CredentialError):
    """The user's tags do not declare a login for this secret."""


@dataclass(frozen=True, kw_only=True)
class Lifecycle:
    """The events of one secret.

    A token is the id of the version that an event makes, the same for each delivery of the event. Whatever fails raises
    CredentialError, and leaves the login that was current.
    """

    keys: Keys
    secret: Secret
    logins: Logins
    patience: Patience

    # CloudFormation's events

    def create(self, user_name: str, wanted: Declaration, token: str) -> None:
        """Issue the first login; what fails undoes what it made."""
        made: list[Version] = []
        try:
            self._while_busy(lambda: self._create(user_name, wanted, token, made))
        except Exception:
            for login in made:
                self._undo_own(token[:8], login)
            raise

    def ensure(self, user_name: str, wanted: Declaration, token: str) -> None:
        """Issue the first login, unless it is there."""
        state = self.secret.look()
        current = self.secret.labelled(state, CURRENT)
        fits = any(wanted.fits(one.value) and one.user_name == user_name for one in current)
        if state.journal.is_revoked or not fits or not self.logins.is_alive(current[0]):
            self.create(user_name, wanted, token)

    def delete(self, user_name: str, delete: str, create: str | None, *, succeeded: bool) -> None:
        """Undo a Create, and revoke the login with it: delete all keys of the user, and let no event leave another.

        Args:
            user_name: The user.
            delete: The Delete's name in the journal.
            create: The Create's; None where CloudFormation does not know it, since it never answered.
            succeeded: Whether the Create answered that it succeeded. Where it did not, another one may hold the secret.
        """
        if self._is_of_another_secret(user_name) or not self._undo(delete, create, succeeded=succeeded):
            return
        self.keys.delete_all(user_name)
        if self.patience.rest(self.patience.deadline, LIST_SECONDS if succeeded else UNANSWERED_SECONDS):
            self.keys.delete_all(user_name)

    def _create(self, user_name: str, wanted: Declaration, token: str, made: list[Version]) -> None:
        create = token[:8]
        if self._declared(user_name) != wanted:
            raise CredentialError(f"the tags of user {user_name} do not declare what its stack's template does")
        state = self.secret.look()
        self._take(state, create, wanted)
        login, is_new = self.logins.issue(user_name, wanted, token, lambda now: self._require_held(now, create))
        if is_new:
            made.append(login)
        self.logins.test(login, wanted)
        now = self.secret.look()
        self._require_held(now, create)
        self._make_current(login, token if now.has(token, CURRENT) else state.token(CURRENT))
        # Another delivery of the same event may have failed, and have undone what both made.
        self._require_held(self.secret.look(), create)

    def _take(self, state: State, create: str, wanted: Declaration) -> None:
        """Write down that this Create holds the secret, unless it did and does no more."""
        journal = state.journal
        if create in journal.created:
            self._require_held(state, create)
            return
        if self.patience.now() < journal.cut + CONSISTENCY_SECONDS:
            # Either the Create that was given up, late: then its user is going. Or the next one.
            raise BusyError(f"the secret {self.secret.secret_id} was given up a moment ago; try again")
        self.secret.tag(CREATED_TAG + create, f"{self.patience.started:.3f}/{wanted.digest}")

    def _require_held(self, state: State, create: str) -> None:
        """Fail where this Create was undone, or another one took the secret."""
        if state.journal.holder != create or state.journal.is_revoked:
            raise CredentialError(HANDLED)

    def _undo_own(self, create: str, login: Version) -> None:
        """Undo a Create that failed, unless another delivery of it made the login current."""
        with suppress(Exception):
            state = self.secret.look()
            if state.has(login.token, CURRENT):
                return
            self.secret.tag(REVOKED_TAG + create, create)
            self.secret.cancel(login.token)
            if self.secret.look().has(login.token, CURRENT):
                self.secret.tag(REVOKED_TAG + create, KEPT)
            else:
                self.logins.delete_key(login.user_name, login.key_id)

    def _is_of_another_secret(self, user_name: str) -> bool:
        """Whether the user has another secret's login by now: then the event is of a former user of the same name."""
        with suppress(self.keys.iam.exceptions.NoSuchEntityException):
            return self.keys.tags(user_name).get(TAGS["secret_id"], self.secret.secret_id) != self.secret.secret_id
        return False

    def _undo(self, delete: str, create: str | None, *, succeeded: bool) -> bool:
        """Write down what a Delete undoes, and tell whether that revokes the login."""
        tags: Mapping[str, str] = {}
        if not succeeded:
            try:
                tags = self.secret.look().tags
            except self.secret.client.exceptions.ResourceNotFoundException:
                return True
        now = f"{self.patience.now():.3f}"
        key, what = REVOKED_TAG + delete, ALL + now if succeeded else create or now
        try:
            self.secret.tag(key, what)
        except Exception as error:  # noqa: BLE001 - keys that stay would be worse than a mark that is missing
            logger.warning("secret %s is not marked as revoked: %s", self.secret.secret_id, code(error))
        return succeeded or Journal.read({**tags, key: what}).is_revoked

    # Secrets Manager's rotation steps

    def create_secret(self, token: str, state: State) -> None:
        """Store a new login as AWSPENDING, for the user that the current or the previous value points to."""
        known = self.secret.labelled(state, CURRENT, PREVIOUS)
        user_name = next((one.user_name for one in known if one.user_name), None)
        if not user_name:
            raise CredentialError(
                "the secret names no user: aws secretsmanager put-secret-value --secret-id"
                f' {self.secret.secret_id} --secret-string \'{{"iam_user": "NAME"}}\', with the name of its user;'
                " then rotate again"
            )
        wanted = self._declared(user_name)
        if state.journal.digest not in {wanted.digest, None}:
            raise CredentialError(
                f"the tags of user {user_name} declare another login than the one that was deployed: a deployment is"
                " under way, or somebody changed them; tag the user as its stack's template does, and rotate again"
            )
        self._while_busy(lambda: self.logins.issue(user_name, wanted, token, self._require_pending(token)))

    def finish_secret(self, token: str, state: State) -> None:
        """Test the pending login, and make it current in the place of the version that the state says is."""
        pending = self.secret.version(token)
        if pending is None:
            raise CredentialError("the rotation's version has no login yet; rotate again")
        wanted = self._declared(pending.user_name)
        if not wanted.fits(pending.value) or not self.logins.is_alive(pending):
            self.secret.cancel(token)
            raise CredentialError("the pending login is not what its user's tags declare, or its key was deleted")
        self.logins.test(pending, wanted)
        self._make_current(pending, state.token(CURRENT))

    def require_not_revoked(self, state: State) -> None:
        """Fail where the login was revoked: no event may make another key."""
        if state.journal.is_revoked:
            marks = " ".join(state.journal.marks)
            raise CredentialError(
                "the login was revoked by its stack. If that was a mistake: aws secretsmanager untag-resource"
                f" --secret-id {self.secret.secret_id} --tag-keys {marks}; then rotate again"
            )

    def _require_pending(self, token: str) -> Callable[[State], None]:
        def require(state: State) -> None:
            self.require_not_revoked(state)
            if not state.has(token, PENDING):
                raise CredentialError("the rotation was given up; rotate again")

        return require

    # Both

    def _declared(self, user_name: str) -> Declaration:
        """What the user's tags declare; they must name this secret, and an endpoint of SES."""

        def read() -> Declaration:
            tags = self.keys.tags(user_name)
            declared = Declaration.read(tags, TAGS)
            if declared is None:
                lost = ", ".join(sorted(set(TAGS.values()) - set(tags) - {TAGS["fields"]}))
                raise UndeclaredError(
                    f"user {user_name} has no tag {lost}: tag it as its stack's template does, and try again"
                )
            if declared.secret_id != self.secret.secret_id:
                raise UndeclaredError(
                    f"user {user_name} is not the user of this secret, but of {declared.secret_id}: tag it as its"
                    " stack's template does, or store a value that names the right user, and try again"
                )
            return declared

        declared = self.patience.retry(read, lambda error: isinstance(error, UndeclaredError), self.patience.settled)
        if declared.fault:
            raise CredentialError(f"{declared.fault}: tag user {user_name} as its stack's template does, and try again")
        return declared

    def _make_current(self, login: Version, former: str | None) -> None:
        self.secret.make_current(login.token, former)
        logger.info("version %s is current for user %s", login.token, login.user_name)
        self.secret.cancel(login.token)

    def _while_busy(self, do: Callable[[], object]) -> None:
        """Wait for other events, as long as there is time left to test a login."""
        until = self.patience.deadline - TEST_SECONDS
        self.patience.retry(do, lambda error: isinstance(error, BusyError), until, BUSY_SECONDS)
