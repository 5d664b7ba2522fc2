"""Claims about mail, judged by SES if it accepts mail from this machine, and otherwise by the IAM policy simulator.

A refusal proves a restriction only if a control, a mail that differs in one value, is accepted. From outside the
networks every mail is refused, so SES's refusals prove only the network restriction there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ses_secure_user.cli.claims import Claim, Finding, Judge, Verdict
from ses_secure_user.cli.errors import CannotJudgeError
from ses_secure_user.cli.masking import key_name, masked
from ses_secure_user.restrictions.moments import FORMAT
from ses_secure_user.restrictions.rows import ACTION

from .place import UNKNOWN
from .tried import MAILBOX_SIMULATOR

if TYPE_CHECKING:
    from ses_secure_user.cli.account.login_secret import Login
    from ses_secure_user.cli.account.simulator import Send
    from ses_secure_user.restrictions.rows import Row

    from .postbox import Reply
    from .tried import Tried

UNVERIFIED = "ses-secure-user.example"


def mail_claims(tried: Tried) -> list[Claim[Tried]]:
    """Return the claims about mail that apply to this login."""
    known = tried.known
    found = [Claim("login-current", "the current login is accepted", _current)]
    if known.previous:
        found.append(Claim("login-previous", "the previous login is accepted", _previous))
    if known.stranger:
        found.append(Claim("login-previous", "the previous login, whose key is not the user's, is refused", _stranger))
    found.append(Claim("allowed-mail", f"mail as {known.from_address} from inside is accepted", _allowed))
    if not tried.inside and tried.fair:
        found.append(
            Claim("refused-from-here", "the same mail from this machine, outside, is refused", _refused_from_here)
        )
    found.append(Claim("other-identity", "mail as another identity is refused", _other_identity))
    for row in known.purposes:
        refused = row.refused.format(other=known.others(row.prop)[0])
        found.append(Claim(f"other-{row.claim}", f"{refused} is refused", _Other(row)))
    return found


def observations(tried: Tried) -> list[Claim[Tried]]:
    """Return claims about behavior that AWS does not document. No answer is wrong."""
    found = []
    if tried.sends and not tried.known.restrictions["feedback_address"]:
        found.append(Claim("envelope", "does SES check the envelope sender as well as the From header?", _envelope))
    if tried.sends:
        found.append(Claim("from-case", "is the From address case-sensitive?", _from_case))
    if tried.known.place.inside is False and not tried.distrust:
        found.append(Claim("login-outside", "does SES check the network at login?", _login_outside))
    return [*found, Claim("last-used", "does an SMTP login count as a use of the access key?", _last_used)]


def _current(tried: Tried) -> Finding:
    return _login(tried, tried.known.current)


def _previous(tried: Tried) -> Finding:
    return _login(tried, tried.known.previous or tried.known.current)


def _stranger(tried: Tried) -> Finding:
    """Judge a previous login whose key is not the user's. Its refusal counts if the current login is accepted."""
    login = tried.known.stranger or tried.known.current
    if reason := tried.postbox.distrust(login):
        return Finding(Verdict.NOT_PROVED, (Judge.SECRETS_MANAGER,), f"not tried: {reason}")
    reply, key = tried.postbox.log_in(login), f"key {key_name(login.key_id)}"
    if reply.accepted:
        return _answered(Verdict.BROKEN, reply, f"{key} is not the user's", "; rotate the secret, and delete the key")
    if not tried.distrust and tried.current_answer.accepted:
        return _answered(Verdict.PROVED, reply, key, "; the current login is accepted")
    return _answered(Verdict.NOT_PROVED, reply, "the network may be the reason; run this from inside")


def _login(tried: Tried, login: Login) -> Finding:
    if reason := tried.postbox.distrust(login):
        return Finding(Verdict.NOT_PROVED, (Judge.SECRETS_MANAGER,), f"not tried: {reason}")
    reply = tried.current_answer if login is tried.known.current else tried.postbox.log_in(login)
    key = f"key {key_name(login.key_id)}"
    states = {one.get("AccessKeyId"): one.get("Status") for one in tried.known.user.keys}
    if reply.accepted and login.key_id in states:
        return _answered(Verdict.PROVED, reply, key)
    if states.get(login.key_id) != "Active":
        gone = "is deactivated" if login.key_id in states else "is not the user's"
        return _answered(Verdict.BROKEN, reply, f"{key} {gone}")
    if tried.known.place.inside:
        return _answered(Verdict.BROKEN, reply, f"{key} is active")
    return _answered(Verdict.NOT_PROVED, reply, "the network or the password may be the reason; run this from inside")


def _allowed(tried: Tried) -> Finding:
    if not (tried.inside and tried.fair):
        evidence = f"{_said(tried.allowed_by_iam)} from {tried.question.origin}{_why_not_tried(tried)}"
        return Finding.of(Judge.IAM, evidence, holds=tried.allowed_by_iam)
    reply = tried.control
    if reply.accepted or (reply.denied and not _about_sandbox(tried, reply)):
        return _answered(Verdict.PROVED if reply.accepted else Verdict.BROKEN, reply, after=_hint(tried, reply))
    if reply.step == "AUTH":
        return _answered(Verdict.BROKEN, reply)
    sandbox = "is in SES's sandbox and " if tried.known.ses.in_sandbox else ""
    raise CannotJudgeError(f"the account {sandbox}cannot send to {tried.mail.recipient}: {reply.words}")


def _why_not_tried(tried: Tried) -> str:
    if reason := tried.distrust:
        return f"; not tried: {reason}"
    return "" if tried.fair else "; use --recipient to test this with SES"


def _about_sandbox(tried: Tried, reply: Reply) -> bool:
    """Return whether SES refuses the identity of the recipient, as it does in the sandbox."""
    return bool(reply.denied and reply.denied[1].endswith(f"/{tried.mail.recipient}"))


def _hint(tried: Tried, reply: Reply) -> str:
    ended = [one for one in tried.known.restrictions["valid_until"] if f"{tried.known.now:{FORMAT}}" >= one]
    if reply.denied and ended:
        return f": the login expired at {ended[0]} (`valid_until`)"
    if reply.denied and ":configuration-set/" in reply.denied[1]:
        return ": `configuration_set` must be the identity's default configuration set"
    return ""


def _refused_from_here(tried: Tried) -> Finding:
    reply = tried.control
    if tried.known.place.inside is None:
        return _answered(Verdict.NOT_PROVED, reply, f"{tried.known.place.because}, so {UNKNOWN}")
    return _refused_by_ses(reply, control=tried.allowed_by_iam, beside="IAM allows it from inside")


class _Other:
    """A judge of a value that a restriction does not allow: SES if mail can have it, otherwise IAM."""

    def __init__(self, row: Row) -> None:
        self._row = row

    def __call__(self, tried: Tried) -> Finding:
        prop, known = self._row.prop, tried.known
        other = known.others(prop)[0]
        if prop == "allowed_recipients":
            by_ses = not tried.may_mail_simulator  # test mail is never sent to another recipient
            mailed = MAILBOX_SIMULATOR
        else:
            by_ses = prop in tried.mail.told and (prop != "from_address" or known.ses.identity_of(other) is not None)
            mailed = other
        if tried.sends and by_ses:
            return _by_ses(tried, **{prop: mailed})
        return _by_iam(tried, tried.question.but(**{prop: other}))


def _other_identity(tried: Tried) -> Finding:
    """Judge another identity. IAM is sent the allowed From address, and SES an address of the other identity."""
    other = tried.known.other_identity
    arn = tried.known.restrictions.arn("identity", other or UNVERIFIED)
    by_iam = _by_iam(tried, replace(tried.question, resources=(arn,)))
    if not tried.sends or other is None or by_iam.verdict is not Verdict.PROVED:
        return by_iam
    address = other if "@" in other else f"stranger@{other}"
    by_ses = _by_ses(tried, from_address=address)
    return replace(by_ses, by=(Judge.SES, Judge.IAM), evidence=f"as {masked(address)}: {by_ses.evidence}")


def _by_ses(tried: Tried, **changed: str) -> Finding:
    return _refused_by_ses(tried.reply(**changed), control=True, beside="control accepted")


def _refused_by_ses(reply: Reply, *, control: bool, beside: str) -> Finding:
    if reply.accepted:
        return _answered(Verdict.BROKEN, reply, "accepted")
    if control and reply.denied and reply.denied[0] == ACTION:
        return _answered(Verdict.PROVED, reply, after=f"; {beside}")
    return _answered(Verdict.NOT_PROVED, reply, "refused, but possibly not by the policy")


def _by_iam(tried: Tried, send: Send) -> Finding:
    if not tried.allowed_by_iam:
        return Finding(Verdict.NOT_PROVED, (Judge.IAM,), "IAM denies the allowed mail too")
    allowed = tried.simulator.allows(send)
    return Finding.of(Judge.IAM, f"{_said(allowed)}; control allowed", holds=not allowed)


def _said(allowed: bool) -> str:  # noqa: FBT001 - the value to describe
    return "allowed" if allowed else "denied"


def _envelope(tried: Tried) -> Finding:
    return _observed(tried.reply(feedback_address=tried.known.other_address), yes="yes", no="no")


def _from_case(tried: Tried) -> Finding:
    local, _, domain = tried.known.from_address.partition("@")
    return _observed(tried.reply(from_address=f"{local.swapcase()}@{domain}"), yes="yes", no="no")


def _observed(reply: Reply, *, yes: str, no: str) -> Finding:
    said = (no if reply.accepted else yes) if reply.accepted or reply.denied else "unknown"
    return _answered(Verdict.OBSERVED, reply, said)


def _login_outside(tried: Tried) -> Finding:
    reply = tried.current_answer
    return _answered(Verdict.OBSERVED, reply, "no" if reply.accepted else "possibly")


def _last_used(tried: Tried) -> Finding:
    used, service = tried.known.user.last_used(tried.known.current.key_id)
    when = f"last used {used:%Y-%m-%d %H:%M} UTC for {service}" if used else "no use is reported"
    return Finding(Verdict.OBSERVED, (Judge.IAM,), when)


def _answered(verdict: Verdict, reply: Reply, before: str = "", after: str = "") -> Finding:
    evidence = f"{before}{': ' if before else ''}{reply.evidence}{after}"
    return Finding(verdict, (Judge.SES,), evidence, reply.words)
