"""What the construct and the function agree on: names of properties, tags and fields, and what they declare."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

TAG_PREFIX = "ses-secure-user:"
REVOKED_TAG = f"{TAG_PREFIX}revoked"
"""On a user whose credential is deleted: no event may make another key."""

SECRET_FIELDS = ("username", "password", "host", "port", "from_address", "region", "iam_user")


class Declaration(NamedTuple):
    """What a template declares of a credential; all is text, as CloudFormation and tags have it.

    Attributes:
        user_name: The IAM user whose key it has.
        region: The region that the password is valid in.
        host: The SMTP endpoint.
        port: Its port.
        from_address: The From address that consumers are told.
        verify_login: Whether a new login is tested at the endpoint: ``true`` or ``false``.
        fields: Further names of the secret's fields, each written ``username=SMTP_USERNAME``.
    """

    user_name: str
    region: str
    host: str
    port: str
    from_address: str
    verify_login: str
    fields: str = ""

    @classmethod
    def from_properties(cls, properties: Mapping[str, str]) -> Declaration:
        """Read the custom resource's properties."""
        return cls(**{name: properties[prop] for name, prop in PROPERTIES.items() if prop in properties})

    @classmethod
    def from_tags(cls, tags: Mapping[str, str]) -> Declaration | None:
        """Read the secret's tags; None where one is lost."""
        return None if lost_tags(tags) else cls(**{name: tags[tag] for name, tag in TAGS.items() if tag in tags})

    def named(self, names: Mapping[str, str]) -> dict[str, str]:
        """Write it under the names of properties or tags."""
        return dict(zip(names.values(), self, strict=True))

    def value(self, key_id: object, password: object) -> dict[str, object]:
        """Write the secret's value for a login."""
        port = int(self.port) if self.port.isdecimal() else self.port
        own = (key_id, password, self.host, port, self.from_address, self.region, self.user_name)
        value = dict(zip(SECRET_FIELDS, own, strict=True))
        further = dict(word.split("=", 1) for word in self.fields.split())
        return value | {other: value.get(name) for name, other in further.items()}

    def fits(self, value: Mapping[str, object]) -> bool:
        """Whether a secret's value is as declared, with no field too few or too many."""
        return self.value(value.get("username"), value.get("password")) == value


PROPERTIES = {name: name.title().replace("_", "") for name in Declaration._fields}
TAGS = {name: TAG_PREFIX + name.replace("_", "-") for name in Declaration._fields}


def lost_tags(tags: Mapping[str, str]) -> list[str]:
    """The tags that a secret should have and has not."""
    return [tag for name, tag in TAGS.items() if tag not in tags and name != "fields"]
