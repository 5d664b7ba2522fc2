"""The settings of a login: its endpoint and the names of its secret's fields, checked before anything is created."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ses_secure_user.cdk.refusal import refusal, wrong_type
from ses_secure_user.cdk.tokens import is_token
from ses_secure_user.functions.issuer.contract import NAMED_FIELDS, SECRET_FIELDS

from .endpoint import SMTP_REGIONS, check_host, check_port, check_region
from .rotation_interval import interval_warnings

_TAG = 256
"""The longest value of a tag (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html)."""

RENEWED_FIELDS = frozenset({"username", "password", "url"})
"""The fields that hold the access key or what is derived from it."""


class Login(NamedTuple):
    """The endpoint of a login, and the names of its secret's fields."""

    region: str
    host: str
    port: int
    fields: tuple[tuple[str, str], ...] = ()

    @property
    def field_names(self) -> str:
        """The fields that have a further name, as one word each."""
        return _named(self.fields)

    @property
    def renewed(self) -> frozenset[str]:
        """The names of the fields that each rotation changes."""
        return frozenset({*RENEWED_FIELDS, *(name for field, name in self.fields if field in RENEWED_FIELDS)})


def check_login(
    region: str,
    smtp_host: str | None,
    smtp_port: int,
    secret_fields: Mapping[str, str] | None,
    *,
    verify_login: bool,
) -> Login:
    """Check a caller's endpoint. Return the login, with the region's own endpoint by default.

    Args:
        region: The region of the endpoint, or a token.
        smtp_host: The endpoint's name. Default: ``email-smtp.REGION.amazonaws.com``.
        smtp_port: The endpoint's port.
        secret_fields: Further names for the secret's fields.
        verify_login: Whether the function connects to it, to test new logins.

    Raises:
        ValueError: One of them is wrong; the message names the property, its rule and the remedy.
    """
    check_region("ses_region", region)
    host = check_host(smtp_host, region)
    check_port(smtp_port, verify_login=verify_login)
    return Login(region, host, smtp_port, check_fields(secret_fields))


def login_warnings(login: Login, interval_hours: int | None) -> list[tuple[str, str]]:
    """Return warnings about valid but risky settings and intervals: pairs of a stable id and a message."""
    found = interval_warnings(interval_hours)
    if not is_token(login.region) and login.region not in SMTP_REGIONS:
        text = (
            f"`ses_region` {login.region} is not known to have an SES SMTP endpoint; where it has none, AWS's way to"
            " send over SMTP is an ingress endpoint of Mail Manager"
            " (https://docs.aws.amazon.com/ses/latest/dg/eb-ingress.html)"
        )
        found.append(("ses-secure-user:unknownRegion", text))
    return found


def check_fields(secret_fields: Mapping[str, str] | None) -> tuple[tuple[str, str], ...]:
    """Check further names for the secret's fields. With their fields they must fit into one tag of 256 characters.

    Raises:
        ValueError: A field is unknown, a name not allowed, two fields would have one name, or all are too long.
    """
    given = {} if secret_fields is None else secret_fields
    if not isinstance(given, Mapping):
        raise wrong_type("secret_fields", "be a dict", given, 'write one such as {"username": "SMTP_USERNAME"}')
    for field, name in given.items():
        if field not in NAMED_FIELDS:
            raise refusal("secret_fields", "rename known fields", field, f"write one of {', '.join(NAMED_FIELDS)}")
        if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9_.-]+", name):
            remedy = "write one such as SMTP_USERNAME"
            raise refusal("secret_fields", "name fields with letters, digits and _.-", name, remedy)
    names = [*SECRET_FIELDS, *given.values()]
    for name in names:
        if names.count(name) > 1:
            raise refusal("secret_fields", "give each field a name of its own", f"{name} twice", "rename one of them")
    fields = tuple(sorted(given.items()))
    if len(text := _named(fields)) > _TAG:
        rule = f"fit into the {_TAG} characters of a tag, each as {fields[0][0]}=NAME with a blank between"
        raise refusal("secret_fields", rule, f"{len(text)} characters", "shorten the names, or leave some out")
    return fields


def _named(fields: Iterable[tuple[str, str]]) -> str:
    return " ".join(f"{field}={name}" for field, name in fields)
