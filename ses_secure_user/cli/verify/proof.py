"""`verify`, from the search for the login to the judgement of all claims."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ses_secure_user.cli.account.login_secret import LoginSecret
from ses_secure_user.cli.account.ses_account import SesAccount
from ses_secure_user.cli.account.simulator import Simulator
from ses_secure_user.cli.account.smtp_user import SmtpUser
from ses_secure_user.cli.account.user_policy import policy_of
from ses_secure_user.cli.claims import Row, judged
from ses_secure_user.cli.errors import explained
from ses_secure_user.cli.masking import masked

from .drift_claims import drift_claims
from .known import Expected, Known
from .mail_claims import mail_claims, observations
from .network_claims import network_claims
from .place import Place, find_place
from .postbox import Postbox
from .tried import Tried

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from types_boto3_iam import IAMClient

    from ses_secure_user.cli.outside import Aws, Outside
    from ses_secure_user.restrictions.reading import Deployed

GRANT = "`mailer.grant_verify(role)` grants the permissions"


@dataclass(frozen=True, slots=True)
class Options:
    """The options of the command line.

    Attributes:
        secret_id: The secret's name or ARN.
        inside: True if mail from this machine comes from an allowed network; None to determine it.
        recipient: The recipient of test mail; None for the SES mailbox simulator.
        expected: Expectations that the user's tags and policies do not declare.
    """

    secret_id: str
    inside: bool | None = None
    recipient: str | None = None
    expected: Expected = field(default_factory=Expected)


def trial_of(aws: Aws, outside: Outside, options: Options) -> Tried:
    """Collect the facts by which the claims are judged.

    Raises:
        CannotJudgeError: The login does not exist, or a request failed.
    """
    with explained(GRANT):
        secret = LoginSecret.of(aws.secrets(), options.secret_id)
        iam = aws.iam()
        user = _user(iam, secret.user_name)
        declaration = user.declaration(secret.arn)
        policy_arn, document, restrictions = policy_of(user)
        ses = SesAccount(aws.ses(restrictions.region))
        ses.check_sending()
        known = Known(
            secret=secret,
            user=user,
            declaration=declaration,
            ses=ses,
            policy_arn=policy_arn,
            document=document,
            restrictions=restrictions,
            place=_place(options, restrictions, outside),
            expected=options.expected,
            now=outside.now(),
            sleep=outside.sleep,
        )
        postbox = Postbox(declaration, ses.seconds_between_mails, outside.clock, outside.sleep)
        simulator = Simulator(iam, user.arn, _resource_policies(ses, restrictions))
        # Requested now, so that an error comes before any mail is sent.
        _ = known.identity, known.current
        return Tried(known, postbox, simulator, options.recipient)


def rows_of(tried: Tried) -> Iterator[Row]:
    """Judge all claims, the mails first.

    Raises:
        CannotJudgeError: A request failed.
    """
    with explained(GRANT):
        yield from judged(mail_claims(tried), tried)
        yield from judged(network_claims(tried), tried)
        yield from judged(drift_claims(tried.known), tried.known)
        yield from judged(observations(tried), tried)


def _user(iam: IAMClient, name: str) -> SmtpUser:
    with explained(f"the secret names the user {masked(name)}, and {GRANT} for its own user only"):
        return SmtpUser.of(iam, name)


def _place(options: Options, restrictions: Deployed, outside: Outside) -> Place:
    if options.inside is None:
        return find_place(restrictions, outside.address)
    return Place(options.inside, f"--{'inside' if options.inside else 'outside'} is set")


def _resource_policies(ses: SesAccount, restrictions: Deployed) -> dict[str, list[Mapping[str, Any]]]:
    found = {restrictions.arn("identity", name): ses.policies(name) for name in restrictions.identities}
    return {arn: policies for arn, policies in found.items() if policies}
