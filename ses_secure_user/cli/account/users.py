"""All IAM users of an account, with their policies and the tool that created each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ses_secure_user.restrictions.reading import deviations, read

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from types_boto3_iam import IAMClient
    from types_boto3_iam.type_defs import GroupDetailTypeDef, UserDetailTypeDef

    from ses_secure_user.restrictions.reading import Document

CONSOLE_POLICY = "AmazonSesSendingAccess"
CONSOLE_TAG = ("InvokedBy", "SESConsole")
CONSOLE_GROUP = "AWSSESSendingGroupDoNotRename"
"""https://docs.aws.amazon.com/ses/latest/dg/smtp-credentials.html"""


@dataclass(frozen=True)
class AccountUser:
    """One user, from GetAccountAuthorizationDetails.

    Attributes:
        detail: The user, from that response.
        documents: The policies of the user and its groups.
        boundary: The document of its permissions boundary.
        unread: The names of policies whose documents IAM did not return.
    """

    detail: UserDetailTypeDef
    documents: tuple[Document, ...] = field(repr=False)
    boundary: Document | None = field(repr=False)
    unread: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The user's name."""
        return self.detail.get("UserName", "")

    @property
    def arn(self) -> str:
        """The user's ARN."""
        return self.detail.get("Arn", "")

    @property
    def facts(self) -> dict[str, tuple[str, tuple[str, ...]]]:
        """The condition keys of every request of the user, each with its type and value.

        See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html.
        """
        told = {
            "aws:username": self.name,
            "aws:userid": self.detail.get("UserId", ""),
            "aws:PrincipalArn": self.arn,
            "aws:PrincipalAccount": self.arn.split(":")[4] if self.arn else "",
            "aws:PrincipalType": "User",
            **{f"aws:PrincipalTag/{one['Key']}": one["Value"] for one in self.detail.get("Tags", [])},
        }
        services = dict.fromkeys(("aws:PrincipalIsAWSService", "aws:ViaAWSService"), ("boolean", ("false",)))
        return {**{name: ("string", (value,)) for name, value in told.items() if value}, **services}

    @property
    def made_by(self) -> str:
        """The tool that created the user, if the user's policies, tags or groups show it."""
        tags = {(one["Key"], one["Value"]) for one in self.detail.get("Tags", [])}
        inline = {one.get("PolicyName") for one in self.detail.get("UserPolicyList", [])}
        if self._guarded:
            return "SecureSesSmtpUser"
        if CONSOLE_POLICY in inline or CONSOLE_TAG in tags:
            return "SES console, before September 2024"
        return "SES console" if CONSOLE_GROUP in self.detail.get("GroupList", []) else "hand or another tool"

    @property
    def _guarded(self) -> bool:
        """True if every statement of the permissions boundary is one that the construct writes."""
        if self.boundary is None:
            return False
        try:
            return not deviations(self.boundary, read(self.boundary))
        except ValueError:
            return False


def account_users(iam: IAMClient) -> list[AccountUser]:
    """Return all users of the account."""
    users: list[UserDetailTypeDef] = []
    groups: dict[str, GroupDetailTypeDef] = {}
    managed: dict[str, Document] = {}
    pages = iam.get_paginator("get_account_authorization_details").paginate(
        Filter=["User", "Group", "LocalManagedPolicy", "AWSManagedPolicy"]
    )
    for page in pages:
        users += page["UserDetailList"]
        groups |= {one.get("GroupName", ""): one for one in page["GroupDetailList"]}
        managed |= {one.get("Arn", ""): _default(one.get("PolicyVersionList", [])) for one in page["Policies"]}
    return [_user(one, groups, managed) for one in users]


def _user(
    detail: UserDetailTypeDef, groups: Mapping[str, GroupDetailTypeDef], managed: Mapping[str, Document]
) -> AccountUser:
    own = [groups[name] for name in detail.get("GroupList", []) if name in groups]
    inline = [*detail.get("UserPolicyList", []), *(one for group in own for one in group.get("GroupPolicyList", []))]
    attached = [
        *detail.get("AttachedManagedPolicies", []),
        *(one for group in own for one in group.get("AttachedManagedPolicies", [])),
    ]
    documents = [_document(one.get("PolicyDocument")) for one in inline]
    arns = [one.get("PolicyArn", "") for one in attached]
    documents += [managed[arn] for arn in arns if arn in managed]
    boundary = detail.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", "")
    unread = [arn.rpartition("/")[2] for arn in (*arns, boundary) if arn and arn not in managed]
    return AccountUser(detail, tuple(documents), managed.get(boundary), tuple(unread))


def _default(versions: Iterable[Mapping[str, Any]]) -> Document:
    return next((_document(one.get("Document")) for one in versions if one.get("IsDefaultVersion")), {})


def _document(document: Any) -> Document:  # noqa: ANN401 - the SDK decodes it, although its type is a string
    return dict(document or {})
