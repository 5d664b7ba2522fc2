"""`audit`: every access key of an account that may send mail, and the impact of a leak of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from botocore.exceptions import ConnectionError as NoConnection

from ses_secure_user.cli.account.ses_account import SesAccount
from ses_secure_user.cli.account.simulator import Simulator
from ses_secure_user.cli.account.users import AccountUser, account_users
from ses_secure_user.cli.claims import Claim, Finding, Judge, Row, Verdict, judged
from ses_secure_user.cli.errors import DENIED, CannotJudgeError, code_of, explained
from ses_secure_user.cli.masking import key_name

from .conditions import conditions_on_mail, keys_of, may_allow
from .places import Reach
from .questions import questions_of
from .worth import Identity, Inquiry, in_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from types_boto3_iam import IAMClient
    from types_boto3_iam.type_defs import AccessKeyMetadataTypeDef

    from ses_secure_user.cli.outside import Aws

    from .worth import Ability, Judgement

PERMISSIONS = "docs/proof.md lists the permissions that audit needs"
NOT_ENABLED = {"UnrecognizedClientException", "InvalidClientTokenId", "AuthFailure", "OptInRequired"}

OTHER_MAIL = "ses:SendEmail"
"""Mail through the SES API, for which an SMTP password cannot be used."""

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
"""Other actions that a secret access key may allow. The SMTP password that is derived from it works for SMTP only."""


@dataclass(frozen=True, slots=True)
class AuditedKey:
    """One access key of a user that may send mail, or for which this could not be judged.

    Attributes:
        user: The key's user.
        key: The key, from ListAccessKeys.
        last_used: The date of its last use and the service; None if IAM reports no use.
        judgements: One judgement for each identity.
        beyond: Other actions that its secret access key allows.
    """

    user: AccountUser
    key: AccessKeyMetadataTypeDef
    last_used: tuple[datetime, str] | None
    judgements: tuple[Judgement, ...]
    beyond: tuple[str, ...] = ()

    @property
    def abilities(self) -> list[Ability]:
        """The mail that the key can send, or may be able to send, as each identity."""
        return [one.worst for one in self.judgements if one.worst]

    @property
    def doubts(self) -> list[str]:
        """The condition keys and other reasons because of which the key cannot be judged."""
        found = dict.fromkeys(doubt for one in self.judgements for doubt in one.doubts)
        return [*found, *(f"the policy {one}, which IAM does not return" for one in self.user.unread)]

    @property
    def name(self) -> str:
        """The name of the user, and the key's last four characters."""
        return f"{self.user.name} {key_name(self.key.get('AccessKeyId', ''))}"

    @property
    def row(self) -> Row:
        """The claim that the key is worth nothing from outside, with its finding."""
        claim: Claim[AuditedKey] = Claim(self.name, "is worth nothing from outside", _worthless)
        return next(judged([claim], self))

    def age(self, now: datetime) -> int | None:
        """Return the age of the key in days."""
        created = self.key.get("CreateDate")
        return (now - created).days if created else None


def _worthless(key: AuditedKey) -> Finding:
    certain = [one.worst for one in key.judgements if one.worst and one.is_certain]
    worst = in_words(key.abilities)
    if any(one.reach is Reach.ANYWHERE for one in certain):
        return Finding.of(Judge.IAM, in_words(certain), holds=False)
    if key.doubts:
        evidence = f"not judged, because it depends on {' and '.join(key.doubts)}; at worst {worst}"
        return Finding(Verdict.NOT_PROVED, (Judge.IAM,), evidence)
    return Finding.of(Judge.IAM, worst, holds=True)


def audited_keys(aws: Aws, regions: Sequence[str], now: datetime, progress: Callable[[str], None]) -> list[AuditedKey]:
    """Judge every access key of the account. Return the worst keys first, and the oldest first among equals.

    Args:
        aws: The account.
        regions: The regions to search for identities. An SMTP password can be derived from a key for any region.
        now: The current time.
        progress: Called with a text before each step.

    Raises:
        CannotJudgeError: A call to AWS failed.
    """
    with explained(PERMISSIONS):
        iam = aws.iam()
        identities = list(_identities(aws, regions, progress))
        users = account_users(iam)
        found = [key for user in users for key in _keys_of(iam, user, identities, now, progress)]
    return sorted(found, key=_badness)


_WORST_FIRST = (Verdict.BROKEN, Verdict.NOT_PROVED, Verdict.PROVED)


def _badness(key: AuditedKey) -> tuple[int, int, str]:
    """Return the sort key: the verdict, then the number of senders, then the age."""
    breadth = sum(1000 if one.anybody else len(one.senders) for one in key.abilities)
    return _WORST_FIRST.index(key.row.finding.verdict), -breadth, str(key.key.get("CreateDate"))


def _keys_of(
    iam: IAMClient, user: AccountUser, identities: Sequence[Identity], now: datetime, progress: Callable[[str], None]
) -> Iterator[AuditedKey]:
    listed = iam.list_access_keys(UserName=user.name)["AccessKeyMetadata"]
    keys = [one for one in listed if one.get("Status") == "Active"]
    if not keys:
        return
    progress(f"Checking {user.name}")
    simulator = Simulator(iam, user.arn, {one.arn: one.policies for one in identities if one.policies})
    judgements = tuple(found for one in identities if (found := _judgement(simulator, user, one, now)))
    if not judgements and not user.unread:
        return
    abilities = [one.worst for one in judgements if one.worst]
    by_api = any(simulator.allows(replace(one.send, action=OTHER_MAIL)) for one in abilities)
    context = abilities[0].send.context if abilities else ()
    beyond = (*([OTHER_MAIL] if by_api else []), *simulator.allowed_actions(BEYOND_MAIL, context))
    for key in keys:
        yield AuditedKey(user, key, _last_used(iam, key), judgements, beyond)


def _judgement(simulator: Simulator, user: AccountUser, identity: Identity, now: datetime) -> Judgement | None:
    """Return the judgement of a user as one identity, or None if the user certainly cannot send as it."""
    documents = (*user.documents, *identity.policies)
    if not user.unread and not may_allow(documents, identity.arn):
        return None
    limited = (*documents, *([user.boundary] if user.boundary else []))
    conditions = conditions_on_mail(limited, identity.arn)
    questions = questions_of(conditions, identity.name, user.facts, now)
    elsewhere = keys_of(limited) - {condition.key.lower() for condition in conditions}
    judgement = Inquiry(simulator, identity, questions).judge(elsewhere)
    return judgement if judgement.worst or judgement.doubts else None


def _last_used(iam: IAMClient, key: AccessKeyMetadataTypeDef) -> tuple[datetime, str] | None:
    used = iam.get_access_key_last_used(AccessKeyId=key.get("AccessKeyId", ""))["AccessKeyLastUsed"]
    date = used.get("LastUsedDate")
    return (date, used["ServiceName"]) if date else None


def _identities(aws: Aws, regions: Sequence[str], progress: Callable[[str], None]) -> Iterator[Identity]:
    """Return the verified identities of each region. A region that is not enabled for the account is skipped."""
    account = aws.account()
    reached = 0
    for region in regions:
        progress(f"Listing identities in {region}")
        ses = SesAccount(aws.ses(region))
        try:
            names = ses.verified
        except NoConnection:
            continue
        except ClientError as error:
            if len(regions) == 1 or code_of(error) not in NOT_ENABLED | DENIED:
                raise
            if code_of(error) in DENIED:
                remedy = "name the regions to check with --region"
                raise CannotJudgeError(f"these credentials may not call SES in {region}: {remedy}") from None
            continue
        reached += 1
        prefix = f"arn:{aws.partition(region)}:ses:{region}:{account}:identity/"
        yield from (Identity(prefix + name, ses.policies(name), ses.default_set(name)) for name in names)
    if not reached:
        raise CannotJudgeError(f"SES cannot be reached in {', '.join(regions)}")
