"""The SMTP password, and logins to a real server on the loopback interface."""

from __future__ import annotations

import asyncio
import base64
import functools
import smtplib
import socket
import ssl
import threading
import time
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from hypothesis import given
from hypothesis import strategies as st

from local_aws.ses.password import PUBLISHED
from local_aws.ses.password import smtp_password as signed_password
from ses_secure_user.functions.issuer import smtp
from ses_secure_user.functions.issuer.smtp import EndpointUnreachableError, LoginRefusedError, log_in, smtp_password
from tests.lifecycle.invariants import told

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator
    from pathlib import Path

Result = TypeVar("Result")

USER, PASSWORD = "AKIAIOSFODNN7EXAMPLE", "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"
HOST = "localhost"
REGIONS = ["us-east-1", "eu-west-1", "eu-central-1", "ap-southeast-2", "sa-east-1", "us-gov-west-1"]

keys = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", min_size=40, max_size=40)
regions = st.from_regex(r"[a-z]{2}-[a-z]{4,9}-[1-9]", fullmatch=True)


@pytest.mark.parametrize(("secret_access_key", "region", "password"), PUBLISHED)
def test_the_password_is_the_published_one(secret_access_key: str, region: str, password: str) -> None:
    assert smtp_password(secret_access_key, region) == password


@pytest.mark.parametrize("region", REGIONS)
def test_the_password_matches_botocores_signer(region: str) -> None:
    key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    assert smtp_password(key, region) == signed_password(key, region)


@given(key=keys, region=regions)
def test_every_password_is_44_characters_of_base64(key: str, region: str) -> None:
    """The first byte is the version, 4."""
    password = smtp_password(key, region)

    decoded = base64.b64decode(password, validate=True)
    assert len(password) == 44
    assert len(decoded) == 33
    assert decoded[0] == 4
    assert password == signed_password(key, region)


@given(key=keys, places=st.lists(regions, min_size=2, max_size=2, unique=True))
def test_a_password_is_valid_in_one_region(key: str, places: list[str]) -> None:
    assert len({smtp_password(key, region) for region in places}) == 2


@given(pair=st.lists(keys, min_size=2, max_size=2, unique=True), region=regions)
def test_a_password_belongs_to_one_key(pair: list[str], region: str) -> None:
    assert len({smtp_password(key, region) for key in pair}) == 2


# Logging in

authority = functools.cache(trustme.CA)


def _server_context(name: str, ca: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ca.issue_cert(name).configure_cert(context)
    return context


def _authenticate(_: SMTP, __: Session, ___: Envelope, mechanism: str, data: object) -> AuthResult:
    assert mechanism in {"LOGIN", "PLAIN"}
    assert isinstance(data, LoginPassword)
    right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=right)


class _Endpoint:
    """A server on a free port, with implicit TLS, with STARTTLS, or without TLS."""

    def __init__(self, context: ssl.SSLContext | None, *, implicit: bool) -> None:
        self._starttls = None if implicit else context
        self._context = context if implicit else None
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.sessions = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._server = self._run(self._loop.create_server(self._session, sock=self._socket, ssl=self._context))

    def stop(self) -> None:
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        """Wait until the sessions of disconnected clients have ended."""
        self._server.close()
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(others)

    def _run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def _session(self) -> SMTP:
        self.sessions += 1
        return SMTP(
            object(),
            loop=self._loop,
            tls_context=self._starttls,
            require_starttls=self._starttls is not None,
            authenticator=_authenticate,
            auth_require_tls=self._starttls is not None,
        )


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


@contextmanager
def _endpoint(
    monkeypatch: pytest.MonkeyPatch, *, implicit: bool, name: str = HOST, encrypted: bool = True
) -> Iterator[_Endpoint]:
    endpoint = _Endpoint(_server_context(name, authority()) if encrypted else None, implicit=implicit)
    monkeypatch.setattr(smtp, "IMPLICIT_TLS_PORTS", {endpoint.port} if implicit else set())
    endpoint.start()
    try:
        yield endpoint
    finally:
        endpoint.stop()


@pytest.fixture(autouse=True)
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust only the test's certificate authority."""
    file = tmp_path / "ca.pem"
    authority().cert_pem.write_to_path(str(file))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)


both_ways = pytest.mark.parametrize("implicit", [True, False], ids=["implicit TLS", "STARTTLS"])


@both_ways
def test_a_right_login_is_accepted(monkeypatch: pytest.MonkeyPatch, *, implicit: bool) -> None:
    with _endpoint(monkeypatch, implicit=implicit) as endpoint:
        log_in(HOST, endpoint.port, USER, PASSWORD, timeout=5)


@both_ways
def test_every_login_uses_its_own_connection(monkeypatch: pytest.MonkeyPatch, *, implicit: bool) -> None:
    with _endpoint(monkeypatch, implicit=implicit) as endpoint:
        before = endpoint.sessions

        for _ in range(2):
            log_in(HOST, endpoint.port, USER, PASSWORD, timeout=5)

        assert endpoint.sessions == before + 2


@both_ways
def test_a_wrong_password_is_refused(monkeypatch: pytest.MonkeyPatch, *, implicit: bool) -> None:
    wrong = PASSWORD[::-1]
    with _endpoint(monkeypatch, implicit=implicit) as endpoint:
        error = _refusal(endpoint.port, wrong)

    assert str(error) == f"{HOST}:{endpoint.port} answered 535 to the login"
    assert wrong not in "\n".join(told(error))


def _refusal(port: int, password: str) -> LoginRefusedError:
    with pytest.raises(LoginRefusedError) as caught:
        log_in(HOST, port, USER, password, timeout=5)
    return caught.value


def _unreachable(port: int, timeout: float = 5) -> EndpointUnreachableError:
    with pytest.raises(EndpointUnreachableError, match=f"^{HOST}:{port} ") as caught:
        log_in(HOST, port, USER, PASSWORD, timeout=timeout)
    assert PASSWORD not in "\n".join(told(caught.value))
    return caught.value


@both_ways
def test_an_endpoint_without_a_server_is_unreachable(monkeypatch: pytest.MonkeyPatch, *, implicit: bool) -> None:
    port = _free_port()
    monkeypatch.setattr(smtp, "IMPLICIT_TLS_PORTS", {port} if implicit else set())

    assert "ConnectionRefusedError" in str(_unreachable(port))


@both_ways
def test_no_password_is_sent_to_a_server_without_tls(monkeypatch: pytest.MonkeyPatch, *, implicit: bool) -> None:
    with _endpoint(monkeypatch, implicit=False, encrypted=False) as endpoint:
        monkeypatch.setattr(smtp, "IMPLICIT_TLS_PORTS", {endpoint.port} if implicit else set())
        _unreachable(endpoint.port)


@both_ways
def test_a_certificate_for_another_host_is_unreachable(monkeypatch: pytest.MonkeyPatch, *, implicit: bool) -> None:
    with _endpoint(monkeypatch, implicit=implicit, name="elsewhere.example.com") as endpoint:
        assert "SSLCertVerificationError" in str(_unreachable(endpoint.port))


@both_ways
def test_an_untrusted_certificate_is_unreachable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, implicit: bool
) -> None:
    stranger = tmp_path / "stranger.pem"
    trustme.CA().cert_pem.write_to_path(str(stranger))
    monkeypatch.setenv("SSL_CERT_FILE", str(stranger))

    with _endpoint(monkeypatch, implicit=implicit) as endpoint:
        assert "SSLCertVerificationError" in str(_unreachable(endpoint.port))


@both_ways
def test_a_silent_server_is_unreachable_after_the_timeout(monkeypatch: pytest.MonkeyPatch, *, implicit: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        monkeypatch.setattr(smtp, "IMPLICIT_TLS_PORTS", {port} if implicit else set())
        began = time.monotonic()

        _unreachable(port, timeout=0.2)

        assert 0.2 <= time.monotonic() - began < 2


def test_a_server_that_disconnects_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "IMPLICIT_TLS_PORTS", set())
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            server.accept()[0].close()

        thread = threading.Thread(target=hang_up)
        thread.start()

        _unreachable(server.getsockname()[1])
        thread.join()


def test_an_error_that_quotes_the_password_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(*_: object) -> None:
        raise smtplib.SMTPException(f"cannot encode {PASSWORD}")

    with _endpoint(monkeypatch, implicit=True) as endpoint:
        monkeypatch.setattr(smtplib.SMTP, "login", careless)
        error = _refused_outright(endpoint.port)

    assert PASSWORD not in "".join(traceback.format_exception(error))


def _refused_outright(port: int) -> EndpointUnreachableError:
    with pytest.raises(EndpointUnreachableError) as caught:
        log_in(HOST, port, USER, PASSWORD, timeout=5)
    return caught.value
