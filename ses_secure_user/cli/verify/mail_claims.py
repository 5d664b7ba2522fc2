"""What may be sent, judged by SES where mail is accepted from here, and by IAM's simulator where it is not.

A refusal counts only beside an accepted control that differs in one thing. From outside every mail is refused, so
there SES's refusals prove the networks and nothing else.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ses_secure_user.cli.account.policy_reading import ACTION
from ses_secure_user.cli.claims import Claim, Finding, Judge, Verdict
from ses_secure_user.cli.errors import CannotJudgeError
from ses_secure_user.cli.masking import key_name, masked

from .case import MAILBOX_SIMULATOR
from .place import UNKNOWN

if TYPE_CHECKING:
    from ses_secure_user.cli.account.login_secret import Login

    from .case import Case
    from .postbox import Reply

UNVERIFIED = "ses-secure-user.example"
OTHER_RECIPIENT = f"person@{UNVERIFIED}"


def mail_claims(case: Case) -> list[Claim[Case]]:
    """The claims that can be made of this login."""
    sender, restrictions = case.from_address, case.restrictions
    found = [Claim("login-current", "the current login is accepted", _current)]
    if case.previous:
        found.append(Claim("login-previous", "so is the previous one", _previous))
    found.append(Claim("allowed-mail", f"mail as {sender} from inside is accepted", _allowed))
    if not case.inside and case.fair:
        found.append(Claim("refused-from-here", "the same mail from here, outside, is refused", _refused_from_here))
    found.append(Claim("other-from", f"mail as {case.other_address} is refused", _other_from))
    found.append(Claim("other-identity", "mail as another identity is refused", _other_identity))
    if restrictions.recipients:
        found.append(Claim("other-recipient", "mail to another recipient is refused", _other_recipient))
    if restrictions.feedback_address:
        found.append(Claim("other-return-path", "mail with another Return-Path is refused", _other_return_path))
    return found


def observations(case: Case) -> list[Claim[Case]]:
    """What AWS does not document and a mail or a login from here shows; neither answer breaks anything."""
    found = []
    if case.sends and not case.restrictions.feedback_address:
        found.append(Claim("envelope", "is the envelope's sender judged, beside the From header?", _envelope))
    if case.sends:
        found.append(Claim("from-case", "does the case of the From address count?", _from_case))
    if case.place.inside is False and not case.postbox.distrust(case.current):
        found.append(Claim("login-outside", "is a login judged by its network?", _login_outside))
    return [*found, Claim("last-used", "does a login over SMTP count as use of the key?", _last_used)]


def _current(case: Case) -> Finding:
    return _login(case, case.current)


def _previous(case: Case) -> Finding:
    return _login(case, case.previous or case.current)


def _login(case: Case, login: Login) -> Finding:
    if reason := case.postbox.distrust(login):
        return Finding(Verdict.NOT_PROVED, (Judge.SECRETS_MANAGER,), f"not tried: {reason}")
    reply = case.postbox.log_in(login)
    key = f"key {key_name(login.key_id)}"
    states = {one.get("AccessKeyId"): one.get("Status") for one in case.user.keys}
    if reply.accepted and login.key_id in states:
        return _answered(Verdict.PROVED, reply, key)
    if states.get(login.key_id) != "Active":
        gone = "is deactivated" if login.key_id in states else "is not the user's"
        return _answered(Verdict.BROKEN, reply, f"{key} {gone}")
    if case.place.inside:
        return _answered(Verdict.BROKEN, reply, f"{key} is active")
    return _answered(Verdict.NOT_PROVED, reply, "the network or the password may be why; ask from inside")


def _allowed(case: Case) -> Finding:
    if not (case.inside and case.fair):
        evidence = f"{_said(case.allowed_by_iam)} from {case.question.origin}{_why_not_tried(case)}"
        return Finding.of(Judge.IAM, evidence, holds=case.allowed_by_iam)
    reply = case.control
    if reply.accepted or (reply.denied and not _about_sandbox(case, reply)):
        return _answered(Verdict.PROVED if reply.accepted else Verdict.BROKEN, reply, after=_hint(reply))
    if reply.step == "AUTH":
        return _answered(Verdict.BROKEN, reply)
    sandbox = "is in SES's sandbox and " if case.ses.in_sandbox else ""
    raise CannotJudgeError(f"the account {sandbox}cannot send to {case.mail.recipient}: {reply.words}")


def _why_not_tried(case: Case) -> str:
    if reason := case.postbox.distrust(case.current):
        return f"; not tried: {reason}"
    return "" if case.fair else "; give --recipient to have SES judge"


def _about_sandbox(case: Case, reply: Reply) -> bool:
    """Whether it is the recipient that is not authorized, as in the sandbox."""
    return bool(reply.denied and reply.denied[1].endswith(f"/{case.mail.recipient}"))


def _hint(reply: Reply) -> str:
    if reply.denied and ":configuration-set/" in reply.denied[1]:
        return ": `configuration_set` must name the identity's default set"
    return ""


def _refused_from_here(case: Case) -> Finding:
    reply = case.control
    if case.place.inside is None:
        return _answered(Verdict.NOT_PROVED, reply, f"{case.place.because}, so {UNKNOWN}")
    return _refused_by_ses(reply, control=case.allowed_by_iam, beside="allowed from inside, by IAM")


def _other_from(case: Case) -> Finding:
    identity = case.ses.identity_of(case.other_address)
    if case.sends and identity:
        return _by_ses(case, from_address=case.other_address)
    return _by_iam(case, from_address=case.other_address)


def _other_identity(case: Case) -> Finding:
    """By IAM with the allowed From address, which differs in the identity alone; by SES as that identity itself."""
    other = case.other_identity
    arn = case.restrictions.arn("identity", other or UNVERIFIED)
    by_iam = _by_iam(case, resources=(arn,))
    if not case.sends or other is None or by_iam.verdict is not Verdict.PROVED:
        return by_iam
    address = other if "@" in other else f"stranger@{other}"
    by_ses = _by_ses(case, from_address=address)
    return replace(by_ses, by=(Judge.SES, Judge.IAM), evidence=f"as {masked(address)}: {by_ses.evidence}")


def _other_recipient(case: Case) -> Finding:
    if case.sends and not case.may_mail_simulator:
        return _by_ses(case, recipient=MAILBOX_SIMULATOR)
    return _by_iam(case, recipients=(OTHER_RECIPIENT,))


def _other_return_path(case: Case) -> Finding:
    if case.sends:
        return _by_ses(case, return_path=case.other_address)
    return _by_iam(case, feedback_address=case.other_address)


def _by_ses(case: Case, **changed: str) -> Finding:
    return _refused_by_ses(case.reply(**changed), control=True, beside="control accepted")


def _refused_by_ses(reply: Reply, *, control: bool, beside: str) -> Finding:
    if reply.accepted:
        return _answered(Verdict.BROKEN, reply, "accepted")
    if control and reply.denied and reply.denied[0] == ACTION:
        return _answered(Verdict.PROVED, reply, after=f"; {beside}")
    return _answered(Verdict.NOT_PROVED, reply, "refused, but not shown to be by the policy")


def _by_iam(case: Case, **changed: Any) -> Finding:  # noqa: ANN401 - any part of a Send
    if not case.allowed_by_iam:
        return Finding(Verdict.NOT_PROVED, (Judge.IAM,), "IAM denies the allowed mail too")
    allowed = case.simulator.allows(replace(case.question, **changed))
    return Finding.of(Judge.IAM, f"{_said(allowed)}; control allowed", holds=not allowed)


def _said(allowed: bool) -> str:  # noqa: FBT001 - a word for it
    return "allowed" if allowed else "denied"


def _envelope(case: Case) -> Finding:
    return _observed(case.reply(return_path=case.other_address), yes="it is", no="it is not")


def _from_case(case: Case) -> Finding:
    local, _, domain = case.from_address.partition("@")
    return _observed(case.reply(from_address=f"{local.swapcase()}@{domain}"), yes="it does", no="it does not")


def _observed(reply: Reply, *, yes: str, no: str) -> Finding:
    said = (no if reply.accepted else yes) if reply.accepted or reply.denied else "another answer"
    return _answered(Verdict.OBSERVED, reply, said)


def _login_outside(case: Case) -> Finding:
    reply = case.postbox.log_in(case.current)
    return _answered(Verdict.OBSERVED, reply, "it is not" if reply.accepted else "it may be")


def _last_used(case: Case) -> Finding:
    used, service = case.user.last_used(case.current.key_id)
    when = f"last used {used:%Y-%m-%d %H:%M} UTC for {service}" if used else "IAM knows of no use"
    return Finding(Verdict.OBSERVED, (Judge.IAM,), when)


def _answered(verdict: Verdict, reply: Reply, before: str = "", after: str = "") -> Finding:
    evidence = f"{before}{': ' if before else ''}{reply.evidence}{after}"
    return Finding(verdict, (Judge.SES,), evidence, reply.words)
