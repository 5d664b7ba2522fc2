"""Mail to the SES mailbox simulator over SMTP, within the account's maximum send rate.

The simulator also accepts mail in the sandbox, delivers to no mailbox, and counts only against the send rate
(https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html).
"""

from __future__ import annotations

import re
import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formataddr
from typing import TYPE_CHECKING

from ses_secure_user.cli.errors import CannotJudgeError
from ses_secure_user.cli.masking import masked
from ses_secure_user.functions.issuer.smtp import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ses_secure_user.cli.account.login_secret import Login
    from ses_secure_user.functions.issuer.contract import Declaration

DISAGREED = "the secret and its user's tags name different endpoints"

_DENIED = re.compile(
    r"not authorized to perform [`'\"]?(?P<action>[\w:]+)[`'\"]? on resource [`'\"]?(?P<arn>[^`'\"\s]+)"
)


@dataclass(frozen=True, slots=True)
class Mail:
    """One test mail.

    Attributes:
        told: The values that SES sees, by the property that restricts each: the From header's address and display name,
            the envelope sender, and the recipient.
    """

    told: Mapping[str, str]

    @property
    def return_path(self) -> str:
        """The envelope sender."""
        return self.told["feedback_address"]

    @property
    def recipient(self) -> str:
        """The recipient."""
        return self.told["allowed_recipients"]

    @property
    def message(self) -> bytes:
        """The complete message."""
        message = EmailMessage()
        message["From"] = formataddr((self.told.get("from_display_name", ""), self.told["from_address"]))
        message["To"] = self.recipient
        message["Subject"] = "ses-secure-user verify"
        message["Auto-Submitted"] = "auto-generated"
        message["X-SES-MESSAGE-TAGS"] = "ses-secure-user=verify"
        message.set_content("Sent by ses-secure-user verify to test the permissions of an SMTP login.\n")
        return message.as_bytes()


@dataclass(frozen=True, slots=True)
class Reply:
    """The last response of the endpoint.

    Attributes:
        code: The SMTP code.
        text: The text of the response.
        step: The SMTP command that it responds to.
    """

    code: int
    text: str
    step: str

    @property
    def accepted(self) -> bool:
        """True if the endpoint accepted the mail."""
        return self.code < 300  # noqa: PLR2004 - SMTP

    @property
    def denied(self) -> tuple[str, str] | None:
        """The action and the resource ARN that the user is not authorized for, or None for other responses."""
        found = _DENIED.search(self.text)
        return (found["action"], found["arn"]) if found else None

    @property
    def words(self) -> str:
        """The response on one line, with account id and key id masked."""
        return masked(f"{self.code} {self.text}")

    @property
    def evidence(self) -> str:
        """The summary of the response."""
        if self.denied:
            action, arn = self.denied
            return f"{self.code} after {self.step}: no {action} on {arn.rpartition(':')[2]}"
        return f"{self.code if self.accepted else self.words} after {self.step}"


@dataclass
class Postbox:
    """The SMTP endpoint of a login. A password is never sent to another host.

    Attributes:
        declared: The declaration in the user's tags, with the endpoint.
        pause: The seconds between two mails.
        clock: Returns monotonic seconds.
        sleep: Waits for a number of seconds.
        timeout: The seconds for the connection and for each response. Default: 20.
    """

    declared: Declaration
    pause: float
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    timeout: float = 20
    _last: float | None = field(default=None, init=False)

    def distrust(self, login: Login) -> str:
        """Return the reason not to send a login's password to the endpoint, or an empty text."""
        if self.declared.fault:
            return masked(self.declared.fault)
        named = (str(login.value.get("host")), str(login.value.get("port")))
        return "" if named == (self.declared.host, self.declared.port) else DISAGREED

    def log_in(self, login: Login) -> Reply:
        """Log in and disconnect.

        Raises:
            CannotJudgeError: The endpoint is not trusted, is not available, or returns a temporary error.
        """
        return self._session(login, lambda smtp: self._authenticated(smtp, login))

    def send(self, login: Login, mail: Mail) -> Reply:
        """Log in and send one mail, within the send rate.

        Raises:
            CannotJudgeError: The endpoint is not trusted, is not available, or returns a temporary error.
        """
        self._wait()
        return self._session(login, lambda smtp: self._sent(smtp, login, mail))

    def _wait(self) -> None:
        if self._last is not None:
            self.sleep(max(0.0, self._last + self.pause - self.clock()))
        self._last = self.clock()

    def _session(self, login: Login, use: Callable[[smtplib.SMTP], Reply]) -> Reply:
        if reason := self.distrust(login):
            raise CannotJudgeError(f"the password is not sent to any host: {reason}")
        endpoint = f"{self.declared.host}:{self.declared.port}"
        try:
            with connect(self.declared.host, int(self.declared.port), self.timeout) as smtp:
                reply = use(smtp)
        except ssl.SSLCertVerificationError as error:
            reason = error.verify_message
            raise CannotJudgeError(f"the certificate of {endpoint} is not valid: {reason}") from None
        except (OSError, smtplib.SMTPException, UnicodeError) as error:
            kind = type(error).__name__
            raise CannotJudgeError(f"the endpoint {endpoint} cannot be reached ({kind})") from None
        if 400 <= reply.code < 500:  # noqa: PLR2004 - SMTP's codes for temporary errors
            raise CannotJudgeError(f"SES returned a temporary error: {reply.evidence}")
        return reply

    def _authenticated(self, smtp: smtplib.SMTP, login: Login) -> Reply:
        try:
            code, text = smtp.login(login.key_id, login.password)
        except smtplib.SMTPAuthenticationError as error:
            code, text = error.smtp_code, error.smtp_error if isinstance(error.smtp_error, bytes) else b""
        return Reply(code, text.decode(errors="replace"), "AUTH")

    def _sent(self, smtp: smtplib.SMTP, login: Login, mail: Mail) -> Reply:
        reply = self._authenticated(smtp, login)
        steps: tuple[tuple[str, Callable[[], tuple[int, bytes]]], ...] = (
            ("MAIL FROM", lambda: smtp.mail(mail.return_path)),
            ("RCPT TO", lambda: smtp.rcpt(mail.recipient)),
            ("DATA", lambda: smtp.data(mail.message)),
        )
        for step, command in steps:
            if not reply.accepted:
                break
            try:
                code, text = command()
            except smtplib.SMTPDataError as error:
                code, text = error.smtp_code, error.smtp_error if isinstance(error.smtp_error, bytes) else b""
            reply = Reply(code, text.decode(errors="replace"), step)
        return reply
