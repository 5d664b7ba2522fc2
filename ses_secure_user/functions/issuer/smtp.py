"""The SMTP password of an access key, and the login test."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from .contract import IMPLICIT_TLS_PORTS
from .errors import CredentialError

if TYPE_CHECKING:
    import smtplib
    from collections.abc import Callable

    from .patience import Patience

TEST_SECONDS = 180
UNREACHABLE_SECONDS = 10


class LoginError(Exception):
    """An error of a failed login. The message contains no secret."""

    remedy = ""


class LoginRefusedError(LoginError):
    """An error: the endpoint refused the user name and password."""

    remedy = (
        "check that no policy denies the login from the function's network, "
        "or set verify_login=False on the CredentialIssuer"
    )


class EndpointUnreachableError(LoginError):
    """An error: no TLS connection to the endpoint could be opened."""

    remedy = (
        "check `smtp_host` and `smtp_port` and the function's network access to them, "
        "or set verify_login=False on the CredentialIssuer if it has none"
    )


def smtp_password(secret_access_key: str, region: str) -> str:
    """Derive the SMTP password that SES accepts for an access key in one region.

    The derivation cannot be reversed, and only the password is stored.

    Args:
        secret_access_key: The secret access key, 40 characters.
        region: The region of the SMTP endpoint, such as ``eu-west-1``. The password is valid only there.

    Returns:
        The password: 44 characters of base64.

    See https://docs.aws.amazon.com/ses/latest/dg/smtp-credentials.html
    """
    import hmac  # noqa: PLC0415 - imports OpenSSL, which only a new login needs

    signature = f"AWS4{secret_access_key}".encode()
    for message in ("11111111", region, "ses", "aws4_request", "SendRawEmail"):
        signature = hmac.digest(signature, message.encode(), "sha256")
    return base64.b64encode(b"\x04" + signature).decode()


def test(log_in: Callable[[float], None], region: str, patience: Patience) -> None:
    """Log in until the endpoint accepts the login, or the time for the propagation of a key is over.

    Args:
        log_in: Logs in once, with a timeout in seconds.
        region: The region of the password.
        patience: The time limits of the event.
    """
    started = patience.now()
    until = min(patience.deadline, started + TEST_SECONDS)

    def again(error: Exception) -> bool:
        is_unreachable = isinstance(error, EndpointUnreachableError)
        return isinstance(error, LoginError) and not (is_unreachable and patience.now() > started + UNREACHABLE_SECONDS)

    try:
        patience.retry(lambda: log_in(max(1.0, min(10.0, until - patience.now()))), again, until)
    except LoginError as error:
        tried = f"with a password for {region}, tried for {patience.now() - started:.0f} s"
        raise CredentialError(f"{error} {tried}; {error.remedy}") from None


def log_in(host: str, port: int, username: str, password: str, timeout: float = 10) -> None:
    """Log in over TLS on a new connection, and disconnect without sending mail.

    TLS starts immediately on ports 465 and 2465, and with STARTTLS on other ports
    (https://docs.aws.amazon.com/ses/latest/dg/smtp-connect.html). The certificate and the host name are verified.

    Args:
        host: The name of the endpoint, such as ``email-smtp.eu-west-1.amazonaws.com``.
        port: The port of the endpoint.
        username: The access key id.
        password: The SMTP password.
        timeout: The seconds for the connection and for each response. Default: 10.

    Raises:
        LoginError: The endpoint does not accept the login, or cannot be reached.
    """
    import smtplib  # noqa: PLC0415 - slow to import, and not every event logs in

    try:
        with connect(host, port, timeout) as smtp:
            smtp.login(username, password)
    except smtplib.SMTPAuthenticationError as error:
        raise LoginRefusedError(f"{host}:{port} answered {error.smtp_code} to the login") from None
    except (OSError, smtplib.SMTPException) as error:
        raise EndpointUnreachableError(f"{host}:{port} cannot be reached ({type(error).__name__})") from None


def connect(host: str, port: int, timeout: float) -> smtplib.SMTP:
    """Open a TLS connection to an endpoint, and verify its certificate and name.

    Args:
        host: The name of the endpoint.
        port: The port of the endpoint.
        timeout: The seconds for the connection and for each response.

    Raises:
        OSError: The endpoint cannot be reached, or its certificate is not valid.
        SMTPException: The response is not valid SMTP.
    """
    import smtplib  # noqa: PLC0415 - as above
    import ssl  # noqa: PLC0415 - the same

    context = ssl.create_default_context()
    if port in IMPLICIT_TLS_PORTS:
        return smtplib.SMTP_SSL(host, port, timeout=timeout, context=context)
    smtp = smtplib.SMTP(host, port, timeout=timeout)
    try:
        smtp.starttls(context=context)
    except BaseException:
        smtp.close()
        raise
    return smtp
