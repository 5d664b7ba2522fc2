"""The permissions to prove a login with `verify`. `grant_verify` grants them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_cdk import aws_iam as iam

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

VERIFY_ACTIONS = {
    "secret": ["secretsmanager:ListSecretVersionIds"],
    "user": [
        "iam:GetAccessKeyLastUsed",
        "iam:GetLoginProfile",
        "iam:GetUser",
        "iam:ListAccessKeys",
        "iam:ListAttachedUserPolicies",
        "iam:ListGroupsForUser",
        "iam:ListSSHPublicKeys",
        "iam:ListServiceSpecificCredentials",
        "iam:ListSigningCertificates",
        "iam:ListUserPolicies",
        "iam:SimulatePrincipalPolicy",
    ],
    "group": ["iam:ListAttachedGroupPolicies", "iam:ListGroupPolicies"],
    "policy": ["iam:GetPolicy", "iam:GetPolicyVersion"],
    "identities": ["ses:GetEmailIdentity"],
    "account": ["ses:GetAccount", "ses:ListEmailIdentities"],
}
"""The actions by kind of resource, in addition to those that read the secret. The last ones have no resource type
(https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsimpleemailservicev2.html)."""


def identity_arns(document: Mapping[str, Any]) -> list[str]:
    """Return the ARNs of the identities that a user's policy names."""
    resources = next(one["NotResource"] for one in document["Statement"] if "NotResource" in one)
    listed = [resources] if isinstance(resources, str) else resources
    return [arn for arn in listed if ":identity/" in arn]


def grant_verification(read: iam.Grant, grantee: iam.IGrantable, arns: Mapping[str, Sequence[str]]) -> iam.Grant:
    """Grant the permissions to prove a login, in addition to the grant to read its secret.

    Args:
        read: The grant to read the secret.
        grantee: The principal.
        arns: The ARNs by kind of resource, as in `VERIFY_ACTIONS`. A kind that is missing is granted on ``*``.
    """
    for kind, actions in VERIFY_ACTIONS.items():
        resources = list(arns.get(kind, ["*"]))
        read = read.combine(iam.Grant.add_to_principal(grantee=grantee, actions=actions, resource_arns=resources))
    return read
