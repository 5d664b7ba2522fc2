"""A user as it was declared to send, and whether its mails can be counted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ses_secure_user.cdk.refusal import refusal
from ses_secure_user.cdk.tokens import is_token

if TYPE_CHECKING:
    from collections.abc import Sequence

DIMENSION = "ses:caller-identity"
"""The tag that SES itself puts on each mail: the IAM user that sent it."""

_VALUE = re.compile(r"[A-Za-z0-9_.@-]+")


class Sender(NamedTuple):
    """A user, as it was declared.

    Attributes:
        identity: The identity that it sends as, or a list of them: constructs or names.
        configuration_set: The set it may use: a construct, a name, or None.
        set_name: The set's name.
        user_name: The name chosen for the user, or None.
        region: The region that it sends in.
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
        """Return the name of its configuration set.

        Args:
            region: Its stack's region.

        Raises:
            ValueError: There is no configuration set, it is in another region than the stack, or the user's name is
                none that SES publishes.
        """
        if self.set_name is None:
            remedy = "SES counts by configuration set: name one, and make it the default of the identity"
            raise refusal("configuration_set", "be given to count what is sent", None, remedy)
        if self.region != region and not is_token(self.region) and not is_token(region):
            remedy = "the configuration set and its metric are there: deploy the user there, or leave `ses_region` out"
            raise refusal("ses_region", f"be the stack's, {region}, to count what is sent", self.region, remedy)
        if self.user_name is not None and not is_token(self.user_name) and not _VALUE.fullmatch(self.user_name):
            remedy = "SES publishes no other value to CloudWatch: leave it out, or choose another"
            raise refusal("user_name", "be letters, digits and _.@- to count what is sent", self.user_name, remedy)
        return self.set_name
