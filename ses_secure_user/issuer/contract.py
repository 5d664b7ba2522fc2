"""What the construct and the function agree on: names of properties, tags and fields, and what they declare."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

TAG_PREFIX = "ses-secure-user:"
REVOKED_TAG = f"{TAG_PREFIX}revoked"
"""On a user whose credential is deleted: no event may make another key."""

TAGS = {
    "UserName": "user-name",
    "Region": "region",
    "Host": "host",
    "Port": "port",
    "FromAddress": "from-address",
    "VerifyLogin": "verify-login",
}
"""Each property of the credential, and the secret's tag that says the same to a rotation."""

FIELDS_PROPERTY, FIELDS_TAG = "Fields", "fields"
"""Further names of the secret's fields, if there are any."""

SECRET_FIELDS = ("username", "password", "host", "port", "from_address", "region", "iam_user")


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """What a template declares of a credential.

    Attributes:
        user_name: The IAM user whose key it has.
        region: The region that the password is valid in.
        host: The SMTP endpoint.
        port: Its port, in digits.
        from_address: The From address that consumers are told.
        verify_login: Whether a new login is tested at the endpoint.
        fields: Further names of the secret's fields, by field.
    """

    user_name: str
    region: str
    host: str
    port: str
    from_address: str
    verify_login: bool
    fields: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_properties(cls, properties: Mapping[str, str]) -> Declaration:
        """Read a custom resource's properties; CloudFormation sends every value as a string."""
        return cls._read(*(properties[name] for name in TAGS), properties.get(FIELDS_PROPERTY, ""))

    @classmethod
    def from_tags(cls, tags: Mapping[str, str]) -> Declaration | None:
        """Read a secret's own tags; None where one is lost."""
        if lost_tags(tags):
            return None
        return cls._read(*(tags[TAG_PREFIX + name] for name in TAGS.values()), tags.get(TAG_PREFIX + FIELDS_TAG, ""))

    @classmethod
    def _read(cls, *values: str) -> Declaration:
        user_name, region, host, port, from_address, verify_login, fields = values
        return cls(
            user_name=user_name,
            region=region,
            host=host,
            port=port,
            from_address=from_address,
            verify_login=verify_login == "true",
            fields=dict(word.split("=", 1) for word in fields.split()),
        )

    def tags(self) -> dict[str, str]:
        """Write the secret's own tags, an empty one for no fields so that it replaces what is there."""
        verify_login = str(self.verify_login).lower()
        values = (self.user_name, self.region, self.host, self.port, self.from_address, verify_login)
        tags = {TAG_PREFIX + name: value for name, value in zip(TAGS.values(), values, strict=True)}
        words = " ".join(f"{name}={other}" for name, other in self.fields.items())
        return tags | {TAG_PREFIX + FIELDS_TAG: words}

    def value(self, key_id: object, password: object) -> dict[str, object]:
        """Write the secret's value for a login."""
        port = int(self.port) if self.port.isdecimal() else self.port
        own = (key_id, password, self.host, port, self.from_address, self.region, self.user_name)
        value = dict(zip(SECRET_FIELDS, own, strict=True))
        return value | {other: value.get(name) for name, other in self.fields.items()}

    def fits(self, value: Mapping[str, object]) -> bool:
        """Whether a secret's value is as declared, whatever else is in it."""
        return self._of(value).items() <= value.items()

    def writes(self, value: Mapping[str, object]) -> bool:
        """Whether a secret's value is as declared and nothing else is in it."""
        return self._of(value) == value

    def _of(self, value: Mapping[str, object]) -> dict[str, object]:
        return self.value(value.get("username"), value.get("password"))


def lost_tags(tags: Mapping[str, str]) -> list[str]:
    """The tags that a secret should have and has not."""
    return [TAG_PREFIX + name for name in TAGS.values() if TAG_PREFIX + name not in tags]


def physical_id(user_name: str, secret_id: str) -> str:
    """The credential's id in its stack: the one user and the one secret that it belongs to for life."""
    return f"{user_name}|{secret_id}"
