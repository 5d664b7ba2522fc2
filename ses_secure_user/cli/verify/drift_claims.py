"""Claims that the user, its policy and its secret are as deployed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from ses_secure_user.cli.claims import Claim, Finding, Judge, Verdict
from ses_secure_user.cli.errors import DENIED, code_of
from ses_secure_user.cli.masking import key_name, masked
from ses_secure_user.functions.issuer.contract import CREATED_TAG, REVOKED_TAG, SECRET_FIELDS
from ses_secure_user.restrictions.reading import deviations, has_denials

from .rotation_claims import rotation_claims, stored

if TYPE_CHECKING:
    from ses_secure_user.cli.account.login_secret import Login

    from .known import Known

QUARANTINE = "AWSCompromisedKeyQuarantine"
"""The policy that AWS attaches to a user whose key was found in public. A version follows the name."""


def drift_claims(known: Known) -> list[Claim[Known]]:
    """Return the claims that compare the user, its policy and its secret with the construct's resources."""
    return [
        Claim("policy", "the policy is as the construct writes it", _policy),
        Claim("boundary", _held_by(known), _boundary),
        Claim("own-policies", "the user itself has no other policy", _own_policies),
        Claim("leak", "AWS has not found a key of the user in public", _leak),
        Claim("keys", "the secret holds every access key of the user", _keys),
        Claim("other-credentials", "the user has no other credentials", _other_credentials),
        Claim("revoked", "the login was not revoked", _revoked),
        Claim("tags", "the user's tags have not changed since the login was issued", _tags),
        Claim("secret", "the secret's fields match the user's tags", _secret),
        *rotation_claims(known),
    ]


def _held_by(known: Known) -> str:
    is_ours = known.expected.boundary in {None, known.policy_arn}
    return "boundary and group have only this policy" if is_ours else "the group has it, behind the expected boundary"


def _policy(known: Known) -> Finding:
    found = deviations(known.document, known.restrictions)
    return _iam("; ".join(found) or "all statements match", holds=not found)


def _boundary(known: Known) -> Finding:
    user, faults = known.user, [_fault_of_boundary(known)]
    if len(user.groups) != 1:
        faults.append(f"the user is in {len(user.groups)} groups: {', '.join(user.groups)}")
    elif user.group_policies != [known.policy_arn]:
        faults.append(f"the group has {_names(user.group_policies)}")
    return _iam("; ".join(filter(None, faults)) or _held(known), holds=not any(faults))


def _fault_of_boundary(known: Known) -> str:
    found, expected = known.user.boundary, known.expected.boundary
    if found is None:
        return "the user has no permissions boundary"
    if found == (expected or known.policy_arn):
        return ""
    if expected:
        return f"the boundary is {found}, expected {expected}"
    remedy = "if your organization requires it, use --expect-boundary ARN"
    return f"the boundary is {found}, not the user's policy; {remedy}"


def _held(known: Known) -> str:
    """Return the evidence that the policy applies, and how far another boundary weakens it."""
    if known.user.boundary == known.policy_arn:
        return "the same policy in both, and no other"
    held = f"the group has the policy, the boundary is {known.user.boundary}"
    if known.policy_arn in known.user.own_policies:
        return f"{held}; the policy is also attached to the user, so its denials apply without the group"
    if _boundary_denies(known):
        return f"{held}, which has the same denials"
    return (
        f"{held}, which is weaker: the denials apply only while the user is in the group; attach the policy to the user"
        " too, or add its denials to the boundary"
    )


def _boundary_denies(known: Known) -> bool:
    """Return whether the boundary has the policy's denials. Return False if it may not be read."""
    try:
        document = known.user.document(known.user.boundary or "")
    except ClientError as error:
        if code_of(error) in DENIED:
            return False
        raise
    return has_denials(document, known.restrictions)


def _names(policies: list[str]) -> str:
    return ", ".join(map(_name, policies)) or "nothing"


def _name(policy: str) -> str:
    return policy.rpartition("/")[2]


def _own_policies(known: Known) -> Finding:
    """Judge the policies of the user itself. The group's policy may also be attached to the user."""
    others = [one for one in known.user.own_policies if one != known.policy_arn]
    found = [one for one in map(_name, others) if not one.startswith(QUARANTINE)]
    return _iam(f"it has {', '.join(found)}" if found else "none attached or inline", holds=not found)


def _leak(known: Known) -> Finding:
    found = [one for one in map(_name, known.user.own_policies) if one.startswith(QUARANTINE)]
    leak = f"AWS attached {', '.join(found)}: a key LEAKED; run ses-secure-user revoke to delete it"
    return _iam(leak if found else "no quarantine policy is attached", holds=not found)


def _keys(known: Known) -> Finding:
    existing = [key.get("AccessKeyId", "") for key in known.user.keys]
    labelled = {login.key_id for login in (known.current, known.previous) if login}
    stored = labelled if labelled >= set(existing) else labelled | known.secret.known_keys()
    strangers = [key_name(one) for one in existing if one not in stored]
    inactive = [key_name(key.get("AccessKeyId", "")) for key in known.user.keys if key.get("Status") != "Active"]
    faults = [f"{', '.join(strangers)} not in any version of the secret"] if strangers else []
    faults += [f"{', '.join(inactive)} deactivated"] if inactive else []
    return _iam("; ".join(faults) or ", ".join(map(key_name, existing)), holds=not faults)


def _other_credentials(known: Known) -> Finding:
    found = known.user.other_credentials
    return _iam(f"it has {', '.join(found)}" if found else "none", holds=not found)


def _revoked(known: Known) -> Finding:
    revoked = known.secret.journal.is_revoked
    evidence = (
        f"revoked, according to the secret's tag {REVOKED_TAG}…" if revoked else "the secret has no revocation tag"
    )
    return stored(evidence, holds=not revoked)


def _tags(known: Known) -> Finding:
    """Compare the digest of the user's tags with the one that the secret's journal holds for the login."""
    declared, issued = known.declaration, known.secret.journal.digest
    by = (Judge.IAM, Judge.SECRETS_MANAGER)
    if declared.fault:
        return Finding(Verdict.BROKEN, by, masked(declared.fault))
    if issued is None:
        return Finding(Verdict.NOT_PROVED, by, f"the secret has no tag {CREATED_TAG}… to compare them with")
    if declared.digest != issued:
        evidence = "they were changed later, or a deployment is in progress"
        return Finding(Verdict.BROKEN, by, f"{evidence}: {declared.digest}, issued for {issued}")
    return Finding(Verdict.PROVED, by, f"{declared.host}:{declared.port}")


def _secret(known: Known) -> Finding:
    """Compare the secret's fields with the user's tags. The evidence never shows the password."""
    declared = known.declaration
    if declared.fault:
        return Finding(Verdict.NOT_PROVED, (Judge.SECRETS_MANAGER,), f"not compared: {masked(declared.fault)}")
    faults = _faults(known, known.current)
    if known.previous:
        faults += [f"previous login: {one}" for one in _faults(known, known.previous)]
    return stored("; ".join(faults) or "all fields match", holds=not faults)


def _faults(known: Known, login: Login) -> list[str]:
    declared = known.declaration
    expected = declared.value(known.user.name, login.key_id, login.password)
    faults = [
        "url does not match the other fields"
        if name == "url"
        else masked(f"{name} is {login.value.get(name)!r}, the tags require {expected[name]!r}")
        for name in SECRET_FIELDS
        if login.value.get(name) != expected[name]
    ]
    return faults if faults or declared.fits(login.value) else ["the additional fields do not match the tags"]


def _iam(evidence: str, *, holds: bool) -> Finding:
    return Finding.of(Judge.IAM, masked(evidence), holds=holds)
