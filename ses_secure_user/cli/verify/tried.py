"""Trials of one login: mail that is sent, and the same mail as a question to IAM."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING

from ses_secure_user.cli.account.simulator import Send
from ses_secure_user.restrictions.rows import ORIGINS, PURPOSES

from .postbox import Mail

if TYPE_CHECKING:
    from ses_secure_user.cli.account.simulator import Simulator

    from .known import Known
    from .postbox import Postbox, Reply

MAILBOX_SIMULATOR = "success@simulator.amazonses.com"


@dataclass(frozen=True)
class Tried:
    """Trials of one login. Each is made once.

    Attributes:
        known: What is known of it.
        postbox: The endpoint.
        simulator: IAM's judgement of the user.
        recipient: Who gets the mail, or None for SES's mailbox simulator.
    """

    known: Known
    postbox: Postbox
    simulator: Simulator
    recipient: str | None = None

    @cached_property
    def mail(self) -> Mail:
        """A mail that the policy allows from an allowed network."""
        known, label = self.known, uuid.uuid4().hex[:12]
        told = {row.prop: value for row in PURPOSES if row.is_of_mail and (value := known.allowed(row.prop))}
        recipient = self.recipient or MAILBOX_SIMULATOR.replace("@", f"+{label}@")
        own = {"from_address": known.from_address, "allowed_recipients": recipient}
        return Mail({"feedback_address": known.from_address, **told, **own})

    @cached_property
    def control(self) -> Reply:
        """The answer of SES to the mail that is allowed."""
        return self.postbox.send(self.known.current, self.mail)

    def reply(self, **changed: str) -> Reply:
        """Return the answer of SES to the allowed mail with one thing changed."""
        return self.postbox.send(self.known.current, Mail({**self.mail.told, **changed}))

    @cached_property
    def inside(self) -> bool:
        """True if mail from here comes from an allowed origin, as far as that is known."""
        if self.known.place.inside is None:
            return self.fair and self.control.accepted
        return self.known.place.inside

    @property
    def fair(self) -> bool:
        """True if mail can be tried, to a recipient that the policy allows, so that a refusal has another reason."""
        return not self.distrust and (self.recipient is not None or self.may_mail_simulator)

    @property
    def distrust(self) -> str:
        """The reason why mail with the current login proves nothing of the user. Empty if it does."""
        stranger = "" if self.known.owns(self.known.current) else "the current login is not this user's"
        return stranger or self.postbox.distrust(self.known.current)

    @cached_property
    def current_answer(self) -> Reply:
        """The answer of SES to the current login."""
        return self.postbox.log_in(self.known.current)

    @property
    def may_mail_simulator(self) -> bool:
        """True if the policy allows the SES mailbox simulator as a recipient."""
        patterns = self.known.restrictions["allowed_recipients"]
        return not patterns or any(fnmatchcase(MAILBOX_SIMULATOR, pattern) for pattern in patterns)

    @property
    def sends(self) -> bool:
        """True if mail is accepted from here, so that a refusal has an accepted control next to it."""
        return self.fair and self.inside and self.control.accepted

    @cached_property
    def question(self) -> Send:
        """The same mail as a question to IAM, from the first allowed origin."""
        known, restrictions = self.known, self.known.restrictions
        names = [restrictions.arn("identity", known.identity)]
        identity = known.ses.identity(known.identity) if known.identity in restrictions.identities else None
        default = identity.get("ConfigurationSetName") if identity else None
        names += [restrictions.arn("configuration-set", default)] if default else []
        allowed = {row.prop: value for row in PURPOSES if (value := known.allowed(row.prop))}
        told = {**allowed, **self.mail.told}
        if not self.may_mail_simulator:
            told["allowed_recipients"] = allowed["allowed_recipients"]
        send = Send(resources=tuple(names), told={prop: (value,) for prop, value in told.items()})
        # Where no origin is restricted, any address is allowed.
        origins = {row.prop: value for row in ORIGINS if (value := known.allowed(row.prop))}
        prop, value = next(iter(origins.items()), ("allowed_cidrs", known.others("allowed_cidrs")[0]))
        return send.come(**{prop: value})

    @cached_property
    def allowed_by_iam(self) -> bool:
        """True if IAM allows that mail, so that a denial has an allowed control next to it."""
        return self.simulator.allows(self.question)
