"""Trials of one login: mail sent through SES, and the same mail as a request to the IAM policy simulator."""

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
    """The trials of one login. Each is run once.

    Attributes:
        known: The facts about it.
        postbox: Its SMTP endpoint.
        simulator: The policy simulator for its user.
        recipient: The recipient of test mail; None for the SES mailbox simulator.
    """

    known: Known
    postbox: Postbox
    simulator: Simulator
    recipient: str | None = None

    @cached_property
    def mail(self) -> Mail:
        """The mail that the policy allows from an allowed network."""
        known, label = self.known, uuid.uuid4().hex[:12]
        told = {row.prop: value for row in PURPOSES if row.is_of_mail and (value := known.allowed(row.prop))}
        recipient = self.recipient or MAILBOX_SIMULATOR.replace("@", f"+{label}@")
        own = {"from_address": known.from_address, "allowed_recipients": recipient}
        return Mail({"feedback_address": known.from_address, **told, **own})

    @cached_property
    def control(self) -> Reply:
        """The response of SES to the allowed mail."""
        return self.postbox.send(self.known.current, self.mail)

    def reply(self, **changed: str) -> Reply:
        """Return the response of SES to the allowed mail with one value changed."""
        return self.postbox.send(self.known.current, Mail({**self.mail.told, **changed}))

    @cached_property
    def inside(self) -> bool:
        """True if mail from this machine is known to come from an allowed origin."""
        if self.known.place.inside is None:
            return self.fair and self.control.accepted
        return self.known.place.inside

    @property
    def fair(self) -> bool:
        """True if mail can be sent to an allowed recipient, so that a refusal is not due to the recipient."""
        return not self.distrust and (self.recipient is not None or self.may_mail_simulator)

    @property
    def distrust(self) -> str:
        """The reason why mail with the current login proves nothing about the user. Empty if there is none."""
        stranger = "" if self.known.owns(self.known.current) else "the key of the current login is not the user's"
        return stranger or self.postbox.distrust(self.known.current)

    @cached_property
    def current_answer(self) -> Reply:
        """The response of SES to the current login."""
        return self.postbox.log_in(self.known.current)

    @property
    def may_mail_simulator(self) -> bool:
        """True if the policy allows mail to the SES mailbox simulator."""
        patterns = self.known.restrictions["allowed_recipients"]
        return not patterns or any(fnmatchcase(MAILBOX_SIMULATOR, pattern) for pattern in patterns)

    @property
    def sends(self) -> bool:
        """True if mail from this machine is accepted and can be the control for a refusal."""
        return self.fair and self.inside and self.control.accepted

    @cached_property
    def question(self) -> Send:
        """The same mail as a request to the policy simulator, from the first allowed origin."""
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
        # If no origin is restricted, any address is allowed.
        origins = {row.prop: value for row in ORIGINS if (value := known.allowed(row.prop))}
        prop, value = next(iter(origins.items()), ("allowed_cidrs", known.others("allowed_cidrs")[0]))
        return send.come(**{prop: value})

    @cached_property
    def allowed_by_iam(self) -> bool:
        """True if IAM allows that mail, which can then be the control for a denial."""
        return self.simulator.allows(self.question)
