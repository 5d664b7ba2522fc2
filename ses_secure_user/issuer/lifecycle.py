"""A credential's life: issue, prove, promote, withdraw.

Any of these may be cut off at any point, repeated, or run at the same moment as another event for the same user. What
keeps the credential whole then:

- **Keys another event may still be at work on are left alone.** A key that neither the current nor the previous
  version knows, and that is younger than ``LEASE_SECONDS``, makes room-making stop with ``BusyError``. No event holds a
  key that is not yet current for longer, so whatever is older was abandoned and goes.
- **Only what is alive and pending is promoted.** Putting a version as AWSPENDING takes that label from any other
  version, so of two events that issue at once only the last can still be promoted, and never a deleted key.
- **A login becomes current only in the place of the version that was current before its key was seen alive.** Before
  a key is deleted, a new version with the current login takes that place, so nothing older can move any more.
- **A withdrawn user is marked before its keys are listed, and every new key is checked against the mark** after it was
  created. Whichever comes first, one of the two sees the other, and no key outlives a Delete.
- **IAM's limit of two keys** stops the second of two CreateAccessKey calls; the loser waits or fails, nothing changed.
"""

from __future__ import annotations

import json
import logging
import re
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from .smtp import EndpointUnreachableError, LoginError, LoginRefusedError, login, smtp_password

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from types_boto3_iam import IAMClient
    from types_boto3_iam.type_defs import AccessKeyTypeDef
    from types_boto3_secretsmanager import SecretsManagerClient
    from types_boto3_secretsmanager.type_defs import DescribeSecretResponseTypeDef

    Result = TypeVar("Result")

CURRENT, PENDING, PREVIOUS = "AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"
TAG_PREFIX = "ses-secure-user:"
WITHDRAWN_TAG = f"{TAG_PREFIX}withdrawn"

LEASE_SECONDS = 300
PROVE_SECONDS = 180
UNREACHABLE_SECONDS = 10
PROPAGATION_SECONDS = 60
PAUSE_SECONDS = 3

KEY_ID = re.compile(r"A[A-Z]{3}[A-Z0-9]{12,124}")

TRANSIENT = frozenset(
    {"InternalFailure", "InternalServiceError", "ServiceFailure", "Throttling", "ThrottlingException"}
)

logger = logging.getLogger(__name__)


class CredentialError(Exception):
    """A step that could not be done; the message says what to do about it and holds no secret."""


class BusyError(CredentialError):
    """Another event may be issuing a credential for the same user."""


@dataclass(frozen=True, kw_only=True)
class Credential:
    """What a login is for: whose key it is, where it is kept, and what it opens."""

    user_name: str
    secret_id: str
    region: str
    host: str
    port: int
    from_address: str
    verify_login: bool = True
    fields: Mapping[str, str] = field(default_factory=dict)
    """The secret's fields that have another name."""
    former_secret_id: str = ""
    """The secret whose place this one takes for the same user, if there is one."""

    def login(self, key_id: str, password: str) -> dict[str, object]:
        """What the secret holds for a login."""
        return self._named(username=key_id, password=password) | self._place()

    def fits(self, value: Mapping[str, object]) -> bool:
        """Whether a secret's value opens this, under these names; whose key it is, only IAM knows."""
        return self.login("", "").keys() <= value.keys() and self._place().items() <= value.items()

    def name(self, name: str) -> str:
        """What the secret's field of that name is called."""
        return self.fields.get(name, name)

    def _place(self) -> dict[str, object]:
        return self._named(host=self.host, port=self.port, from_address=self.from_address)

    def _named(self, **values: object) -> dict[str, object]:
        return {self.name(name): value for name, value in values.items()}


@dataclass(frozen=True)
class Version:
    """A version of the secret that has a value."""

    token: str
    labels: frozenset[str]
    value: Mapping[str, object] = field(repr=False)

    @property
    def key_id(self) -> str | None:
        """The access key's id, which is the SMTP user name, whatever its field was called."""
        return next((text for text in map(str, self.value.values()) if KEY_ID.fullmatch(text)), None)


@dataclass(frozen=True)
class Key:
    """An access key of the user, as IAM lists it."""

    key_id: str
    active: bool
    created: float


@dataclass(frozen=True, kw_only=True)
class Lifecycle:
    """The four steps, on the clients and the clock they are given.

    Attributes:
        iam: Answers everything but CreateAccessKey, with the SDK's own retries.
        key_maker: Creates keys, without retries: a lost answer must not make a second key.
        secrets: The Secrets Manager of the secret's region.
        deadline: When the event must be done, in seconds since the epoch.
    """

    iam: IAMClient
    key_maker: IAMClient
    secrets: SecretsManagerClient
    deadline: float
    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    log_in: Callable[..., None] = login

    def issue(self, credential: Credential, token: str) -> None:
        """Put a new login into the secret, as AWSPENDING under ``token``.

        A version that already has a login for this credential, with a living key, is kept. Before the key is created,
        all others go but one: the current version's, or where that is dead the previous one's.

        Args:
            credential: What the login is for.
            token: The version's id, 32 to 64 characters.

        Raises:
            BusyError: Another event may be issuing for the same user.
            CredentialError: The version cannot be used any more, the user was withdrawn, or the value was not stored.
        """
        keys = self._patiently(lambda: self._keys(credential.user_name), {"AccessDenied", "NoSuchEntity"})
        self._patiently(lambda: self.secrets.describe_secret(SecretId=credential.secret_id), {"AccessDeniedException"})
        if version := self.version(credential.secret_id, VersionId=token):
            self._keep(credential, version, keys)
            return
        self._make_room(credential, keys)
        answer = self._create_key(credential.user_name)
        self._store(credential, token, answer["AccessKeyId"], answer["SecretAccessKey"])

    def prove(self, credential: Credential, token: str) -> None:
        """Log in with the version's login until the endpoint accepts it, for as long as IAM may take to spread a key.

        Where that is not wanted, wait until IAM should have spread it.

        Raises:
            CredentialError: The version has no login, or the endpoint refused it, or could not be reached.
        """
        version = self.version(credential.secret_id, VersionId=token)
        if version is None or not credential.fits(version.value):
            raise CredentialError("the secret's pending version has no login for this endpoint")
        if not credential.verify_login:
            self.sleep(PROPAGATION_SECONDS)
            return
        started = self.now()
        until = min(self.deadline, started + PROVE_SECONDS)

        def again(error: Exception) -> bool:
            unreachable = isinstance(error, EndpointUnreachableError)
            return isinstance(error, LoginError) and not (unreachable and self.now() > started + UNREACHABLE_SECONDS)

        try:
            self._retry(lambda: self._log_in(credential, version, until), again, until)
        except LoginRefusedError as error:
            raise CredentialError(
                f"{error} for {self.now() - started:.0f} s; check that `smtp_host` is an endpoint of `ses_region` "
                f"({credential.region}), or set verify_login=False if it cannot be logged in to from there"
            ) from None
        except EndpointUnreachableError as error:
            raise CredentialError(
                f"{error}; check `smtp_host` and `smtp_port` and the function's way to them, "
                "or set verify_login=False if it has none"
            ) from None
        logger.info("proved key %s at %s:%d", mask(version.key_id), credential.host, credential.port)

    def promote(self, credential: Credential, token: str) -> None:
        """Make the version AWSCURRENT, if it is not and its key lives; AWS labels the one before AWSPREVIOUS.

        Raises:
            CredentialError: Another version took its place, or its key is dead.
        """
        labels = self.labels(credential.secret_id)
        if CURRENT in labels.get(token, ()):
            return
        if PENDING not in labels.get(token, ()):
            raise CredentialError("another credential was issued meanwhile; nothing was changed")
        self._require_alive(credential, token)
        self._move_current(credential.secret_id, labels, token)
        logger.info("version %s is current for user %s", token, credential.user_name)

    def withdraw(self, user_name: str) -> None:
        """Delete all the user's keys, and mark the user so that no event in flight leaves another."""
        try:
            self.iam.tag_user(UserName=user_name, Tags=[{"Key": WITHDRAWN_TAG, "Value": "true"}])
        except self.iam.exceptions.ClientError as error:
            if code(error) in TRANSIENT:
                raise
            logger.warning("user %s was not marked as withdrawn: %s", user_name, code(error))
        try:
            keys = self._keys(user_name)
        except self.iam.exceptions.NoSuchEntityException:
            return
        for key in keys:
            self._delete_key(user_name, key.key_id)

    def renew(self, credential: Credential, token: str) -> None:
        """Issue, prove and promote in one go; what fails before it is current is taken back.

        Raises:
            CredentialError: As the three steps do.
        """
        self._retry(
            lambda: self.issue(credential, token),
            lambda error: isinstance(error, BusyError),
            self.deadline - PROVE_SECONDS,
        )
        try:
            self.prove(credential, token)
        except CredentialError:
            self._take_back(credential, token)
            raise
        self.promote(credential, token)

    def holds(self, credential: Credential) -> bool:
        """Whether the current login is for this credential and lives.

        Where only the previous one is, as after an update that is rolled back, it becomes current again: consumers
        that read it then never notice.
        """
        labels = self._patiently(lambda: self.labels(credential.secret_id), {"AccessDeniedException"})
        keys = self._patiently(lambda: self._keys(credential.user_name), {"AccessDenied", "NoSuchEntity"})
        for label in (CURRENT, PREVIOUS):
            version = self.version(credential.secret_id, VersionStage=label)
            if version and credential.fits(version.value) and version.key_id in _alive(keys):
                if label == PREVIOUS:
                    self._give_back(credential.secret_id, labels, version.token)
                return True
        return False

    def adopt(self, credential: Credential) -> None:
        """Bring the current login along to a secret that takes another one's place."""
        former = self._former(credential)
        if former is None:
            return
        self._give_up_pending(credential.former_secret_id)
        if not self.version(credential.secret_id, VersionStage=CURRENT):
            self._put(credential.secret_id, former.token, former.value, CURRENT)

    def share(self, credential: Credential) -> None:
        """Give the current login to the former secret too: until that goes, it may be read, rotated or returned to."""
        former, current = self._former(credential), self.version(credential.secret_id, VersionStage=CURRENT)
        if former and current:
            self._hand_on(credential, current)

    def hand_back(self, secret_id: str, user_name: str) -> None:
        """Make the previous login current again if the secret is for another user by now, and the current one is not.

        CloudFormation may roll a rename back by nothing but a Delete of the new user.
        """
        try:
            secret = self.secrets.describe_secret(SecretId=secret_id)
            owner = tags_of(secret).get("user-name", user_name)
            current, previous = (self.version(secret_id, VersionStage=label) for label in (CURRENT, PREVIOUS))
            if owner == user_name or not current or not previous:
                return
            if current.key_id in _alive(self._keys(user_name)):
                self._give_back(secret_id, secret.get("VersionIdsToStages", {}), previous.token)
        except self.secrets.exceptions.ClientError as error:
            if code(error) in TRANSIENT:
                raise
            logger.warning("no login was handed back: %s", code(error))

    def owns(self, user_name: str, secret_id: str) -> bool:
        """Whether the secret knows one of the user's keys, or the user has none that it could know."""
        keys = {key.key_id for key in self._keys(user_name)}
        versions = (self.version(secret_id, VersionStage=label) for label in (CURRENT, PREVIOUS, PENDING))
        return not keys or any(version and version.key_id in keys for version in versions)

    def version(self, secret_id: str, **which: str) -> Version | None:
        """The version of that id or label, or None where there is none or it has no value yet."""
        try:
            answer = self.secrets.get_secret_value(SecretId=secret_id, **which)
        except self.secrets.exceptions.ResourceNotFoundException:
            return None
        return Version(answer["VersionId"], frozenset(answer.get("VersionStages", ())), _parsed(answer))

    def labels(self, secret_id: str) -> Mapping[str, Iterable[str]]:
        """The labels of each of the secret's versions that has one."""
        labels: Mapping[str, Iterable[str]] = self.secrets.describe_secret(SecretId=secret_id).get(
            "VersionIdsToStages", {}
        )
        return labels

    def _keep(self, credential: Credential, version: Version, keys: list[Key]) -> None:
        if version.labels.isdisjoint({CURRENT, PENDING}):
            raise CredentialError("this event was handled before, and another credential issued since")
        if version.key_id in _alive(keys) and (credential.fits(version.value) or CURRENT in version.labels):
            return
        self._give_up_pending(credential.secret_id, version.token)
        raise CredentialError("the pending login does not work any more; it was given up, so start again")

    def _make_room(self, credential: Credential, keys: list[Key]) -> None:
        # The current version is read last: whatever another event makes current before that is spared.
        former = self._former(credential)
        pending, previous, current = (
            self.version(credential.secret_id, VersionStage=label) for label in (PENDING, PREVIOUS, CURRENT)
        )
        known = [version.key_id for version in (current, previous) if version]
        spared = next((key_id for key_id in known if key_id in _alive(keys)), None)
        for key in keys:
            age = self.now() - key.created
            if key.key_id not in known and age < LEASE_SECONDS:
                raise BusyError(
                    f"user {credential.user_name} got the access key {mask(key.key_id)} {age:.0f} s ago and no "
                    f"current credential uses it: another credential is being issued, or somebody made the key by "
                    f"hand; try again in {LEASE_SECONDS - age:.0f} s, or delete the key"
                )
        doomed = [key.key_id for key in keys if key.key_id != spared]
        if pending and pending.key_id in doomed:
            self._give_up_pending(credential.secret_id, pending.token)
        if doomed and current and current.key_id == spared:
            # Another event may be about to make a doomed login current: it saw which version was, and will name that.
            # It is to find that another version, with the same login, took that one's place.
            self._put(credential.secret_id, str(uuid.uuid4()), current.value, CURRENT)
            if former:
                self._hand_on(credential, current)
        for key_id in doomed:
            self._delete_key(credential.user_name, key_id)

    def _hand_on(self, credential: Credential, version: Version) -> None:
        self._put(credential.former_secret_id, str(uuid.uuid4()), version.value, CURRENT)
        self._give_up_pending(credential.former_secret_id)

    def _former(self, credential: Credential) -> Version | None:
        if not credential.former_secret_id:
            return None
        try:
            return self.version(credential.former_secret_id, VersionStage=CURRENT)
        except self.secrets.exceptions.InvalidRequestException:
            return None  # somebody has marked it for deletion, which may be why another takes its place

    def _create_key(self, user_name: str) -> AccessKeyTypeDef:
        try:
            return self._patiently(
                lambda: self.key_maker.create_access_key(UserName=user_name)["AccessKey"],
                {"AccessDenied", "NoSuchEntity", "Throttling"},
            )
        except self.key_maker.exceptions.LimitExceededException:
            raise BusyError(f"another credential is being issued for user {user_name}; try again") from None

    def _store(self, credential: Credential, token: str, key_id: str, secret_access_key: str) -> None:
        try:
            self._require_not_withdrawn(credential.user_name)
            value = credential.login(key_id, smtp_password(secret_access_key, credential.region))
            self._put(credential.secret_id, token, value, PENDING)
        except Exception as error:  # noqa: BLE001 - whatever it was, it saw a secret, and the key must go
            if self._was_stored(credential, token, key_id):
                return
            failure = error if isinstance(error, CredentialError) else _opaque(error)
        else:
            logger.info("issued key %s to user %s as version %s", mask(key_id), credential.user_name, token)
            return
        try:
            self._delete_key(credential.user_name, key_id)
        except Exception as error:  # noqa: BLE001 - it is tried for good order
            logger.error(
                "key %s of user %s stays until the next issue: %s", mask(key_id), credential.user_name, code(error)
            )
        raise failure from None

    def _put(self, secret_id: str, token: str, value: Mapping[str, object], label: str) -> None:
        try:
            self.secrets.put_secret_value(
                SecretId=secret_id, ClientRequestToken=token, SecretString=json.dumps(value), VersionStages=[label]
            )
        except Exception as error:  # noqa: BLE001 - its message may show what could not be stored
            raise _opaque(error) from None

    def _was_stored(self, credential: Credential, token: str, key_id: str) -> bool:
        """Whether it was only the answer that got lost."""
        try:
            version = self.version(credential.secret_id, VersionId=token)
        except Exception:  # noqa: BLE001 - then nobody knows
            return False
        return version is not None and version.key_id == key_id

    def _take_back(self, credential: Credential, token: str) -> None:
        """Leave no key and no label of a login that came to nothing; what fails here, the next issue does."""
        try:
            version = self.version(credential.secret_id, VersionId=token)
            if version:
                self._give_up_pending(credential.secret_id, token)
                if CURRENT not in self.labels(credential.secret_id).get(token, ()):
                    self._delete_key(credential.user_name, str(version.key_id))
        except Exception as error:  # noqa: BLE001 - it is tried for good order
            logger.error("version %s of user %s was not taken back: %s", token, credential.user_name, code(error))

    def _give_back(self, secret_id: str, labels: Mapping[str, Iterable[str]], token: str) -> None:
        self._move_current(secret_id, labels, token)
        self._give_up_pending(secret_id)
        logger.info("version %s is current again", token)

    def _move_current(self, secret_id: str, labels: Mapping[str, Iterable[str]], token: str) -> None:
        holders = [version for version, names in labels.items() if CURRENT in names]
        removal = {"RemoveFromVersionId": holders[0]} if holders else {}
        try:
            self.secrets.update_secret_version_stage(
                SecretId=secret_id, VersionStage=CURRENT, MoveToVersionId=token, **removal
            )
        except Exception:
            if CURRENT not in self.labels(secret_id).get(token, ()):
                raise

    def _give_up_pending(self, secret_id: str, token: str = "") -> None:
        """Let no event take up what is pending and not current: whatever it is, or that one version alone."""
        for holder, names in self.labels(secret_id).items():
            if PENDING in names and CURRENT not in names and token in {"", holder}:
                self.secrets.update_secret_version_stage(
                    SecretId=secret_id, VersionStage=PENDING, RemoveFromVersionId=holder
                )

    def _require_alive(self, credential: Credential, token: str) -> None:
        version = self.version(credential.secret_id, VersionId=token)
        if version is None or version.key_id not in _alive(self._keys(credential.user_name)):
            raise CredentialError("the pending login's key was deleted; nothing was changed")

    def _require_not_withdrawn(self, user_name: str) -> None:
        tags = self.iam.list_user_tags(UserName=user_name)["Tags"]
        if any(tag["Key"] == WITHDRAWN_TAG for tag in tags):
            raise CredentialError(f"user {user_name} is being deleted")

    def _log_in(self, credential: Credential, version: Version, until: float) -> None:
        timeout = max(1.0, min(10.0, until - self.now()))
        password = version.value.get(credential.name("password"))
        self.log_in(credential.host, credential.port, version.key_id, password, timeout)

    def _keys(self, user_name: str) -> list[Key]:
        metadata = self.iam.list_access_keys(UserName=user_name)["AccessKeyMetadata"]
        return [Key(one["AccessKeyId"], one["Status"] == "Active", one["CreateDate"].timestamp()) for one in metadata]

    def _delete_key(self, user_name: str, key_id: str) -> None:
        try:
            self.iam.delete_access_key(UserName=user_name, AccessKeyId=key_id)
        except self.iam.exceptions.NoSuchEntityException:
            return
        logger.info("deleted key %s of user %s", mask(key_id), user_name)

    def _patiently(self, call: Callable[[], Result], codes: set[str]) -> Result:
        """IAM needs seconds to spread a new user and a new permission; until then it denies them."""
        until = min(self.deadline, self.now() + PROPAGATION_SECONDS)
        return self._retry(call, lambda error: code(error) in codes, until)

    def _retry(self, call: Callable[[], Result], again: Callable[[Exception], bool], until: float) -> Result:
        while True:
            try:
                return call()
            except Exception as error:
                if not again(error) or self.now() + PAUSE_SECONDS > until:
                    raise
            self.sleep(PAUSE_SECONDS)


def code(error: Exception) -> str:
    """AWS's code of an error, or the kind of failure where no answer came."""
    return str(answer["Error"]["Code"]) if (answer := getattr(error, "response", None)) else type(error).__name__


def tags_of(secret: DescribeSecretResponseTypeDef) -> dict[str, str]:
    """The secret's own tags, by the rest of their names."""
    tags = ((tag["Key"], tag["Value"]) for tag in secret.get("Tags", ()))
    return {name.removeprefix(TAG_PREFIX): value for name, value in tags if name.startswith(TAG_PREFIX)}


def mask(key_id: object) -> str:
    """An access key id as logs and reasons show it."""
    return f"…{str(key_id)[-4:]}"


def _alive(keys: Iterable[Key]) -> set[object]:
    return {key.key_id for key in keys if key.active}


def _parsed(answer: Mapping[str, object]) -> Mapping[str, object]:
    try:
        value = json.loads(str(answer.get("SecretString")))
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _opaque(error: Exception) -> CredentialError:
    return CredentialError(f"the login was not stored ({code(error)}); try again")
