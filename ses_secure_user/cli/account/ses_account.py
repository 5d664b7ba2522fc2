"""SES in one region: its sending status, sending rate and identities."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ses_secure_user.cli.errors import CannotJudgeError, code_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from types_boto3_sesv2 import SESV2Client
    from types_boto3_sesv2.type_defs import GetAccountResponseTypeDef, GetEmailIdentityResponseTypeDef


@dataclass(frozen=True)
class SesAccount:
    """The SES account in the client's region. Each identity is requested once."""

    api: SESV2Client
    _identities: dict[str, GetEmailIdentityResponseTypeDef | None] = field(default_factory=dict, init=False, repr=False)

    @property
    def region(self) -> str:
        """The region of the client."""
        return self.api.meta.region_name

    @cached_property
    def account(self) -> GetAccountResponseTypeDef:
        """The response of GetAccount."""
        return self.api.get_account()

    @property
    def in_sandbox(self) -> bool:
        """True if the account can send only to verified recipients."""
        return not self.account["ProductionAccessEnabled"]

    @property
    def seconds_between_mails(self) -> float:
        """The seconds between two mails: 10 percent more than the maximum send rate requires."""
        rate = self.account.get("SendQuota", {}).get("MaxSendRate") or 1.0
        return 1.1 / rate if rate > 0 else 0

    def check_sending(self) -> None:
        """Check that the account can send mail.

        Raises:
            CannotJudgeError: Sending is paused for the account.
        """
        status = self.account.get("EnforcementStatus", "")
        if not self.account["SendingEnabled"] or status == "SHUTDOWN":
            raise CannotJudgeError(
                f"SES sends no mail for this account in {self.region}: sending is paused (status {status or 'unknown'})"
            )

    @cached_property
    def verified(self) -> list[str]:
        """The verified identities that can send mail."""
        found: list[str] = []
        page = self.api.list_email_identities()
        while True:
            found += [
                one.get("IdentityName", "") for one in page.get("EmailIdentities", []) if one.get("SendingEnabled")
            ]
            if not page.get("NextToken"):
                return found
            page = self.api.list_email_identities(NextToken=page["NextToken"])

    def identity_of(self, address: str) -> str | None:
        """Return the verified identity that SES uses for a From address: the address, or else its closest domain."""
        domain = address.rpartition("@")[2].lower()
        labels = domain.split(".")
        candidates = [address, *(".".join(labels[start:]) for start in range(len(labels)))]
        return next((one for one in candidates if one in self.verified), None)

    def identity(self, name: str) -> GetEmailIdentityResponseTypeDef | None:
        """Return the response of GetEmailIdentity, or None if the identity does not exist."""
        if name not in self._identities:
            try:
                self._identities[name] = self.api.get_email_identity(EmailIdentity=name)
            except ClientError as error:
                if code_of(error) != "NotFoundException":
                    raise
                self._identities[name] = None
        return self._identities[name]

    def default_set(self, name: str) -> str:
        """Return the name of an identity's default configuration set, or an empty string."""
        identity = self.identity(name)
        return identity.get("ConfigurationSetName", "") if identity else ""

    def policies(self, name: str) -> list[Mapping[str, Any]]:
        """Return the sending authorization policies of an identity."""
        identity = self.identity(name)
        return [json.loads(text) for text in identity.get("Policies", {}).values()] if identity else []
