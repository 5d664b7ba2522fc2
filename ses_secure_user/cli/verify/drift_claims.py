"""Claims that nothing was added to the user, its policy or its secret, and that the login is renewed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ses_secure_user.cli.claims import Claim, Finding, Judge, Verdict
from ses_secure_user.cli.masking import key_name, masked
from ses_secure_user.functions.issuer.contract import CREATED_TAG, REVOKED_TAG, SECRET_FIELDS
from ses_secure_user.restrictions.reading import deviations

if TYPE_CHECKING:
    from .known import Known

QUARANTINE = "AWSCompromisedKeyQuarantine"
"""The policy that AWS attaches to a user whose key it found in public, whatever its version."""

WAITS = (5,) * 12
"""Seconds between two looks at a rotation that is under way: a minute in all."""

UNDER_WAY = timedelta(minutes=15)
"""Longer than a rotation runs: one that is pending longer is stuck."""


def drift_claims(known: Known) -> list[Claim[Known]]:
    """Return the claims that compare the user, its policy and its secret with what the construct deploys."""
    return [
        Claim("policy", "the policy is the one that the construct writes", _policy),
        Claim("boundary", "boundary and group hold that one policy", _boundary),
        Claim("own-policies", "the user has no policy of its own", _own_policies),
        Claim("leak", "AWS found no key of the user in public", _leak),
        Claim("keys", "every access key is the secret's", _keys),
        Claim("other-credentials", "the user has no other credential", _other_credentials),
        Claim("revoked", "the login was not revoked", _revoked),
        Claim("tags", "the user's tags declare what the login was issued for", _tags),
        Claim("secret", "the secret says what its user's tags declare", _secret),
        *_rotation_claims(known),
    ]


def _rotation_claims(known: Known) -> list[Claim[Known]]:
    if "RotationRules" not in known.secret.description and not known.secret.description.get("RotationEnabled"):
        return [Claim("rotation", "is the login renewed?", _never_rotated)]
    return [
        Claim("rotation", "the login is renewed, and is due in the future", _rotation),
        Claim("rotation-stuck", "no rotation is stuck", _stuck),
    ]


def _policy(known: Known) -> Finding:
    found = deviations(known.document, known.restrictions)
    return _iam("; ".join(found) or "statement by statement", holds=not found)


def _boundary(known: Known) -> Finding:
    user = known.user
    faults = [] if user.boundary else ["the user has no permissions boundary"]
    if len(user.groups) != 1:
        faults.append(f"the user is in {len(user.groups)} groups: {', '.join(user.groups)}")
    elif user.group_policies != [user.boundary]:
        faults.append(f"the group holds {_names(user.group_policies)}")
    return _iam("; ".join(faults) or "the same in both, and no other", holds=not faults)


def _names(policies: list[str]) -> str:
    return ", ".join(one.rpartition("/")[2] for one in policies) or "nothing"


def _own_policies(known: Known) -> Finding:
    found = [one for one in known.user.own_policies if not one.startswith(QUARANTINE)]
    return _iam(f"it has {', '.join(found)}" if found else "none attached, none inline", holds=not found)


def _leak(known: Known) -> Finding:
    found = [one for one in known.user.own_policies if one.startswith(QUARANTINE)]
    leak = f"AWS attached {', '.join(found)}: a key LEAKED; rotate twice"
    return _iam(leak if found else "no quarantine policy", holds=not found)


def _keys(known: Known) -> Finding:
    existing = [key.get("AccessKeyId", "") for key in known.user.keys]
    labelled = {login.key_id for login in (known.current, known.previous) if login}
    stored = labelled if labelled >= set(existing) else labelled | known.secret.known_keys()
    strangers = [key_name(one) for one in existing if one not in stored]
    inactive = [key_name(key.get("AccessKeyId", "")) for key in known.user.keys if key.get("Status") != "Active"]
    faults = [f"{', '.join(strangers)} in no version of the secret"] if strangers else []
    faults += [f"{', '.join(inactive)} deactivated"] if inactive else []
    return _iam("; ".join(faults) or ", ".join(map(key_name, existing)), holds=not faults)


def _other_credentials(known: Known) -> Finding:
    found = known.user.other_credentials
    return _iam(f"it has {', '.join(found)}" if found else "none", holds=not found)


def _revoked(known: Known) -> Finding:
    revoked = known.secret.journal.is_revoked
    evidence = f"it was, the secret's tag {REVOKED_TAG}… says" if revoked else "no tag of the secret says so"
    return _stored(evidence, holds=not revoked)


def _tags(known: Known) -> Finding:
    """Compare the declaration in the user's tags with the one that the secret's journal has for the login."""
    declared, issued = known.declaration, known.secret.journal.digest
    by = (Judge.IAM, Judge.SECRETS_MANAGER)
    if declared.fault:
        return Finding(Verdict.BROKEN, by, masked(declared.fault))
    if issued is None:
        return Finding(Verdict.NOT_PROVED, by, f"the secret has no tag {CREATED_TAG}…, so that is not known")
    if declared.digest != issued:
        evidence = "they were changed since, or a deployment is under way"
        return Finding(Verdict.BROKEN, by, f"{evidence}: {declared.digest}, issued for {issued}")
    return Finding(Verdict.PROVED, by, f"{declared.host}:{declared.port}")


def _secret(known: Known) -> Finding:
    """Compare the secret's fields with the user's tags. The evidence shows no field that holds the password."""
    login, declared = known.current, known.declaration
    if declared.fault:
        return Finding(Verdict.NOT_PROVED, (Judge.SECRETS_MANAGER,), f"not compared: {masked(declared.fault)}")
    expected = declared.value(known.user.name, login.key_id, login.password)
    faults = [
        "url is not made of the other fields"
        if name == "url"
        else masked(f"{name} is {login.value.get(name)!r}, the tags say {expected[name]!r}")
        for name in SECRET_FIELDS
        if login.value.get(name) != expected[name]
    ]
    if not faults and not declared.fits(login.value):
        faults.append("its further fields are not those that the tags name")
    return _stored("; ".join(faults) or "field by field", holds=not faults)


def _never_rotated(_known: Known) -> Finding:
    evidence = "by deployments alone: it was deployed without a rotation_interval"
    return Finding(Verdict.OBSERVED, (Judge.SECRETS_MANAGER,), evidence)


def _rotation(known: Known) -> Finding:
    description = known.secret.description
    due = description.get("NextRotationDate")
    if not description.get("RotationEnabled"):
        return _stored("rotation was turned off", holds=False)
    if due is None:
        return Finding(Verdict.NOT_PROVED, (Judge.SECRETS_MANAGER,), "it is on, but no date is given")
    when = f"{due:%Y-%m-%d}"
    return _stored(
        f"due by {when}" if due > known.now else f"overdue since {when}: rotations fail", holds=due > known.now
    )


def _stuck(known: Known) -> Finding:
    """Wait for a rotation that is in progress, such as the test that follows the deployment of a schedule."""
    for pause in (0, *WAITS):
        if pause:
            known.sleep(pause)
        pending = known.secret.pending()
        if pending is None:
            return _stored("none is pending", holds=True)
        since = known.secret.created(pending)
        if since and known.now - since > UNDER_WAY:
            return _stored(f"one is pending since {since:%Y-%m-%d %H:%M} UTC", holds=False)
    return Finding(Verdict.NOT_PROVED, (Judge.SECRETS_MANAGER,), "one is under way: ask again in some minutes")


def _iam(evidence: str, *, holds: bool) -> Finding:
    return Finding.of(Judge.IAM, masked(evidence), holds=holds)


def _stored(evidence: str, *, holds: bool) -> Finding:
    return Finding.of(Judge.SECRETS_MANAGER, evidence, holds=holds)
