"""The restrictions of a user, which can be given as constructs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from aws_cdk import Fn

from ses_secure_user.restrictions.marks import is_list_token
from ses_secure_user.restrictions.policy import check_size, policy_document
from ses_secure_user.restrictions.restrict import restrict, restriction_warnings, unknown_networks

from .constructs import TAKES_CONSTRUCTS, names
from .references import check_references, known_identities, reference_warnings
from .refusal import refusal
from .tokens import Place, is_token

if TYPE_CHECKING:
    from ses_secure_user.restrictions.restrict import Restrictions

_OTHER_REGION = "SES verifies identities by region: verify it there, or leave `ses_region` out"
_OTHER_ACCOUNT = "its owner can revoke its use and see the mail: verify it here, or deploy this stack there"


class UserRestrictions(NamedTuple):
    """The restrictions of a user, checked.

    Attributes:
        given: The restrictions, with names in place of constructs.
        region: The region of the identity, through which mail is sent.
        document: The policy document.
        warnings: Pairs of a stable id and a message.
    """

    given: Restrictions
    region: str
    document: dict[str, object]
    warnings: list[tuple[str, str]]

    @property
    def from_address(self) -> str:
        """The first From address."""
        addresses = self.given["from_address"]
        return Fn.select(0, list(addresses)) if is_list_token(addresses) else addresses[0]

    @property
    def unknown_networks(self) -> tuple[str, ...]:
        """All allowed networks if some are known only at deployment, for the function to check."""
        return unknown_networks(self.given)

    @property
    def configuration_set(self) -> str | None:
        """The name of the configuration set, if there is one."""
        return next(iter(self.given["configuration_set"]), None)


def restrict_user(home: Place, ses_region: str | None, **given: Any) -> UserRestrictions:  # noqa: ANN401 - as of `restrict`
    """Check the restrictions of a user, and write its policy.

    Args:
        home: The account, region and partition of the user's stack.
        ses_region: The region to send in. Default: the region of the identity's ARN, else the stack's.
        **given: The values by property, as of `restrict`. Some properties also take constructs.

    Raises:
        ValueError: A restriction is missing or wrong, or the policy is too long. The message names the property, its
            rule and the remedy.
    """
    named = {
        prop: names(prop, value, home.region) if prop in TAKES_CONSTRUCTS else value for prop, value in given.items()
    }
    restrictions = restrict(known=known_identities(named["identity"]), **named)
    check_size(restrictions)
    region = _agreed("region", restrictions.identity_region, ses_region, _OTHER_REGION)
    region = home.region if region is None else region
    account = _agreed("account", restrictions.identity_account, home.account, _OTHER_ACCOUNT) or home.account
    check_references(restrictions.values, region)
    return UserRestrictions(
        given=restrictions,
        region=region,
        document=policy_document(restrictions, partition=home.partition, region=region, account=account),
        warnings=[
            *restriction_warnings(restrictions, given["identity"], given["from_address"]),
            *reference_warnings(restrictions.values, region),
        ],
    )


def _agreed(what: str, of_arn: str | None, expected: str | None, remedy: str) -> str | None:
    """Return the region or account of an identity's ARN if there is one, else the expected one.

    Raises:
        ValueError: The two differ.
    """
    if of_arn is None or expected is None or of_arn == expected:
        return expected if of_arn is None else of_arn
    if is_token(of_arn) or is_token(expected):
        return of_arn
    raise refusal("identity", f"be in {what} {expected}", of_arn, remedy)
