"""The login as a value: where it is valid, when it is renewed, what it is called; checked before anything is made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from aws_cdk import Duration

from .issuer.contract import SECRET_FIELDS
from .refusal import refusal
from .tokens import is_token

SMTP_REGIONS = frozenset(
    f"{area}-{number}"
    for area, numbers in {
        "us-east": "12",
        "us-west": "12",
        "us-gov-east": "1",
        "us-gov-west": "1",
        "ca-central": "1",
        "sa-east": "1",
        "eu-central": "1",
        "eu-north": "1",
        "eu-west": "123",
        "ap-south": "1",
        "ap-northeast": "123",
        "ap-southeast": "12",
    }.items()
    for number in numbers
)
"""Where SES had an SMTP endpoint in 2026 (https://docs.aws.amazon.com/general/latest/gr/ses.html)."""

SMTP_PORTS = (25, 465, 587, 2465, 2587)
"""https://docs.aws.amazon.com/ses/latest/dg/smtp-connect.html"""

_REGION = re.compile(r"[a-z]{2,3}(?:-[a-z]+)+-\d{1,2}")
_HOST = re.compile(r"(?=.{1,253}\Z)(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9-]{1,63}")
_SES_HOST = re.compile(r"(?:.+\.)?email-smtp(?:-fips)?\.(?P<region>[a-z0-9-]+)\.(?:(?:vpce\.)?amazonaws\.com|api\.aws)")
_NAMES = {
    "user_name": (re.compile(r"[A-Za-z0-9_+=,.@-]{1,64}"), "1 to 64 letters, digits and _+=,.@-"),
    "secret_name": (re.compile(r"[A-Za-z0-9/_+=.@-]{1,512}"), "1 to 512 letters, digits and /_+=.@-"),
}
_SHORTEST, _LONGEST, _LONGEST_AUDITED, _DEFAULT = 4, 999 * 24, 45 * 24, 30 * 24
DEFAULT_INTERVAL = Duration.hours(_DEFAULT)


class Login(NamedTuple):
    """What a login opens, and what its secret's fields are called."""

    region: str
    host: str
    port: int
    verify: bool
    fields: tuple[tuple[str, str], ...] = ()

    @property
    def field_names(self) -> str:
        """The fields that have a further name, as one word each."""
        return " ".join(f"{field}={name}" for field, name in self.fields)


def check_login(
    *,
    region: str,
    smtp_host: str | None,
    smtp_port: int,
    verify_login: bool,
    secret_fields: Mapping[str, str] | None,
) -> Login:
    """Check a caller's endpoint, and fill in the region's own.

    Args:
        region: The region of the endpoint, or a token.
        smtp_host: The endpoint's name. Default: ``email-smtp.REGION.amazonaws.com``.
        smtp_port: The endpoint's port.
        verify_login: Whether new logins are proved there.
        secret_fields: Other names for the secret's fields.

    Raises:
        ValueError: One of them is wrong; the message names the property, its rule and the remedy.
    """
    if not isinstance(verify_login, bool):
        raise refusal("verify_login", "be a bool", repr(verify_login), "write True or False")
    if not isinstance(region, str) or not (is_token(region) or _REGION.fullmatch(region)):
        raise refusal("ses_region", "be the name of a region", region, "write one such as eu-west-1")
    host = f"email-smtp.{region}.amazonaws.com" if smtp_host is None else _checked_host(smtp_host, region)
    _check_port(host, smtp_port, verify_login=verify_login)
    return Login(region, host, smtp_port, verify_login, check_fields(secret_fields))


def check_fields(secret_fields: Mapping[str, str] | None) -> tuple[tuple[str, str], ...]:
    """Check other names for the secret's fields.

    Raises:
        ValueError: A field is unknown, a name not allowed, or two fields would have one name.
    """
    given = secret_fields or {}
    if not isinstance(given, Mapping):
        raise refusal("secret_fields", "be a dict", repr(given), 'write one such as {"username": "SMTP_USERNAME"}')
    for field, name in given.items():
        if field not in SECRET_FIELDS:
            raise refusal("secret_fields", "rename known fields", field, f"write one of {', '.join(SECRET_FIELDS)}")
        if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9_.-]{1,30}", name):
            remedy = "write one such as SMTP_USERNAME"
            raise refusal("secret_fields", "name fields with 1 to 30 letters, digits and _.-", name, remedy)
    names = [*SECRET_FIELDS, *given.values()]
    for name in names:
        if names.count(name) > 1:
            raise refusal("secret_fields", "give each field a name of its own", f"{name} twice", "rename one of them")
    return tuple(sorted(given.items()))


def check_interval(rotation_interval: Duration | None) -> int | None:
    """Check the interval of rotation, and give it in hours.

    Raises:
        ValueError: Secrets Manager does not rotate that often or that seldom.
    """
    if rotation_interval is None:
        return None
    if rotation_interval is DEFAULT_INTERVAL:
        return _DEFAULT
    if not isinstance(rotation_interval, Duration) or rotation_interval.is_unresolved():
        raise refusal("rotation_interval", "be a Duration", rotation_interval, "write one such as Duration.days(30)")
    hours = rotation_interval.to_seconds(integral=False) / 3600
    if hours % 1 or not _SHORTEST <= hours <= _LONGEST:
        remedy = "write one such as Duration.days(30)"
        rule = "be whole hours, at least 4 and at most 999 days"
        raise refusal("rotation_interval", rule, rotation_interval.to_human_string(), remedy)
    return int(hours)


def check_name(prop: str, name: str | None) -> None:
    """Check a name that the caller chose for the user or the secret.

    Raises:
        ValueError: AWS does not allow it.
    """
    pattern, alphabet = _NAMES[prop]
    if name is None or (isinstance(name, str) and (is_token(name) or pattern.fullmatch(name))):
        return
    raise refusal(prop, f"be {alphabet}", name, "leave it out to have one generated")


def login_warnings(login: Login, interval_hours: int | None) -> list[tuple[str, str]]:
    """What is allowed but seldom meant: pairs of a stable id and a message."""
    known = is_token(login.region) or login.region in SMTP_REGIONS
    hours = interval_hours or 0
    found = {
        "unknownRegion": not known and f"`ses_region` {login.region} is not known to have an SES SMTP endpoint",
        "unprovedLogin": not login.verify
        and "`verify_login` is off, so a login may become current before SES accepts it",
        "noRotation": interval_hours is None
        and "`rotation_interval` is None, so a login that leaked is valid until somebody withdraws it",
        "longRotation": hours > _LONGEST_AUDITED
        and f"`rotation_interval` is {hours / 24:g} days, and a key lives for two of them: longer than the 90 days that"
        " CIS and Security Hub's IAM.3 allow",
    }
    return [(f"ses-secure-user:{name}", message) for name, message in found.items() if message]


def _checked_host(host: str, region: str) -> str:
    if isinstance(host, str) and is_token(host):
        return host
    if not isinstance(host, str) or not _HOST.fullmatch(host):
        remedy = "write one such as email-smtp.eu-west-1.amazonaws.com, without scheme and port"
        raise refusal("smtp_host", "be a host name", host, remedy)
    endpoint = _SES_HOST.fullmatch(host)
    if endpoint and not is_token(region) and endpoint["region"] != region:
        remedy = f"an SMTP password is valid in one region: set `ses_region` to {endpoint['region']}, or another host"
        raise refusal("smtp_host", f"be an endpoint of `ses_region` {region}", host, remedy)
    return host


def _check_port(host: str, port: int, *, verify_login: bool) -> None:
    if is_token(port):
        return
    if not isinstance(port, int) or isinstance(port, bool) or not 1 <= port <= 65535:  # noqa: PLR2004 - the ports there are
        raise refusal("smtp_port", "be a port", repr(port), "write one such as 465 or 587")
    if _SES_HOST.fullmatch(host) and port not in SMTP_PORTS:
        ports = ", ".join(map(str, SMTP_PORTS))
        raise refusal("smtp_port", "be one that SES offers", port, f"write one of {ports}")
    if port == 25 and verify_login:  # noqa: PLR2004 - SMTP
        remedy = "write 587, or verify_login=False"
        raise refusal("smtp_port", "be one that Lambda may open, to prove the login", port, remedy)
