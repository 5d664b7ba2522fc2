"""The SMTP password of an access key, and the login that proves it."""

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
    """An error of a login that did not succeed. Its message holds no secret."""

    remedy = ""


class LoginRefusedError(LoginError):
    """An error: the endpoint answered, and did not accept the user name and password."""

    remedy = (
        "check that SES knows no policy that refuses it there, "
        "or set verify_login=False on the CredentialIssuer if it cannot be logged in to from there"
    )


class EndpointUnreachableError(LoginError):
    """An error: no TLS connection to the endpoint could be made."""

    remedy = (
        "check `smtp_host` and `smtp_port` and the function's way to them, "
        "or set verify_login=False on the CredentialIssuer if it has none"
    )


def smtp_password(secret_access_key: str, region: str) -> str:
    """Derive the SMTP password that SES accepts for an access key in one region.

    The derivation cannot be reversed, so the password is all that is ever stored.

    Args:
        secret_access_key: The secret half of an IAM access key, 40 characters.
        region: The region of the SMTP endpoint, such as ``eu-west-1``; the password is valid there alone.

    Returns:
        The password: 44 characters of base64.

    See https://docs.aws.amazon.com/ses/latest/dg/smtp-credentials.html
    """
    import hmac  # noqa: PLC0415 - brings OpenSSL along, which only a new login needs

    signature = f"AWS4{secret_access_key}".encode()
    for message in ("11111111", region, "ses", "aws4_request", "SendRawEmail"):
        signature = hmac.digest(signature, message.encode(), "sha256")
    return base64.b64encode(b"\x04" + signature).decode()


def test(log_in: Callable[[float], None], region: str, patience: Patience) -> None:
    """Log in until the endpoint accepts it, for as long as IAM may take to spread a key.

    Args:
        log_in: Logs in once, with a timeout in seconds.
        region: The region of the password.
        patience: The event's time.
    """
    started = patience.now()
    until = min(patience.deadline, started + TEST_SECONDS)

    def again(error: Exception) -> bool:
        is_unreachable = isinstance(error, EndpointUnreachableError)
        return isinstance(error, LoginError) and not (is_unreachable and patience.now() > started + UNREACHABLE_SECONDS)

    try:
        patience.retry(lambda: log_in(max(1.0, min(10.0, until - patience.now()))), again, until)
    except LoginError as error:
        tried = f"with a password of {region} for {patience.now() - started:.0f} s"
        raise CredentialError(f"{error} {tried}; {error.remedy}") from None


def log_in(host: str, port: int, username: str, password: str, timeout: float = 10) -> None:
    """Log in over TLS on a connection of its own, and hang up without sending anything.

    TLS starts with the first byte on ports 465 and 2465, and by STARTTLS on any other
    (https://docs.aws.amazon.com/ses/latest/dg/smtp-connect.html). The certificate and the host name are verified.

    Args:
        host: The endpoint's name, such as ``email-smtp.eu-west-1.amazonaws.com``.
        port: The endpoint's port.
        username: The access key's id.
        password: The SMTP password.
        timeout: Seconds that connecting and each answer may take.

    Raises:
        LoginError: The endpoint does not accept the login, or cannot be reached.
    """
    import smtplib  # noqa: PLC0415 - takes long to import, and not every event logs in

    try:
        with connect(host, port, timeout) as smtp:
            smtp.login(username, password)
    except smtplib.SMTPAuthenticationError as error:
        raise LoginRefusedError(f"{host}:{port} answered {error.smtp_code} to the login") from None
    except (OSError, smtplib.SMTPException) as error:
        raise EndpointUnreachableError(f"{host}:{port} cannot be logged in to ({type(error).__name__})") from None


def connect(host: str, port: int, timeout: float) -> smtplib.SMTP:
    """Open a TLS connection to an endpoint, whose certificate and name are verified.

    Args:
        host: The endpoint's name.
        port: Its port.
        timeout: Seconds that connecting and each answer may take.

    Raises:
        OSError: It cannot be reached, or its certificate is not valid.
        SMTPException: It answers otherwise than SMTP does.
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
