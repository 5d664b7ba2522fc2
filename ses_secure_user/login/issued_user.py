"""The IAM user of a login: the resource, which warns of another boundary, and the interface that is returned for it."""

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
    "another permissions boundary, or none, takes the place of this user's own: its denials then hold through the group"
    " alone; attach its policy to the user too, mailer.user.add_managed_policy(mailer.policy), or put its denials into"
    " that boundary"
)


class BoundUser(iam.CfnUser):
    """A user that remembers what is written over its permissions boundary, since the CDK does not tell."""

    _overrides: tuple[object, ...] = ()

    @property
    def final_boundary(self) -> object:
        """The boundary that the template will have; None for none."""
        return self._overrides[-1] if self._overrides else self.permissions_boundary

    def add_override(self, path: str, value: Any) -> None:  # noqa: ANN401 - as the CDK has it
        """Override a part of the resource. All other methods that override call this one."""
        if path == "Properties":
            self._overrides += ((value or {}).get("PermissionsBoundary"),)
        elif f"{path}.".startswith(f"{_BOUNDARY}."):
            self._overrides += (value if path == _BOUNDARY else path,)
        super().add_override(path, value)


@jsii.implements(IValidation)
class _BoundaryCheck:
    """A check of the boundaries of a stack's users, at the end of synthesis, when aspects have made their changes."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.users: list[tuple[BoundUser, iam.CfnManagedPolicy]] = []

    def validate(self) -> list[str]:
        """Warn of each user whose own policy is not its boundary, and not attached to it either."""
        wanted = {str(number): policy.ref for number, (_, policy) in enumerate(self.users)}
        final = {str(number): user.final_boundary for number, (user, _) in enumerate(self.users)}
        ours, theirs = self._stack.resolve([wanted, final])  # which leaves out what is None
        for number, (user, _) in enumerate(self.users):
            own = ours[str(number)]
            if theirs.get(str(number)) != own and own not in self._stack.resolve(user.managed_policy_arns or []):
                Annotations.of(user).add_warning_v2("ses-secure-user:otherBoundary", _WARNING)
        return []


_CHECKS: WeakKeyDictionary[Stack, _BoundaryCheck] = WeakKeyDictionary()
"""One for each stack, since each crosses into the CDK's process and back."""


def warn_of_other_boundaries(stack: Stack, user: BoundUser, policy: iam.CfnManagedPolicy) -> None:
    """Have a warning given at synthesis if another permissions boundary takes the place of a user's policy."""
    check = _CHECKS.get(stack)
    if check is None:
        check = _CHECKS[stack] = _BoundaryCheck(stack)
        stack.node.add_validation(cast("IValidation", check))
    check.users.append((user, policy))


@jsii.implements(iam.IUser)
class IssuedUser(Resource):
    """The IAM user of a login.

    It is the CDK's imported user, but its ARN has its path, and managed policies can be attached to it.
    """

    def __init__(self, scope: Construct, construct_id: str, resource: iam.CfnUser) -> None:
        """Import the user that a resource makes."""
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
        """The user itself."""
        return cast("iam.IPrincipal", self)

    @property
    def assume_role_action(self) -> str:
        """The action that lets it assume a role, where a role's policy names it."""
        return self._imported.assume_role_action

    @property
    def policy_fragment(self) -> iam.PrincipalPolicyFragment:
        """The user as a policy names it: by its ARN."""
        return iam.ArnPrincipal(self._arn).policy_fragment

    @property
    def principal_account(self) -> str | None:
        """The user's account."""
        return self._imported.principal_account

    def add_to_principal_policy(self, statement: iam.PolicyStatement) -> iam.AddToPrincipalPolicyResult:
        """Add a statement to a policy of the user's own. Its boundary holds it."""
        return self._imported.add_to_principal_policy(statement)

    def add_managed_policy(self, policy: iam.IManagedPolicy) -> None:
        """Attach a managed policy to the user itself. Its boundary holds it."""
        attached = self._resource.managed_policy_arns or []
        self._resource.managed_policy_arns = [*attached, policy.managed_policy_arn]

    def attach_inline_policy(self, policy: iam.Policy) -> None:
        """Attach an inline policy to the user. Its boundary holds it."""
        policy.attach_to_user(cast("iam.IUser", self))

    def add_to_group(self, group: iam.IGroup) -> None:
        """Put the user into a further group. Its boundary holds what the group allows."""
        self._resource.groups = [*(self._resource.groups or []), group.group_name]
