"""The settings of a login and its secret, checked before anything is created."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from aws_cdk import RemovalPolicy, Token

from ses_secure_user.cdk.kms_keys import check_key_region, key_behind
from ses_secure_user.cdk.refusal import check_class, refusal, wrong_type
from ses_secure_user.cdk.tokens import is_token
from ses_secure_user.functions.issuer.contract import NAMED_FIELDS, SECRET_FIELDS, TAGS, Declaration

from .chosen_names import check_names, name_warnings
from .endpoint import SMTP_REGIONS, check_host, check_port, check_region
from .replicas import check_replicas
from .rotation_interval import check_interval, interval_warnings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import Duration
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_secretsmanager as secretsmanager

    from ses_secure_user.cdk.tokens import Place

    from .replicas import Replica

_TAG = 256
"""The longest value of a tag (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html)."""

RENEWED_FIELDS = frozenset({"username", "password", "url"})
"""The fields that contain the access key id or the password."""


class Login(NamedTuple):
    """The settings of a login and of the secret that holds it. `login_settings` checks them.

    Attributes:
        region: The region that its password is valid in.
        host: Its endpoint.
        port: The endpoint's port.
        fields: The additional names of the secret's fields.
        hours: The rotation interval; None for no rotation.
        user_name: The name that the caller chose for the user.
        user_path: The path that the caller chose for the user.
        secret_name: The name that the caller chose for the secret.
        key: The customer managed key of the secret.
        key_arn: Its ARN.
        replicas: The secret's replicas.
    """

    region: str
    host: str
    port: int
    fields: tuple[tuple[str, str], ...]
    hours: int | None
    user_name: str | None
    user_path: str | None
    secret_name: str | None
    key: kms.IKey | None
    key_arn: str | None
    replicas: tuple[Replica, ...]

    @property
    def field_names(self) -> str:
        """The fields with an additional name, as one word each."""
        return _named(self.fields)

    @property
    def renewed(self) -> frozenset[str]:
        """The names of the fields that each rotation changes."""
        return frozenset({*RENEWED_FIELDS, *(name for field, name in self.fields if field in RENEWED_FIELDS)})

    @property
    def warnings(self) -> list[tuple[str, str]]:
        """Warnings about valid but risky settings: pairs of a stable id and a message."""
        region = self.region
        unknown = (
            f"`ses_region` {region} is not known to have an SES SMTP endpoint; if it has none, use an ingress endpoint"
            " of Mail Manager to send over SMTP"
            " (https://docs.aws.amazon.com/ses/latest/dg/eb-ingress.html)"
        )
        is_unknown = not is_token(region) and region not in SMTP_REGIONS
        return [
            *interval_warnings(self.hours),
            *([("ses-secure-user:unknownRegion", unknown)] if is_unknown else []),
            *name_warnings(self.secret_name),
        ]

    def declared(self, secret_arn: str) -> Declaration:
        """Return the declaration of the login, for the user's tags and the custom resource."""
        port = Token.as_string(self.port) if is_token(self.port) else str(self.port)
        return Declaration(secret_arn, self.region, self.host, port, self.field_names)

    def tags(self, secret_arn: str) -> list[dict[str, str]]:
        """Return the tags of the user, from which a rotation reads the declaration."""
        return [{"key": name, "value": value} for name, value in self.declared(secret_arn).named(TAGS).items()]


def login_settings(  # noqa: PLR0913 - properties are flat, as everywhere in the CDK
    home: Place,
    region: str,
    *,
    smtp_host: str | None,
    smtp_port: int,
    secret_fields: Mapping[str, str] | None,
    rotation_interval: Duration | None,
    user_name: str | None,
    user_path: str | None,
    secret_name: str | None,
    encryption_key: kms.IKey | None,
    replica_regions: Sequence[str | secretsmanager.ReplicaRegion],
    removal_policy: RemovalPolicy,
    verify_login: bool,
) -> Login:
    """Check a caller's settings, which are properties of the user.

    Args:
        home: The account, region and partition of the user's stack.
        region: The region that mail is sent through.
        smtp_host: As of the user, as are all that follow.
        smtp_port: The same.
        secret_fields: The same.
        rotation_interval: The same.
        user_name: The same.
        user_path: The same.
        secret_name: The same.
        encryption_key: The same.
        replica_regions: The same.
        removal_policy: The same.
        verify_login: Whether the function connects to the endpoint, to test new logins.

    Raises:
        ValueError: One of them is wrong; the message names the property, its rule and the remedy.
    """
    check_region("ses_region", region)
    host = check_host(smtp_host, region)
    check_port(smtp_port, verify_login=verify_login)
    fields, hours = check_fields(secret_fields), check_interval(rotation_interval)
    check_names(user_name=user_name, user_path=user_path, secret_name=secret_name)
    key = key_behind("encryption_key", encryption_key)
    check_key_region("encryption_key", key, home.region)
    replicas = check_replicas(replica_regions, home.region)
    check_removal_policy(removal_policy)
    key_arn = key.key_arn if key else None
    return Login(region, host, smtp_port, fields, hours, user_name, user_path, secret_name, key, key_arn, replicas)


def check_removal_policy(given: RemovalPolicy) -> None:
    """Check the removal policy of the secret.

    Raises:
        ValueError: It is not a removal policy, or secrets do not support it.
    """
    check_class("removal_policy", given, RemovalPolicy, "RemovalPolicy.RETAIN")
    if given == RemovalPolicy.SNAPSHOT:
        remedy = "write RemovalPolicy.RETAIN to keep it"
        raise refusal("removal_policy", "be one that a secret has", "SNAPSHOT", remedy)


def check_fields(secret_fields: Mapping[str, str] | None) -> tuple[tuple[str, str], ...]:
    """Check additional names for the secret's fields. All must fit into one tag of 256 characters.

    Raises:
        ValueError: A field is unknown, a name is not allowed or used twice, or the names are too long.
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
