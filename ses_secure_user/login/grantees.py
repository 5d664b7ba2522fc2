"""Checks of grantees: the grant must name the principal, and must have an effect."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from ses_secure_user.cdk.refusal import refusal
from ses_secure_user.cdk.tokens import is_token, place_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import Stack
    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_kms as kms

_PRINCIPAL = re.compile(
    r"(?P<arn>arn:[a-z-]+:(?:iam|sts)::)?(?P<account>\d{12})(?(arn):(?:root|(?:role|user|assumed-role|federated-user)/[^*?]+))"
)
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html"""

_NAMING_KEYS = {"aws:principalorgid", "aws:principalorgpaths", "aws:principalaccount", "aws:principalarn"}
_MATCHING = re.compile(r"(?:ForAnyValue:)?(?:String(?:Equals(?:IgnoreCase)?|Like)|Arn(?:Equals|Like))")

_ROLE = "give the role of the reader, such as a task or a function"
_KINDS = {
    "Service": ("a service acts for every account", "give the role that the service assumes"),
    "Federated": ("a federated user reads with a role", "give that role"),
    "CanonicalUser": ("canonical users exist only in Amazon S3", "give iam.AccountPrincipal(…) or iam.ArnPrincipal(…)"),
}


def check_named(principal: iam.IPrincipal) -> None:
    """Check that a grantee is a role or a user, or names an account or an organization.

    Raises:
        ValueError: The principal is everyone, so the secret would be public, or a kind that cannot read a secret.
    """
    if hasattr(principal, "attach_inline_policy"):
        return
    values = _values(principal)
    for kind, (reason, remedy) in _KINDS.items():
        if kind in values:
            raise refusal("grantee", f"be a principal that can read a secret, but {reason}", values[kind], remedy)
    for value in _aws(values):
        if value == "*" and not _is_named_by(principal.policy_fragment.conditions):
            raise refusal("grantee", "be named, because otherwise everyone could read the login", "*", _ROLE)
        if value != "*" and not is_token(value) and not _PRINCIPAL.fullmatch(value):
            rule = "be the ARN of a role or user, or an account, without wildcards"
            raise refusal("grantee", rule, value, "write one such as arn:aws:iam::111122223333:role/reader")


def check_account(principal: iam.IPrincipal, ours: str, key: kms.IKey | None) -> None:
    """Check that a grant to another account has an effect.

    Args:
        principal: The grantee.
        ours: The account of the secret.
        key: The customer managed key of the secret, if it has one.

    Raises:
        ValueError: There is no key that another account can use, or the grantee must be given by its ARN.
    """
    others = [one for one in _accounts(principal) if one != ours and not is_token(one) and not is_token(ours)]
    if not others:
        return
    if key is None:
        rule = "be given for a reader in another account, which cannot use AWS's own key"
        raise refusal("encryption_key", rule, key, "give a kms.Key whose policy allows that account to use it")
    home = _home(principal)
    if home and place_of(home).account != ours:
        remedy = "name it there with `role_name` and give iam.ArnPrincipal(…)"
        raise refusal("grantee", "be given by its ARN if it is in another account", others[0], remedy)


def check_stacks(principal: iam.IPrincipal, key: kms.IKey, stack: Stack) -> None:
    """Check that the secret's key is not a resource of the reader's stack: the stacks would depend on each other.

    Raises:
        ValueError: It is a resource of that stack.
    """
    home = _home(principal)
    if home and is_token(key.key_arn) and home is key.stack is not stack:
        rule = f"not be a resource of the reader's stack {home.stack_name}: the two stacks would depend on each other"
        remedy = "import it into this stack by its ARN: kms.Key.from_key_arn(…)"
        raise refusal("encryption_key", rule, key.node.path, remedy)


def _values(principal: iam.IPrincipal) -> Mapping[str, Sequence[str]]:
    """Return the values of a principal in a policy, by kind."""
    try:
        return cast("Mapping[str, Sequence[str]]", principal.policy_fragment.principal_json)
    except RuntimeError as error:
        remedy = "import it with its role, or give the role itself"
        reason = str(error).partition(": ")[2] or str(error)
        raise refusal("grantee", "be a principal that a policy can name", reason, remedy) from None


def _aws(values: Mapping[str, Sequence[str]]) -> list[str]:
    return [*values.get("AWS", ()), *values.get("LiteralString", ())]


def _is_named_by(conditions: Mapping[str, Any]) -> bool:
    """Return whether conditions restrict the principal ``*`` to accounts, organizations or principals."""
    tests = [
        (key, value if isinstance(value, list) else [value])
        for operator, keys in conditions.items()
        if _MATCHING.fullmatch(operator)
        for key, value in keys.items()
    ]
    return any(
        key.lower() in _NAMING_KEYS and all(not str(one).startswith("*") for one in values) for key, values in tests
    )


def _accounts(principal: iam.IPrincipal) -> list[str]:
    """Return the known accounts of a principal; ``*`` for those that conditions name."""
    if principal.principal_account is not None:
        return [principal.principal_account]
    found = [(value, _PRINCIPAL.fullmatch(value)) for value in _aws(_values(principal))]
    return [match["account"] if match else "*" for value, match in found if match or value == "*"]


def _home(principal: iam.IPrincipal) -> Stack | None:
    """Return the stack that a principal is created or imported in, if any."""
    return cast("Stack | None", getattr(principal, "stack", None))
