"""The leaked key, its user, its secret and its state."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ses_secure_user.cli.account.login_secret import GoneError, LoginSecret
from ses_secure_user.cli.account.smtp_user import NO_SUCH_ENTITY, SmtpUser
from ses_secure_user.cli.account.user_policy import in_words, policy_of
from ses_secure_user.cli.errors import DENIED, CannotJudgeError, code_of
from ses_secure_user.cli.masking import key_name, masked
from ses_secure_user.cli.outside import region_of
from ses_secure_user.functions.issuer.contract import TAGS, Declaration
from ses_secure_user.functions.issuer.versions import CURRENT, PREVIOUS
from ses_secure_user.restrictions.reading import deviations

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from types_boto3_iam import IAMClient
    from types_boto3_secretsmanager import SecretsManagerClient

    from ses_secure_user.cli.account.login_secret import Login
    from ses_secure_user.cli.outside import Aws

KEY_ID = re.compile(r"A(?:KIA|SIA)[A-Z0-9]{12,124}")
"""The id of an access key. The id for temporary credentials begins with ASIA
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html)."""


class Standing(StrEnum):
    """The relation of a key to the versions of its secret."""

    CURRENT = "the current login"
    PREVIOUS = "the previous login, which works until the next rotation"
    PENDING = "the login of a rotation in progress"
    NEITHER = "neither the current nor the previous login"
    UNKNOWN = "possibly a login that applications still use, because its secret does not exist"


@dataclass(frozen=True, slots=True)
class State:
    """The state of the leaked key at one point in time.

    Attributes:
        status: ``Active`` or ``Inactive``; None if the key does not exist.
        standing: Its relation to the versions of the secret.
        version: The id of the secret's current version.
        since: The creation date of that version.
        current: The current login.
        current_works: True if the key of the current login is active.
    """

    status: str | None
    standing: Standing
    version: str | None
    since: datetime | None
    current: Login | None
    current_works: bool

    @property
    def in_words(self) -> str:
        """The state, as the report shows it."""
        kind = {"Active": "active", "Inactive": "deactivated", None: "deleted"}[self.status]
        return f"{kind}, {self.standing}"


@dataclass(frozen=True)
class Leak:
    """One leaked key of a user that the construct created.

    Attributes:
        user: The user of the key.
        declaration: The declaration in the user's tags.
        secret: The secret that they name; None if it does not exist.
        key_id: The id of the key.
        login: The login of the key; None if no version of the secret holds it.
        gone: The reason why there is no secret.
    """

    user: SmtpUser
    declaration: Declaration
    secret: LoginSecret | None
    key_id: str
    login: Login | None
    gone: str = ""

    @property
    def name(self) -> str:
        """The name of the key in evidence, which is its last four characters."""
        return key_name(self.key_id)

    @property
    def worth(self) -> str:
        """The mail that the user's policy allows, as the report shows it."""
        try:
            _, document, restrictions = policy_of(self.user)
        except CannotJudgeError as error:
            return f"unknown: {error}"
        except ClientError as error:
            if code_of(error) in DENIED:
                return "unknown: these credentials may not read the user's policy"
            raise
        is_changed = deviations(document, restrictions)
        rest = "by a policy that was changed: run ses-secure-user verify" if is_changed else "nothing else"
        return f"{in_words(restrictions)}, {rest}"

    @property
    def unrenewable(self) -> str:
        """The reason why a rotation cannot issue another login. Empty if it can."""
        if self.secret is None:
            return self.gone
        if self.secret.journal.is_revoked:
            return "its stack revoked the login"
        return "" if self.secret.description.get("RotationLambdaARN") else "the secret has no rotation function"

    def look(self) -> State:
        """Request the present state of the key from IAM and Secrets Manager."""
        listed = SmtpUser(self.user.iam, self.user.user).keys
        statuses = {key.get("AccessKeyId"): key.get("Status") for key in listed}
        secret = LoginSecret.of(self.secret.api, self.secret.arn) if self.secret else None
        version = secret.current_version if secret else None
        current = secret.login(CURRENT) if secret else None
        return State(
            status=statuses.get(self.key_id),
            standing=_standing(self.key_id, secret),
            version=version,
            since=secret.created(version) if secret and version else None,
            current=current,
            current_works=current is not None and statuses.get(current.key_id) == "Active",
        )


def _standing(key_id: str, secret: LoginSecret | None) -> Standing:
    if secret is None:
        return Standing.UNKNOWN
    logins = {
        Standing.CURRENT: secret.login(CURRENT),
        Standing.PREVIOUS: secret.login(PREVIOUS),
        Standing.PENDING: secret.pending_login(),
    }
    return next((one for one, login in logins.items() if login and login.key_id == key_id), Standing.NEITHER)


def leak_of(aws_in: Callable[[str | None], Aws], named: str, end: str | None) -> Leak:
    """Find the user, the secret and the leaked key.

    Args:
        aws_in: Returns the clients for a region, or for the default region.
        named: The name or ARN of the secret, or the key's id.
        end: With a secret, the last characters of the key's id. Default: the current login's key.

    Raises:
        CannotJudgeError: The key does not exist, or the construct did not create its user.
    """
    return _of_key(aws_in, named) if KEY_ID.fullmatch(named) else _of_secret(aws_in(region_of(named)), named, end)


def _of_key(aws_in: Callable[[str | None], Aws], key_id: str) -> Leak:
    if key_id.startswith("ASIA"):
        raise CannotJudgeError(f"{key_name(key_id)} is a key of temporary credentials, which SMTP does not accept")
    iam = aws_in(None).iam()
    owner = _owner(iam, key_id)
    if owner is None:
        raise CannotJudgeError(
            f"no IAM user of this account has the key {key_name(key_id)}: it was deleted or belongs to another account;"
            " if a secret holds its login, name the secret"
        )
    user = SmtpUser.of(iam, owner)
    declaration = Declaration.read(user.tags, TAGS)
    if declaration is None:
        raise _foreign(key_id, owner)
    secret, gone = _secret(aws_in(region_of(declaration.secret_id)).secrets(), declaration.secret_id)
    # Tags can be copied to any user, so the secret must also name the user, unless both its values were replaced.
    if secret and secret.named_users and owner not in secret.named_users:
        raise _foreign(key_id, owner, "; the secret that its tags name belongs to another user")
    return Leak(user, declaration, secret, key_id, _login(secret, key_id), gone)


def _of_secret(aws: Aws, secret_id: str, end: str | None) -> Leak:
    secret, iam = LoginSecret.of(aws.secrets(), secret_id), aws.iam()
    user = SmtpUser.of(iam, secret.user_name)
    declaration = user.declaration(secret.arn)
    listed = {key.get("AccessKeyId", "") for key in user.keys}
    key_id = _ending(end, listed | secret.known_keys()) if end else _current(secret)
    owner = user.name if key_id in listed else _owner(iam, key_id)
    if owner not in {None, user.name}:
        raise _foreign(key_id, str(owner), "; then rotate the secret, which holds its login")
    return Leak(user, declaration, secret, key_id, _login(secret, key_id))


def _current(secret: LoginSecret) -> str:
    login = secret.login(CURRENT)
    if login is None:
        raise CannotJudgeError("the secret's current version holds no SMTP login: name the leaked key with --key")
    return login.key_id


def _ending(end: str, key_ids: set[str]) -> str:
    found = sorted(one for one in key_ids if one.endswith(end.lstrip("…")))
    if len(found) != 1:
        known = ", ".join(map(key_name, sorted(key_ids)))
        count = "several keys end" if found else "no key of the user or the secret ends"
        raise CannotJudgeError(f"{count} in {masked(end)}: the keys are {known}")
    return found[0]


def _owner(iam: IAMClient, key_id: str) -> str | None:
    """Return the name of a key's user, or None if IAM does not know the key."""
    try:
        return iam.get_access_key_last_used(AccessKeyId=key_id).get("UserName")
    except ClientError as error:
        if code_of(error) == NO_SUCH_ENTITY:
            return None
        if code_of(error) in DENIED:
            # IAM also returns this error for a key of another account.
            raise CannotJudgeError(
                f"these credentials may not call GetAccessKeyLastUsed for the key {key_name(key_id)}: it was deleted,"
                " it belongs to another account, or they lack the permission"
            ) from None
        raise


def _secret(api: SecretsManagerClient, arn: str) -> tuple[LoginSecret | None, str]:
    try:
        return LoginSecret.of(api, arn), ""
    except GoneError as error:
        return None, str(error)


def _login(secret: LoginSecret | None, key_id: str) -> Login | None:
    """Return the login of a key. It is read first, because a rotation may delete its version."""
    return next((one for one in secret.logins() if one.key_id == key_id), None) if secret else None


def _foreign(key_id: str, owner: str, further: str = "") -> CannotJudgeError:
    key = f"--user-name {masked(owner)} --access-key-id KEY-ID"
    return CannotJudgeError(
        f"the key {key_name(key_id)} belongs to the IAM user {masked(owner)}, which was not created by"
        f" SecureSesSmtpUser: nothing was changed. Deactivate it (aws iam update-access-key {key} --status Inactive),"
        f" check which senders fail, and delete it (aws iam delete-access-key {key}){further}"
    )
