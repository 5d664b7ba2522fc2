"""The versions, staging labels and tags of a secret."""

from __future__ import annotations

import json
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from .errors import BusyError
from .journal import Journal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from types_boto3_secretsmanager import SecretsManagerClient

    from .patience import Patience

CURRENT, PENDING, PREVIOUS = "AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"


def token_of(request: str) -> str:
    """Derive the id of a request's version, which is the same for each delivery of the request."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, request))


@dataclass(frozen=True)
class Version:
    """A version of a secret that has a value. ``created`` is in seconds since the epoch."""

    token: str
    created: float
    text: str = field(repr=False)

    @property
    def value(self) -> Mapping[str, object]:
        """The fields of the value. Empty if the value is not a JSON object."""
        try:
            value = json.loads(self.text)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    @property
    def key_id(self) -> object:
        """The access key id, which is the SMTP user name."""
        return self.value.get("username")

    @property
    def user_name(self) -> str:
        """The IAM user that the value names. Empty if it names none."""
        name = self.value.get("iam_user")
        return name if isinstance(name, str) else ""


@dataclass(frozen=True)
class State:
    """The labels and tags of a secret at one point in time."""

    labels: Mapping[str, list[str]]
    tags: Mapping[str, str]

    @property
    def journal(self) -> Journal:
        """The journal of the secret's Creates and Deletes."""
        return Journal.read(self.tags)

    def token(self, label: str) -> str | None:
        """Return the id of the version with a label."""
        return next((token for token, labels in self.labels.items() if label in labels), None)

    def has(self, token: str, label: str) -> bool:
        """Return whether a version has a label."""
        return label in self.labels.get(token, ())


@dataclass(frozen=True, kw_only=True)
class Secret:
    """Calls to Secrets Manager for one secret.

    Attributes:
        client: The client of Secrets Manager in the secret's region.
        secret_id: The ARN of the secret.
        patience: The time limits of the event.
    """

    client: SecretsManagerClient
    secret_id: str
    patience: Patience

    def look(self) -> State:
        """Read the labels and tags of the secret."""
        answer = self.patience.call(lambda: self.client.describe_secret(SecretId=self.secret_id))
        tags = {tag["Key"]: tag["Value"] for tag in answer.get("Tags", ())}
        return State(answer.get("VersionIdsToStages", {}), tags)

    def version(self, token: str) -> Version | None:
        """Return a version, or None if it does not exist or has no value yet."""

        def read() -> Version | None:
            try:
                answer = self.client.get_secret_value(SecretId=self.secret_id, VersionId=token)
            except self.client.exceptions.ResourceNotFoundException:
                return None
            return Version(token, answer["CreatedDate"].timestamp(), str(answer.get("SecretString")))

        return self.patience.call(read)

    def labelled(self, state: State, *labels: str) -> list[Version]:
        """Return the versions with labels.

        Raises:
            BusyError: A labeled version could not be read, so its content is not known.
        """
        tokens = [token for label in labels if (token := state.token(label))]
        found = [version for token in tokens if (version := self.version(token))]
        if len(found) < len(tokens):
            raise BusyError("the secret's current login could not be read; try again")
        return found

    def put(self, token: str, text: str) -> None:
        """Store a version as pending."""
        request: Any = {"ClientRequestToken": token, "SecretString": text, "VersionStages": [PENDING]}
        self.patience.call(lambda: self.client.put_secret_value(SecretId=self.secret_id, **request))

    def make_current(self, token: str, former: str | None) -> None:
        """Move AWSCURRENT to a version from the former one. Fail if another version became current."""
        try:
            self._move(CURRENT, token, former)
        except Exception:
            current = self.look().token(CURRENT)
            if current == token:
                return
            if current != former:
                raise BusyError("another login has become current; nothing was changed, try again") from None
            raise

    def cancel(self, token: str) -> None:
        """Remove AWSPENDING from a version, if possible, so that the next rotation begins with a new version."""
        with suppress(Exception):
            self._move(PENDING, None, token)

    def _move(self, label: str, target: str | None, former: str | None) -> None:
        versions: Any = {"MoveToVersionId": target, "RemoveFromVersionId": former}
        request: Any = {name: token for name, token in versions.items() if token}
        move = partial(self.client.update_secret_version_stage, SecretId=self.secret_id, VersionStage=label)
        self.patience.call(lambda: move(**request))

    def tag(self, key: str, value: str) -> None:
        """Add a tag to the secret."""
        tags = [{"Key": key, "Value": value}]
        self.patience.call(lambda: self.client.tag_resource(SecretId=self.secret_id, Tags=tags))  # type: ignore[arg-type]
