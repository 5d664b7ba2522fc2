"""What `verify` knows of one login, and in what order its claims are judged."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cached_property
from ipaddress import ip_address
from itertools import count
from typing import TYPE_CHECKING

from ses_secure_user.cli.account.login_secret import CURRENT, PREVIOUS
from ses_secure_user.cli.account.simulator import Send
from ses_secure_user.cli.errors import CannotJudgeError

from .postbox import Mail

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from typing import Any

    from ses_secure_user.cli.account.login_secret import Login, LoginSecret
    from ses_secure_user.cli.account.policy_reading import Restrictions
    from ses_secure_user.cli.account.ses_account import SesAccount
    from ses_secure_user.cli.account.simulator import Simulator
    from ses_secure_user.cli.account.smtp_user import SmtpUser
    from ses_secure_user.functions.issuer.contract import Declaration

    from .place import Place
    from .postbox import Postbox, Reply

MAILBOX_SIMULATOR = "success@simulator.amazonses.com"
UNTRUSTED_IPV4 = ("192.0.2.1", "198.51.100.1", "203.0.113.1", "8.8.8.8")
UNTRUSTED_IPV6 = ("2001:db8::1", "3fff::1", "2600::1")
UNTRUSTED_ENDPOINT = "vpce-0ffffffffffffffff"


@dataclass(frozen=True)
class Case:
    """One login, with all that can be asked about it; what is asked is asked once.

    Attributes:
        secret: The secret that holds it.
        user: The IAM user it belongs to.
        declaration: What the user's tags declare.
        ses: SES in the login's region.
        document: The policy, as deployed.
        restrictions: What it says.
        place: Where mail from here comes from.
        postbox: The endpoint.
        simulator: IAM's judgement of the user.
        now: When this is.
        sleep: Waits for seconds.
        recipient: Who gets the mail, or None for SES's mailbox simulator.
    """

    secret: LoginSecret
    user: SmtpUser
    declaration: Declaration
    ses: SesAccount
    document: Mapping[str, Any]
    restrictions: Restrictions
    place: Place
    postbox: Postbox
    simulator: Simulator
    now: datetime
    sleep: Callable[[float], None]
    recipient: str | None = None

    @cached_property
    def current(self) -> Login:
        """The current login.

        Raises:
            CannotJudgeError: There is none.
        """
        login = self.secret.login(CURRENT)
        if login is None:
            raise CannotJudgeError("the secret's current version holds no SMTP login: rotate the secret")
        return login

    @cached_property
    def previous(self) -> Login | None:
        """The previous login, if there is one with a key of its own that still exists."""
        login = self.secret.login(PREVIOUS)
        alive = {key.get("AccessKeyId") for key in self.user.keys}
        return login if login and login.key_id in alive - {self.current.key_id} else None

    @property
    def from_address(self) -> str:
        """The From address that mail is tried with: the first one that the policy allows."""
        identity = next(iter(self.restrictions.identities), "")
        anyone = identity if "@" in identity else f"noreply@{identity}"
        return next(iter(self.restrictions.from_addresses), anyone)

    @cached_property
    def identity(self) -> str:
        """The verified identity that SES judges this address by.

        Raises:
            CannotJudgeError: There is none.
        """
        name = self.ses.identity_of(self.from_address)
        if name is None:
            raise CannotJudgeError(
                f"neither {self.from_address} nor its domain is a verified identity in {self.ses.region}"
            )
        return name

    @cached_property
    def mail(self) -> Mail:
        """A mail that is allowed, from an allowed network."""
        label = uuid.uuid4().hex[:12]
        return Mail(
            from_address=self.from_address,
            return_path=self.restrictions.feedback_address or self.from_address,
            recipient=self.recipient or MAILBOX_SIMULATOR.replace("@", f"+{label}@"),
        )

    @cached_property
    def control(self) -> Reply:
        """What SES answers to the mail that is allowed."""
        return self.postbox.send(self.current, self.mail)

    @cached_property
    def inside(self) -> bool:
        """Whether mail from here comes from an allowed origin, as far as that is known."""
        if self.place.inside is None:
            return self.fair and self.control.accepted
        return self.place.inside

    @property
    def fair(self) -> bool:
        """Whether mail can be tried, to a recipient that the policy allows, so that a refusal has another reason."""
        may_be_tried = not self.postbox.distrust(self.current)
        return may_be_tried and (self.recipient is not None or self.may_mail_simulator)

    @property
    def may_mail_simulator(self) -> bool:
        """Whether the policy allows SES's mailbox simulator as a recipient."""
        patterns = self.restrictions.recipients
        return not patterns or any(fnmatchcase(MAILBOX_SIMULATOR, pattern) for pattern in patterns)

    @property
    def sends(self) -> bool:
        """Whether mail is accepted from here, so that a refusal has an accepted control beside it."""
        return self.fair and self.inside and self.control.accepted

    def reply(self, **changed: str) -> Reply:
        """What SES answers to the allowed mail with one thing changed."""
        return self.postbox.send(self.current, replace(self.mail, **changed))

    @cached_property
    def question(self) -> Send:
        """The same mail as a question to IAM, from the first allowed origin."""
        restrictions = self.restrictions
        names = [restrictions.arn("identity", self.identity)]
        identity = self.ses.identity(self.identity) if self.identity in restrictions.identities else None
        default = identity.get("ConfigurationSetName") if identity else None
        names += [restrictions.arn("configuration-set", default)] if default else []
        address, endpoint = self._origin
        return Send(
            resources=tuple(names),
            from_address=self.from_address,
            recipients=(self.allowed_recipient,),
            feedback_address=self.mail.return_path,
            source_ip=address,
            vpc_endpoint=endpoint,
        )

    @property
    def _origin(self) -> tuple[str | None, str | None]:
        """The first allowed address, or else endpoint; where neither is restricted, any address is allowed."""
        if networks := self.restrictions.parsed_networks:
            return str(networks[0][0]), None
        if endpoints := self.restrictions.vpc_endpoints:
            return None, endpoints[0]
        return self.untrusted[0], None

    @cached_property
    def allowed_by_iam(self) -> bool:
        """Whether IAM allows that mail, so that a denial has an allowed control beside it."""
        return self.simulator.allows(self.question)

    @property
    def allowed_recipient(self) -> str:
        """A recipient that the policy allows."""
        if self.may_mail_simulator:
            return self.mail.recipient
        pattern = next(iter(self.restrictions.recipients), self.mail.recipient)
        return pattern.replace("*", "person").replace("?", "x")

    @property
    def other_address(self) -> str:
        """An address of the same domain that is not allowed, neither as From address nor as Return-Path."""
        domain = self.from_address.rpartition("@")[2]
        allowed = {*self.restrictions.from_addresses, self.restrictions.feedback_address}
        return next(one for number in count() if (one := f"stranger{number or ''}@{domain}") not in allowed)

    @cached_property
    def other_identity(self) -> str | None:
        """A verified identity of the account that is not allowed, if it has one."""
        return next((one for one in self.ses.verified if one not in self.restrictions.identities), None)

    @cached_property
    def untrusted(self) -> tuple[str, ...]:
        """An IPv4 and an IPv6 address outside every allowed network; where these hold all, one that should be."""
        return tuple(map(self._outside, (UNTRUSTED_IPV4, UNTRUSTED_IPV6)))

    def _outside(self, addresses: tuple[str, ...]) -> str:
        networks = self.restrictions.parsed_networks
        outside = (one for one in addresses if not any(ip_address(one) in network for network in networks))
        return next(outside, addresses[0])
