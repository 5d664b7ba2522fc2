"""`audit`: every access key of an account that may send mail, and what a leak of it is worth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from botocore.exceptions import ConnectionError as NoConnection

from ses_secure_user.cli.account.ses_account import SesAccount
from ses_secure_user.cli.account.simulator import Simulator
from ses_secure_user.cli.account.users import AccountUser, account_users
from ses_secure_user.cli.claims import Claim, Finding, Judge, Row, judged
from ses_secure_user.cli.errors import DENIED, CannotJudgeError, code_of, explained
from ses_secure_user.cli.masking import key_name
from ses_secure_user.restrictions.reading import may_allow

from .worth import Ability, Reach, ability, hints_of, in_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from types_boto3_iam import IAMClient
    from types_boto3_iam.type_defs import AccessKeyMetadataTypeDef

    from ses_secure_user.cli.outside import Aws

PERMISSIONS = "docs/proof.md lists what audit needs"
NOT_ENABLED = {"UnrecognizedClientException", "InvalidClientTokenId", "AuthFailure", "OptInRequired"}

OTHER_MAIL = "ses:SendEmail"
"""Mail by SES's HTTPS API, which an SMTP password does not open."""

BEYOND_MAIL = (
    "ses:DeleteIdentity",
    "iam:CreateUser",
    "iam:CreateAccessKey",
    "sts:AssumeRole",
    "s3:GetObject",
    "secretsmanager:GetSecretValue",
    "lambda:InvokeFunction",
    "ec2:RunInstances",
)
"""What else a secret access key may open; the SMTP password that is derived from it opens SMTP alone."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A verified identity: its ARN, and the policies by which its owner lets others send."""

    arn: str
    policies: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class AuditedKey:
    """One access key of a user who may send mail.

    Attributes:
        user: Whose it is.
        key: What IAM lists of it.
        last_used: When, and for which service; None where IAM knows of no use.
        abilities: What it can send.
        beyond: What else its secret access key may do.
    """

    user: AccountUser
    key: AccessKeyMetadataTypeDef
    last_used: tuple[datetime, str] | None
    abilities: tuple[Ability, ...]
    beyond: tuple[str, ...]

    @property
    def reach(self) -> Reach:
        """The places from where the key can send."""
        return max((one.reach for one in self.abilities), default=Reach.NOWHERE)

    @property
    def name(self) -> str:
        """The user, and the key's last four characters."""
        return f"{self.user.name} {key_name(self.key.get('AccessKeyId', ''))}"

    @property
    def row(self) -> Row:
        """The claim that the key is worth nothing from outside, with its finding."""
        claim: Claim[AuditedKey] = Claim(self.name, "is worth nothing from outside", _worthless)
        return next(judged([claim], self))

    @property
    def replacement(self) -> str:
        """The construct that replaces the key, as far as it can be determined."""
        domains = list(dict.fromkeys(one.identity for one in self.abilities))
        identity = f'"{domains[0]}"' if len(domains) == 1 else f"one of {', '.join(domains)}"
        senders = list(dict.fromkeys(sender for one in self.abilities for sender in one.senders))
        sender = f'"{senders[0]}"' if len(senders) == 1 else "…"
        return f"SecureSesSmtpUser(…, identity={identity}, from_address={sender}, allowed_cidrs=[…])"

    def age(self, now: datetime) -> int | None:
        """Return the age of the key in days."""
        created = self.key.get("CreateDate")
        return (now - created).days if created else None


def _worthless(key: AuditedKey) -> Finding:
    return Finding.of(Judge.IAM, in_words(key.abilities), holds=key.reach is not Reach.ANYWHERE)


def audited_keys(aws: Aws, regions: Sequence[str], progress: Callable[[str], None]) -> list[AuditedKey]:
    """Judge every key of the account. Return the worst first, and the oldest first among equals.

    Args:
        aws: The account.
        regions: Where to look for identities: a key is good for every region's endpoint.
        progress: Called with a text before each question.

    Raises:
        CannotJudgeError: AWS cannot be asked.
    """
    with explained(PERMISSIONS):
        iam = aws.iam()
        identities = list(_identities(aws, regions, progress))
        users = account_users(iam)
        found = [key for user in users for key in _keys_of(iam, user, identities, progress)]
    return sorted(found, key=lambda one: (-one.reach, -_breadth(one), str(one.key.get("CreateDate"))))


def _breadth(key: AuditedKey) -> int:
    """Return how much a key can send as: a whole domain counts for more than any number of addresses."""
    return sum(1000 if one.anybody else len(one.senders) for one in key.abilities)


def _keys_of(
    iam: IAMClient, user: AccountUser, identities: Sequence[Identity], progress: Callable[[str], None]
) -> Iterator[AuditedKey]:
    listed = iam.list_access_keys(UserName=user.name)["AccessKeyMetadata"]
    keys = [one for one in listed if one.get("Status") == "Active"]
    if not keys:
        return
    progress(f"What can {user.name} send?")
    simulator = Simulator(iam, user.arn, {one.arn: one.policies for one in identities if one.policies})
    hints = hints_of((*user.documents, *([user.boundary] if user.boundary else [])))
    asked = [one for one in identities if not user.complete or may_allow((*user.documents, *one.policies), one.arn)]
    abilities = tuple(found for one in asked if (found := ability(simulator, one.arn, hints)))
    if not abilities:
        return
    by_api = any(simulator.allows(replace(one.send, action=OTHER_MAIL)) for one in abilities)
    beyond = (*([OTHER_MAIL] if by_api else []), *simulator.allowed_actions(BEYOND_MAIL))
    for key in keys:
        yield AuditedKey(user, key, _last_used(iam, key), abilities, beyond)


def _last_used(iam: IAMClient, key: AccessKeyMetadataTypeDef) -> tuple[datetime, str] | None:
    used = iam.get_access_key_last_used(AccessKeyId=key.get("AccessKeyId", ""))["AccessKeyLastUsed"]
    date = used.get("LastUsedDate")
    return (date, used["ServiceName"]) if date else None


def _identities(aws: Aws, regions: Sequence[str], progress: Callable[[str], None]) -> Iterator[Identity]:
    """Return the verified identities of each region. A region that is not enabled for the account has none."""
    account = aws.account()
    reached = 0
    for region in regions:
        progress(f"Identities in {region}")
        ses = SesAccount(aws.ses(region))
        try:
            names = ses.verified
        except NoConnection:
            continue
        except ClientError as error:
            if len(regions) == 1 or code_of(error) not in NOT_ENABLED | DENIED:
                raise
            if code_of(error) in DENIED:
                remedy = "name the regions to look at with --region"
                raise CannotJudgeError(f"these credentials may not ask SES in {region}: {remedy}") from None
            continue
        reached += 1
        prefix = f"arn:{aws.partition(region)}:ses:{region}:{account}:identity/"
        yield from (Identity(prefix + name, ses.policies(name)) for name in names)
    if not reached:
        raise CannotJudgeError(f"SES cannot be reached in {', '.join(regions)}")
