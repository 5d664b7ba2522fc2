"""The contract between the construct and the function: properties, tags, and fields of the secret."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from .errors import CredentialError

if TYPE_CHECKING:
    from collections.abc import Mapping

TAG_PREFIX = "ses-secure-user:"
CREATED_TAG = f"{TAG_PREFIX}created:"
"""The prefix of the secret's tag that a Create writes."""
REVOKED_TAG = f"{TAG_PREFIX}revoked:"
"""The prefix of the secret's tag that an event writes which undoes a Create."""

SECRET_FIELDS = ("username", "password", "host", "port", "region", "iam_user", "url")
NAMED_FIELDS = (*SECRET_FIELDS, "port_text")
"""The fields that can have an additional name, and the port as text."""
IMPLICIT_TLS_PORTS = frozenset({465, 2465})
SMTP_PORTS = (25, 465, 587, 2465, 2587)
"""The ports of SES's SMTP endpoints (https://docs.aws.amazon.com/ses/latest/dg/smtp-connect.html)."""

_SUFFIXES = (
    "amazonaws.com api.aws amazonaws.com.cn api.amazonwebservices.com.cn amazonaws.eu api.amazonwebservices.eu"
    " c2s.ic.gov sc2s.sgov.gov cloud.adc-e.uk csp.hci.ic.gov"
)
LONGEST_LABEL = 63
"""The maximum length of a label in a domain name (RFC 1035)."""
ENDPOINT = (
    r"(?:email-smtp(?:-fips)?\.{region}|(?:[a-z0-9-]+\.)+email-smtp(?:-fips)?\.{region}\.vpce)"
    rf"\.(?:{'|'.join(map(re.escape, _SUFFIXES.split()))})"
)
"""The SMTP endpoints of SES in a region: public, FIPS, dual-stack and VPC endpoints, in all partitions."""


class Declaration(NamedTuple):
    """The declaration of a login in the tags of its IAM user. All values are text.

    Attributes:
        secret_id: The ARN of the secret that holds the login.
        region: The region in which the password is valid.
        host: The SMTP endpoint.
        port: The port of the endpoint.
        fields: Additional names of the secret's fields, such as ``username=SMTP_USERNAME``, separated by spaces.
    """

    secret_id: str
    region: str
    host: str
    port: str
    fields: str = ""

    @classmethod
    def read(cls, given: Mapping[str, str], names: Mapping[str, str]) -> Declaration | None:
        """Read a declaration by the names of properties or tags. Return None if one is missing."""
        found = {name: given[theirs] for name, theirs in names.items() if theirs in given}
        return cls(**found) if found.keys() >= set(cls._fields) - {"fields"} else None

    @classmethod
    def required(cls, properties: Mapping[str, str]) -> Declaration:
        """Read a declaration by the names of properties.

        Raises:
            CredentialError: A property is missing.
        """
        wanted = cls.read(properties, PROPERTIES)
        if wanted is None:
            raise CredentialError(f"the properties must be UserName, {', '.join(PROPERTIES.values())}")
        return wanted

    def named(self, names: Mapping[str, str]) -> dict[str, str]:
        """Return the values by the names of properties or tags."""
        return {names[name]: text for name, text in self._asdict().items() if text}

    @property
    def fault(self) -> str:
        """The reason why no login may be issued for this declaration. Empty if there is none."""
        if not is_ses_host(self.host, self.region):
            return f"{self.host} is not an SMTP endpoint of SES in {self.region}"
        if self.port not in map(str, SMTP_PORTS):
            return f"{self.port} is not a port of SES's SMTP endpoints"
        named, own = "|".join(NAMED_FIELDS), "|".join(SECRET_FIELDS)
        is_written = re.fullmatch(rf"(?:(?:{named})=(?!(?:{own})(?: |$))[A-Za-z0-9_.-]+(?: |$))*", self.fields)
        return "" if is_written else f"{self.fields} is not a list of FIELD=NAME"

    @property
    def digest(self) -> str:
        """A hash that distinguishes the declarations of one secret."""
        return hashlib.sha256("\n".join(self[1:]).encode()).hexdigest()[:8]

    def value(self, user_name: str, key_id: str, password: str) -> dict[str, object]:
        """Return the secret's value for a login.

        ``url`` is percent-encoded, because half of all passwords contain a ``/``.
        """
        scheme = "smtps" if int(self.port) in IMPLICIT_TLS_PORTS else "smtp"
        url = f"{scheme}://{quote(key_id, safe='')}:{quote(password, safe='')}@{self.host}:{self.port}"
        own = (key_id, password, self.host, int(self.port), self.region, user_name, url)
        value = dict(zip(SECRET_FIELDS, own, strict=True))
        named = dict(zip(NAMED_FIELDS, (*own, self.port), strict=True))
        return value | {other: named[name] for name, other in (word.split("=", 1) for word in self.fields.split())}

    def fits(self, value: Mapping[str, object]) -> bool:
        """Return whether a secret's value matches this declaration, without missing or additional fields."""
        user_name, key_id, password = (str(value.get(name)) for name in ("iam_user", "username", "password"))
        return self.value(user_name, key_id, password) == value


PROPERTIES = {name: name.title().replace("_", "") for name in Declaration._fields}
NETWORKS = "Networks"
"""The property with the allowed networks, if some of them are known only at deployment."""
TAGS = {name: TAG_PREFIX + name.removesuffix("_id") for name in Declaration._fields}


def is_ses_host(host: str, region: str | None = None) -> bool:
    """Return whether a name is an SES SMTP endpoint, in one region or in any."""
    name = re.fullmatch(ENDPOINT.replace("{region}", "([a-z0-9-]+)"), host)
    is_resolvable = all(len(label) <= LONGEST_LABEL for label in host.split("."))
    return name is not None and is_resolvable and region in {None, *name.groups()}
