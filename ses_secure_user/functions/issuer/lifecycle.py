"""The life of a login: issue according to the tags of its user, rotation, and revocation.

A login never changes. An event may be interrupted at any point, delivered twice, abandoned by CloudFormation while it
runs, or run concurrently with another event. These rules keep the credential consistent:

- **A login becomes current only in place of the version that was current when its event began.** Secrets Manager
  checks this, so one of two concurrent events fails.
- **A key is deleted only if no event can still make it current**: no labeled version has it, and all events that could
  use it have ended.
- **An event that revokes a login writes a tag before it lists the keys. An event that issues a login reads the tags
  after it created a key.** So in any order, one of the two events sees the other.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from .contract import CREATED_TAG, REVOKED_TAG, TAGS, Declaration
from .errors import BusyError, CredentialError, code
from .journal import ALL, Journal
from .logins import HANDLED
from .patience import CONSISTENCY_SECONDS
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
"""IAM may list a new key after some seconds only (widdix/complete-aws-iam-reference, issue 15)."""
UNANSWERED_SECONDS = 20
"""The time in which an abandoned Create may create a key and delete it again."""

logger = logging.getLogger(__name__)


class UndeclaredError(CredentialError):
    """An error: the user's tags do not declare a login for this secret."""


@dataclass(frozen=True, kw_only=True)
class Lifecycle:
    """The handling of events for one secret.

    A token is the id of the version that an event creates. It is the same for each delivery of the event. A failed
    event raises CredentialError and leaves the current login unchanged.
    """

    keys: Keys
    secret: Secret
    logins: Logins
    patience: Patience

    # CloudFormation's events

    def create(self, user_name: str, wanted: Declaration, token: str) -> None:
        """Issue the first login. After a failure, the Delete or the next Create deletes the key."""
        try:
            self._while_busy(lambda: self._create(user_name, wanted, token))
        except Exception:
            self.secret.cancel(token)
            raise

    def ensure(self, user_name: str, wanted: Declaration, token: str) -> None:
        """Issue the first login, unless it exists."""
        state = self.secret.look()
        current = self.secret.labelled(state, CURRENT)
        fits = any(wanted.fits(one.value) and one.user_name == user_name for one in current)
        if state.journal.is_revoked or not fits or not self.logins.is_alive(current[0]):
            self.create(user_name, wanted, token)
        else:
            self.logins.test(current[0], wanted)  # Secrets Manager makes the first version current

    def delete(self, user_name: str, delete: str, create: str | None, *, succeeded: bool) -> None:
        """Undo a Create and revoke its login: delete all keys of the user, and prevent other events from leaving a key.

        Args:
            user_name: The name of the user.
            delete: The name of the Delete in the journal.
            create: The name of the Create; None if it sent no response, so CloudFormation does not know it.
            succeeded: True if the Create reported success. Otherwise another Create may hold the secret.
        """
        self._require_own(user_name)
        tags = self._tags_of_secret(succeeded=succeeded)
        now = f"{self.patience.now():.3f}"
        key = REVOKED_TAG + delete
        what = ALL + now if succeeded else tags.get(key, create or now)
        try:
            self.secret.tag(key, what)
        except Exception as error:  # noqa: BLE001 - deleting the keys is more important than the tag
            logger.warning("secret %s has no tag of the revocation: %s", self.secret.secret_id, code(error))
        for seconds in (0, LIST_SECONDS if succeeded else UNANSWERED_SECONDS):
            if seconds and not self.patience.rest(self.patience.deadline, seconds):
                return
            # Another delivery may have responded, and the next Create may have begun.
            tags = self._tags_of_secret(succeeded=succeeded) if seconds else tags
            if Journal.read({**tags, key: what}).is_revoked:
                self.keys.delete_all(user_name)

    def _create(self, user_name: str, wanted: Declaration, token: str) -> None:
        create = token[:8]
        if self._declared(user_name)[1] != wanted:
            raise CredentialError(f"the tags of user {user_name} differ from those in its stack's template")
        state = self.secret.look()
        self._take(state, create, wanted)
        login = self.logins.issue(user_name, wanted, token, state, partial(self._require_held, create))
        self.logins.test(login, wanted)
        self._require_held(create, self.secret.look())
        self._make_current(login, state.token(CURRENT))

    def _take(self, state: State, create: str, wanted: Declaration) -> None:
        """Record that this Create holds the secret. Fail if it held the secret before and no longer does."""
        journal = state.journal
        if create in journal.created:
            self._require_held(create, state)
            return
        if journal.cut <= self.patience.now() < journal.cut + CONSISTENCY_SECONDS:
            # This is the abandoned Create, whose user is being deleted, or the next Create.
            raise BusyError(f"the login in secret {self.secret.secret_id} was revoked a moment ago; try again")
        try:
            self.secret.tag(CREATED_TAG + create, f"{self.patience.started:.3f}/{wanted.digest}")
        except self.secret.client.exceptions.LimitExceededException:
            raise CredentialError(
                f"the secret {self.secret.secret_id} has 50 tags: remove the tags {CREATED_TAG}* and {REVOKED_TAG}* of"
                " former deployments (aws secretsmanager untag-resource), or delete the stack; then deploy again"
            ) from None

    def _require_held(self, create: str, state: State) -> None:
        """Fail if this Create was undone, or another Create holds the secret."""
        if state.journal.holder != create or state.journal.is_revoked:
            raise CredentialError(HANDLED)

    def _require_own(self, user_name: str) -> None:
        """Fail if the user belongs to another secret, as a later user with this name or one tagged by hand does."""
        with suppress(self.keys.iam.exceptions.NoSuchEntityException):
            own = self.keys.tags(user_name).get(TAGS["secret_id"], self.secret.secret_id)
            if own != self.secret.secret_id:
                raise CredentialError(
                    f"the tag {TAGS['secret_id']} of user {user_name} names another secret, {own}: nothing was deleted."
                    " Tag the user as in its stack's template, and try again"
                )

    def _tags_of_secret(self, *, succeeded: bool) -> Mapping[str, str]:
        """Return the secret's tags, or no tags if they are not needed or the secret does not exist."""
        try:
            return {} if succeeded else self.secret.look().tags
        except self.secret.client.exceptions.ResourceNotFoundException:
            return {}

    # Secrets Manager's rotation steps

    def create_secret(self, token: str, state: State) -> None:
        """Store a new login as AWSPENDING, for the user that the current or the previous value names."""
        users = [one.user_name for one in self.secret.labelled(state, CURRENT, PREVIOUS) if one.user_name]
        user_name, wanted = self._declared(*dict.fromkeys(users))
        if state.journal.digest not in {wanted.digest, None}:
            raise CredentialError(
                f"the tags of user {user_name} do not match the login that was deployed: a deployment is in progress,"
                " or the tags were changed; tag the user as in its stack's template, and rotate again. If the secret's"
                f" tag {CREATED_TAG}{state.journal.holder} was added by hand: aws secretsmanager"
                f" untag-resource --secret-id {self.secret.secret_id} --tag-keys {CREATED_TAG}{state.journal.holder}"
            )

        def issue() -> None:
            state = self.secret.look()
            self._require_pending(token, state)
            self.logins.issue(user_name, wanted, token, state, partial(self._require_pending, token))

        self._while_busy(issue)

    def finish_secret(self, token: str, state: State) -> None:
        """Test the pending login, and make it current instead of the version that is current in the state."""
        pending = self.secret.version(token)
        if pending is None:
            raise CredentialError("the pending version has no login; rotate again")
        _, wanted = self._declared(pending.user_name)
        if not wanted.fits(pending.value) or not self.logins.is_alive(pending):
            self.secret.cancel(token)
            raise CredentialError("the pending login does not match its user's tags, or its key was deleted")
        self.logins.test(pending, wanted)
        self._make_current(pending, state.token(CURRENT))

    def require_not_revoked(self, state: State) -> None:
        """Fail if the login was revoked, because no event may then create a key."""
        if state.journal.is_revoked:
            marks = " ".join(sorted(state.journal.marks))
            raise CredentialError(
                "the stack revoked the login. If this was a mistake: aws secretsmanager untag-resource"
                f" --secret-id {self.secret.secret_id} --tag-keys {marks}; then rotate again"
            )

    def _require_pending(self, token: str, state: State) -> None:
        """Fail if the login was revoked or the rotation was canceled."""
        self.require_not_revoked(state)
        if not state.has(token, PENDING):
            raise CredentialError("the rotation was canceled; rotate again")

    # Both

    def _declared(self, *user_names: str) -> tuple[str, Declaration]:
        """Return the first user whose tags name this secret, and its declaration, which must be valid."""

        def read() -> tuple[str, Declaration]:
            faults = []
            for user_name in user_names:
                tags = self._tags(user_name)
                declared = Declaration.read(tags, TAGS)
                if declared and declared.secret_id == self.secret.secret_id:
                    return user_name, declared
                lost = sorted(set(TAGS.values()) - set(tags) - {TAGS["fields"]})
                fault = f"names another secret, {declared.secret_id}" if declared else f"has no tag {', '.join(lost)}"
                faults.append(f"user {user_name} {fault}")
            raise UndeclaredError(
                f"{'; '.join(faults) or 'the secret names no user'}: tag the user as in its stack's template, or"
                f" store its name: aws secretsmanager put-secret-value --secret-id {self.secret.secret_id}"
                ' --secret-string \'{"iam_user": "NAME"}\'; then try again'
            )

        found = self.patience.retry(read, lambda error: isinstance(error, UndeclaredError), self.patience.settled)
        if found[1].fault:
            raise CredentialError(f"{found[1].fault}: tag user {found[0]} as in its stack's template, and try again")
        return found

    def _tags(self, user_name: str) -> dict[str, str]:
        """Return a user's tags, or no tags if the user does not exist or access is denied."""
        try:
            return self.keys.tags(user_name)
        except Exception as error:
            if code(error) not in {"NoSuchEntity", "AccessDenied"}:
                raise
            return {}

    def _make_current(self, login: Version, former: str | None) -> None:
        self.secret.make_current(login.token, former)
        logger.info("version %s is current for user %s", login.token, login.user_name)
        self.secret.cancel(login.token)

    def _while_busy(self, do: Callable[[], object]) -> None:
        """Retry while other events are busy, as long as there is time to test a login."""
        until = self.patience.deadline - TEST_SECONDS
        self.patience.retry(do, lambda error: isinstance(error, BusyError), until, BUSY_SECONDS)
