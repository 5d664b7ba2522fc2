"""Facts about one login, requested once and before any mail is sent."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ses_secure_user.cli.errors import CannotJudgeError
from ses_secure_user.functions.issuer.versions import CURRENT, PREVIOUS
from ses_secure_user.restrictions.rows import BY_PROPERTY, PURPOSES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime, timedelta

    from ses_secure_user.cli.account.login_secret import Login, LoginSecret
    from ses_secure_user.cli.account.ses_account import SesAccount
    from ses_secure_user.cli.account.smtp_user import SmtpUser
    from ses_secure_user.functions.issuer.contract import Declaration
    from ses_secure_user.restrictions.reading import Deployed
    from ses_secure_user.restrictions.rows import Row

    from .place import Place


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """Expectations that the user's tags and policies do not declare, given as options.

    Attributes:
        boundary: The ARN of an organization's permissions boundary. Default: the user's own policy.
        interval: The rotation interval. Default: any up to 45 days.
    """

    boundary: str | None = None
    interval: timedelta | None = None


@dataclass(frozen=True)
class Known:
    """One login and the facts that AWS returns about it.

    Attributes:
        secret: The secret that holds it.
        user: The IAM user of the login.
        declaration: The declaration in the user's tags.
        ses: SES in the login's region.
        policy_arn: The ARN of the policy that restricts the user.
        document: The document of that policy, as deployed.
        restrictions: The restrictions in the document.
        place: The place where the command runs.
        expected: Further expectations, from options.
        now: The time of the run.
        sleep: Waits for a number of seconds.
    """

    secret: LoginSecret
    user: SmtpUser
    declaration: Declaration
    ses: SesAccount
    policy_arn: str
    document: Mapping[str, Any]
    restrictions: Deployed
    place: Place
    expected: Expected
    now: datetime
    sleep: Callable[[float], None]

    @cached_property
    def current(self) -> Login:
        """The current login.

        Raises:
            CannotJudgeError: The current version holds no login.
        """
        login = self.secret.login(CURRENT)
        if login is None:
            raise CannotJudgeError("the secret's current version holds no SMTP login: rotate the secret")
        return login

    @cached_property
    def previous(self) -> Login | None:
        """The previous login, if it has another key than the current one and the key exists."""
        login = self.secret.login(PREVIOUS)
        return login if login and self.owns(login) and login.key_id != self.current.key_id else None

    @cached_property
    def stranger(self) -> Login | None:
        """The previous login, if its key does not belong to the user because it was deleted or is another user's."""
        login = self.secret.login(PREVIOUS)
        return login if login and not self.owns(login) and login.key_id != self.current.key_id else None

    def owns(self, login: Login) -> bool:
        """Return whether a login's key belongs to the user."""
        return login.key_id in {key.get("AccessKeyId") for key in self.user.keys}

    @property
    def from_address(self) -> str:
        """The From address of test mail, which is the first one that the policy allows."""
        identity = next(iter(self.restrictions.identities), "")
        anyone = identity if "@" in identity else f"noreply@{identity}"
        return next(iter(self.restrictions["from_address"]), anyone)

    @cached_property
    def identity(self) -> str:
        """The verified identity that SES uses for this From address.

        Raises:
            CannotJudgeError: Neither the address nor its domain is verified.
        """
        name = self.ses.identity_of(self.from_address)
        if name is None:
            raise CannotJudgeError(
                f"neither {self.from_address} nor its domain is a verified identity in {self.ses.region}"
            )
        return name

    def allowed(self, prop: str) -> str | None:
        """Return a value that a restriction allows, or None if any value is allowed."""
        row = BY_PROPERTY[prop]
        return next(map(row.sample, self.restrictions[prop]), None)

    @cached_property
    def other_identity(self) -> str | None:
        """A verified identity of the account that the policy does not allow, or None."""
        return next((one for one in self.ses.verified if one not in self.restrictions.identities), None)

    @property
    def other_address(self) -> str:
        """An address of the same domain that is not allowed as From address or Return-Path."""
        allowed = (self.from_address, *self.restrictions["from_address"], *self.restrictions["feedback_address"])
        return BY_PROPERTY["from_address"].others(allowed)[0]

    @property
    def purposes(self) -> list[Row]:
        """The restrictions on mail that the policy has or must have."""
        return [row for row in PURPOSES if row.is_required or self.restrictions[row.prop]]

    def others(self, prop: str) -> tuple[str, ...]:
        """Return values that a restriction does not allow."""
        if prop in {"from_address", "feedback_address"}:
            return (self.other_address,)
        return tuple(BY_PROPERTY[prop].others(self.restrictions[prop]))
