"""The versions of a secret, and its labels."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .contract import SECRET_FIELDS, TAGS, Declaration
from .patience import BusyError, CredentialError, Patience, code

if TYPE_CHECKING:
    from collections.abc import Mapping

    from types_boto3_secretsmanager import SecretsManagerClient

CURRENT, PENDING, PREVIOUS = "AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"
STAGED = "DEPLOYMENT_STAGED"
"""What a deployment is to make current. AWSPENDING is left to rotations: RotateSecret refuses where it is elsewhere."""
BEFORE = "DEPLOYMENT_BEFORE"
"""What was current when the last deployment began."""

UNREADABLE = frozenset({"AccessDeniedException", "DecryptionFailure"})
"""What Secrets Manager answers where it may not decrypt a version."""


class SupersededError(CredentialError):
    """Another version became current since the event began."""


@dataclass(frozen=True)
class Version:
    """A version of a secret that has a value; ``created`` is in seconds since the epoch."""

    token: str
    created: float
    text: str = field(repr=False)

    @property
    def value(self) -> Mapping[str, object]:
        """The fields of the value; none where it is not this function's."""
        try:
            value = json.loads(self.text)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    @property
    def key_id(self) -> object:
        """The access key's id, which is the SMTP user name."""
        return self.value.get("username")

    @property
    def is_login(self) -> bool:
        """Whether the value is one of this function's, whatever it declares."""
        return self.value.keys() >= set(SECRET_FIELDS)


@dataclass(frozen=True)
class State:
    """A secret's labels and tags at one moment."""

    labels: Mapping[str, list[str]]
    tags: Mapping[str, str]
    rotated_by: str

    @property
    def current(self) -> str | None:
        """The version that is AWSCURRENT."""
        return next((token for token, labels in self.labels.items() if CURRENT in labels), None)

    @property
    def declared(self) -> Declaration | None:
        """What the last template declared."""
        return Declaration.from_tags(self.tags)

    def has(self, token: str, label: str) -> bool:
        """Whether a version carries a label."""
        return label in self.labels.get(token, ())


@dataclass(frozen=True, kw_only=True)
class Secret:
    """One secret.

    Attributes:
        client: The Secrets Manager of its region.
        secret_id: Its ARN.
        patience: The event's time.
    """

    client: SecretsManagerClient
    secret_id: str
    patience: Patience

    def look(self) -> State:
        """Read its labels and tags."""
        answer = self.patience.call(lambda: self.client.describe_secret(SecretId=self.secret_id))
        tags = {tag["Key"]: tag["Value"] for tag in answer.get("Tags", ())}
        rotated_by = answer.get("RotationLambdaARN", "") if answer.get("RotationEnabled") else ""
        return State(answer.get("VersionIdsToStages", {}), tags, rotated_by)

    def version(self, **which: str) -> Version | None:
        """The version of a VersionId or VersionStage, or None where there is none or it has no value yet."""

        def read() -> Version | None:
            try:
                answer = self.client.get_secret_value(SecretId=self.secret_id, **which)
            except self.client.exceptions.ResourceNotFoundException:
                return None
            return Version(answer["VersionId"], answer["CreatedDate"].timestamp(), str(answer.get("SecretString")))

        return self.patience.call(read)

    def before(self) -> Version | None:
        """What was current when the last deployment began; none where another KMS key keeps it from being read.

        A changed key re-encrypts the versions under AWS's own labels alone. See
        https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_update-encryption-key.html
        """
        try:
            return self.version(VersionStage=BEFORE)
        except Exception as error:
            if code(error) not in UNREADABLE:
                raise
            return None

    def put(self, token: str, text: str, *labels: str) -> None:
        """Store a version under labels, which leave any other; the reason of a failure does not show the value."""
        try:
            self.patience.call(
                lambda: self.client.put_secret_value(
                    SecretId=self.secret_id, ClientRequestToken=token, SecretString=text, VersionStages=[*labels]
                )
            )
        except Exception as error:  # noqa: BLE001 - its message may show what could not be stored
            failure = CredentialError(f"the login was not stored ({code(error)}); try again")
        else:
            return
        raise failure

    def make_current(self, token: str, former: str | None) -> None:
        """Make a version AWSCURRENT in the place of one other, or of none, unless that has changed meanwhile."""
        removal = {"RemoveFromVersionId": former} if former else {}
        try:
            self.patience.call(
                lambda: self.client.update_secret_version_stage(
                    SecretId=self.secret_id, VersionStage=CURRENT, MoveToVersionId=token, **removal
                )
            )
        except Exception:
            state = self.look()
            if state.current == token:
                return
            if state.current != former:
                raise SupersededError("another login became current meanwhile; nothing was changed") from None
            raise

    def replace_current(self, current: Version, *labels: str, token: str | None = None) -> Version:
        """Replace the current version by one with the same value, so that a concurrent promotion fails.

        It is labelled as staged, so that no event which staged another version goes on with that.
        """
        # A finished rotation may leave AWSPENDING on its version; RotateSecret accepts that only while it is current.
        if self.look().has(current.token, PENDING):
            self.cancel(current.token)
        token = token or str(uuid.uuid4())
        self.put(token, current.text, STAGED, *labels)
        try:
            self.make_current(token, current.token)
        except SupersededError as error:
            raise BusyError(str(error)) from None
        return Version(token, current.created, current.text)

    def cancel(self, token: str) -> None:
        """Remove AWSPENDING from a version, so that the next rotation begins with another."""
        try:
            self.patience.call(
                lambda: self.client.update_secret_version_stage(
                    SecretId=self.secret_id, VersionStage=PENDING, RemoveFromVersionId=token
                )
            )
        except Exception:
            if self.look().has(token, PENDING):
                raise

    def tag(self, declaration: Declaration) -> None:
        """Tag the secret with what is declared."""
        tags = [{"Key": name, "Value": value} for name, value in declaration.named(TAGS).items()]
        self.patience.call(lambda: self.client.tag_resource(SecretId=self.secret_id, Tags=tags))  # type: ignore[arg-type]
