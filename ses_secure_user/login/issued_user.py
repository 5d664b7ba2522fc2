"""The IAM user of a login: its resource, which warns of another boundary, and the construct that represents it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from weakref import WeakKeyDictionary

import jsii
from aws_cdk import Annotations, Resource, Stack
from aws_cdk import aws_iam as iam
from aws_cdk.interfaces.aws_iam import UserReference
from constructs import IValidation

if TYPE_CHECKING:
    from constructs import Construct

_BOUNDARY = "Properties.PermissionsBoundary"
_WARNING = (
    "the permissions boundary of this user was replaced or removed, so only the group denies other mail; attach the"
    " policy to the user too, mailer.user.add_managed_policy(mailer.policy), or add its Deny statements to the boundary"
)


class BoundUser(iam.CfnUser):
    """A user that records overrides of its permissions boundary, because the CDK does not expose them."""

    _overrides: tuple[object, ...] = ()

    @property
    def final_boundary(self) -> object:
        """The boundary in the template; None for no boundary."""
        return self._overrides[-1] if self._overrides else self.permissions_boundary

    def add_override(self, path: str, value: Any) -> None:  # noqa: ANN401 - as the CDK has it
        """Override a part of the resource. All other override methods call this one."""
        if path == "Properties":
            self._overrides += ((value or {}).get("PermissionsBoundary"),)
        elif f"{path}.".startswith(f"{_BOUNDARY}."):
            self._overrides += (value if path == _BOUNDARY else path,)
        super().add_override(path, value)


@jsii.implements(IValidation)
class _BoundaryCheck:
    """A check of the boundaries of a stack's users. It runs at the end of synthesis, after all aspects."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.users: list[tuple[BoundUser, iam.CfnManagedPolicy]] = []

    def validate(self) -> list[str]:
        """Add a warning to each user whose policy is neither its boundary nor attached to it."""
        wanted = {str(number): policy.ref for number, (_, policy) in enumerate(self.users)}
        final = {str(number): user.final_boundary for number, (user, _) in enumerate(self.users)}
        ours, theirs = self._stack.resolve([wanted, final])  # without the values that are None
        for number, (user, _) in enumerate(self.users):
            own = ours[str(number)]
            if theirs.get(str(number)) != own and own not in self._stack.resolve(user.managed_policy_arns or []):
                Annotations.of(user).add_warning_v2("ses-secure-user:otherBoundary", _WARNING)
        return []


_CHECKS: WeakKeyDictionary[Stack, _BoundaryCheck] = WeakKeyDictionary()
"""One check for each stack, because each takes several jsii calls."""


def warn_of_other_boundaries(stack: Stack, user: BoundUser, policy: iam.CfnManagedPolicy) -> None:
    """Add a warning at synthesis if another permissions boundary replaces a user's policy."""
    check = _CHECKS.get(stack)
    if check is None:
        check = _CHECKS[stack] = _BoundaryCheck(stack)
        stack.node.add_validation(cast("IValidation", check))
    check.users.append((user, policy))


@jsii.implements(iam.IUser)
class IssuedUser(Resource):
    """The IAM user of a login.

    It differs from an imported user of the CDK: its ARN has its path, and managed policies can be attached to it.
    """

    def __init__(self, scope: Construct, construct_id: str, resource: iam.CfnUser) -> None:
        """Import the user of a resource."""
        super().__init__(scope, construct_id)
        self.node.default_child = resource
        self._resource = resource
        self._name, self._arn = resource.ref, resource.attr_arn
        self._imported = iam.User.from_user_name(self, "Imported", self._name)

    @property
    def user_name(self) -> str:
        """The user's name."""
        return self._name

    @property
    def user_arn(self) -> str:
        """The user's ARN, with its path."""
        return self._arn

    @property
    def user_ref(self) -> UserReference:
        """A reference to the user."""
        return UserReference(user_arn=self._arn, user_name=self._name)

    @property
    def grant_principal(self) -> iam.IPrincipal:
        """The user."""
        return cast("iam.IPrincipal", self)

    @property
    def assume_role_action(self) -> str:
        """The action by which the user assumes a role."""
        return self._imported.assume_role_action

    @property
    def policy_fragment(self) -> iam.PrincipalPolicyFragment:
        """The user in a policy: its ARN."""
        return iam.ArnPrincipal(self._arn).policy_fragment

    @property
    def principal_account(self) -> str | None:
        """The user's account."""
        return self._imported.principal_account

    def add_to_principal_policy(self, statement: iam.PolicyStatement) -> iam.AddToPrincipalPolicyResult:
        """Add a statement to the inline policy of the user. The boundary limits it."""
        return self._imported.add_to_principal_policy(statement)

    def add_managed_policy(self, policy: iam.IManagedPolicy) -> None:
        """Attach a managed policy to the user. The boundary limits it."""
        attached = self._resource.managed_policy_arns or []
        self._resource.managed_policy_arns = [*attached, policy.managed_policy_arn]

    def attach_inline_policy(self, policy: iam.Policy) -> None:
        """Attach an inline policy to the user. The boundary limits it."""
        policy.attach_to_user(cast("iam.IUser", self))

    def add_to_group(self, group: iam.IGroup) -> None:
        """Add the user to another group. The boundary limits the permissions of the group."""
        self._resource.groups = [*(self._resource.groups or []), group.group_name]
