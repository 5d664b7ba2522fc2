"""The properties of a user by which CloudWatch counts its mails."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ses_secure_user.cdk.refusal import refusal
from ses_secure_user.cdk.tokens import is_token

if TYPE_CHECKING:
    from collections.abc import Sequence

DIMENSION = "ses:caller-identity"
"""The tag that SES adds to each mail, with the name of the IAM user that sent it."""

_VALUE = re.compile(r"[A-Za-z0-9_.@-]+")


class Sender(NamedTuple):
    """A user and its sending properties.

    Attributes:
        identity: The identity that it sends as, or a list of them: constructs or names.
        configuration_set: The configuration set that it may use: a construct, a name, or None.
        set_name: The name of the configuration set, or None.
        user_name: The name given to the user, or None.
        region: The region in which it sends.
    """

    identity: object
    configuration_set: object
    set_name: str | None
    user_name: str | None
    region: str

    @property
    def identities(self) -> Sequence[object]:
        """The identities that it sends as."""
        return self.identity if isinstance(self.identity, list | tuple) else [self.identity]

    def require_counted(self, region: str) -> str:
        """Return the name of the configuration set that counts its mails.

        Args:
            region: The region of the user's stack.

        Raises:
            ValueError: There is no configuration set, it is not in the region of the stack, or SES does not publish the
                name of the user.
        """
        if self.set_name is None:
            remedy = "SES counts by configuration set: name one, and make it the default of the identity"
            raise refusal("configuration_set", "be given to count the mails", None, remedy)
        if self.region != region and not is_token(self.region) and not is_token(region):
            remedy = "its metric is in that region: deploy the user there, or leave `ses_region` out"
            raise refusal("ses_region", f"be the stack's, {region}, to count the mails", self.region, remedy)
        if self.user_name is not None and not is_token(self.user_name) and not _VALUE.fullmatch(self.user_name):
            remedy = "SES publishes no other values to CloudWatch: leave it out, or choose another name"
            raise refusal("user_name", "be letters, digits and _.@- to count the mails", self.user_name, remedy)
        return self.set_name
