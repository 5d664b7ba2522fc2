"""The SES SMTP endpoint of one region, which accepts keys of the emulator's IAM and authorizes each mail."""
# ruff: noqa: SLF001

import asyncio
import hmac
import json
import ssl
from collections import defaultdict
from functools import partial
from pathlib import Path
from threading import Thread

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from ministack.services import iam

from local_aws.ses.mail_judgement import Sent, judge
from local_aws.ses.password import smtp_password

THROTTLED = "454 Throttling failure: Maximum sending rate exceeded."
INVALID = "535 Authentication Credentials Invalid"

IMPLICIT_TLS_PORTS = ("465", "2465")
STARTTLS_PORTS = ("25", "587", "2587")
"""https://docs.aws.amazon.com/ses/latest/dg/smtp-connect.html"""


class SmtpEndpoint:
    """The endpoint of one region, on two ports: one with implicit TLS, and one with STARTTLS.

    Attributes:
        ports: The local ports, by port of SES.

    Args:
        region: The region whose passwords are accepted.
        tls: The server's certificate.
        control: A JSON file that is read at every connection. ``down`` closes the connection. ``refusals`` is the
            number of logins that are refused for a new key, as during IAM's propagation. ``origin`` is the address or
            VPC endpoint of mail. ``no_login`` refuses all logins, as if SES checked the network at login.
            ``strict_sandbox`` checks the mailbox simulator like other recipients. ``throttled`` refuses all mail
            temporarily. ``time`` is the time at which mail is judged, if not now.
    """

    def __init__(self, region: str, tls: ssl.SSLContext, control: Path) -> None:
        self._region, self._tls, self._control = region, tls, control
        self._refused: defaultdict[str, set[object]] = defaultdict(set)
        self._accepted: set[str] = set()
        self._loop = asyncio.new_event_loop()
        Thread(target=self._loop.run_forever, daemon=True, name=f"smtp-{region}").start()
        self.ports = dict.fromkeys(IMPLICIT_TLS_PORTS, self._listen(implicit=True))
        self.ports |= dict.fromkeys(STARTTLS_PORTS, self._listen(implicit=False))

    def _listen(self, *, implicit: bool) -> int:
        connection, tls = partial(self._connection, implicit=implicit), self._tls if implicit else None
        listening = self._loop.create_server(connection, "127.0.0.1", 0, ssl=tls)
        server = asyncio.run_coroutine_threadsafe(listening, self._loop).result()
        port: int = server.sockets[0].getsockname()[1]
        return port

    def _connection(self, *, implicit: bool) -> asyncio.Protocol:
        if self._setting("down"):
            return _Dropped()
        return SMTP(
            self,
            hostname="localhost",
            tls_context=None if implicit else self._tls,
            require_starttls=not implicit,
            auth_require_tls=not implicit,  # aiosmtpd does not recognize implicit TLS
            authenticator=self._login,
            loop=self._loop,
        )

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        """Return the response to a mail after DATA, as SES does."""
        control = json.loads(self._control.read_text(encoding="utf-8"))
        if control["throttled"]:
            return THROTTLED
        sent = Sent(
            key_id=str(session.auth_data),
            content=envelope.content if isinstance(envelope.content, bytes) else b"",
            return_path=envelope.mail_from or "",
            recipients=tuple(envelope.rcpt_tos),
            origin=control["origin"],
            strict_sandbox=bool(control["strict_sandbox"]),
            time=str(control["time"]),
        )
        return await asyncio.to_thread(judge, sent, self._region)

    def _setting(self, name: str) -> int:
        return int(json.loads(self._control.read_text(encoding="utf-8"))[name])

    def _login(
        self, _server: SMTP, session: Session, _envelope: Envelope, _mechanism: str, login: LoginPassword
    ) -> AuthResult:
        key_id = login.login.decode(errors="replace")
        valid = self._is_valid(login) and not self._setting("no_login")
        accepted = valid and self._is_propagated(key_id, session.peer)
        return AuthResult(success=accepted, handled=False, message=None if accepted else INVALID, auth_data=key_id)

    def _is_valid(self, login: LoginPassword) -> bool:
        key = iam._access_keys.get(login.login.decode(errors="replace"))
        if not key or key["Status"] != "Active":
            return False
        return hmac.compare_digest(smtp_password(key["SecretAccessKey"], self._region).encode(), login.password)

    def _is_propagated(self, key_id: str, connection: object) -> bool:
        if key_id in self._accepted:
            return True
        refused = self._refused[key_id]
        # A client may try several mechanisms on one connection, which count as one login.
        if connection in refused or len(refused) < self._setting("refusals"):
            refused.add(connection)
            return False
        self._accepted.add(key_id)
        return True


class _Dropped(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()
