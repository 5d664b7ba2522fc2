"""The IAM user: a warning for any other permissions boundary, its remedy, and grants to the user."""

import json
from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import IConstruct

from ses_secure_user import SecureSesSmtpUser
from tests.construct.users import HERE, resources, user, warning_ids

ARN = "arn:aws:iam::111122223333:policy/organization"
OFFLINE = {"aws:cdk:disable-asset-staging": True}

Change = Callable[[iam.CfnUser], None]


@jsii.implements(cdk.IAspect)
class Changing:
    """An aspect that changes each user."""

    def __init__(self, change: Change) -> None:
        self._change = change

    def visit(self, node: IConstruct) -> None:
        if isinstance(node, iam.CfnUser):
            self._change(node)


def assigned(user: iam.CfnUser) -> None:
    user.permissions_boundary = ARN


def taken_away(user: iam.CfnUser) -> None:
    user.permissions_boundary = None


CHANGES: dict[str, Change] = {
    "assigned": assigned,
    "taken away": taken_away,
    "overridden": lambda user: user.add_override("Properties.PermissionsBoundary", ARN),
    "property overridden": lambda user: user.add_property_override("PermissionsBoundary", ARN),
    "deleted": lambda user: user.add_deletion_override("Properties.PermissionsBoundary"),
    "property deleted": lambda user: user.add_property_deletion_override("PermissionsBoundary"),
    "all overridden": lambda user: user.add_override("Properties", {"PermissionsBoundary": ARN}),
    "overridden by a function": lambda user: user.add_property_override("PermissionsBoundary.Fn::Sub", ARN),
}
KEPT: dict[str, Change] = {
    "untouched": lambda _: None,
    "another property": lambda user: user.add_property_override("UserName", "chosen"),
    "its own, assigned": lambda user: setattr(user, "permissions_boundary", user.permissions_boundary),
    "its own, overridden": lambda user: user.add_property_override("PermissionsBoundary", user.permissions_boundary),
}


def synthesized(change: Callable[[cdk.App, cdk.Stack], object], **context: Any) -> tuple[cdk.Stack, SecureSesSmtpUser]:  # noqa: ANN401
    app = cdk.App(analytics_reporting=False, context=OFFLINE | context)
    stack = cdk.Stack(app, "Stack", env=HERE)
    made = user(stack)
    change(app, stack)
    return stack, made


def by_aspect(change: Change) -> tuple[cdk.Stack, SecureSesSmtpUser]:
    return synthesized(lambda app, _: cdk.Aspects.of(app).add(Changing(change)))


def organization(scope: cdk.Stack) -> iam.IManagedPolicy:
    return iam.ManagedPolicy.from_managed_policy_arn(scope, "Organization", ARN)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_boundary_changed_by_an_aspect_draws_a_warning(change: Change) -> None:
    stack, _ = by_aspect(change)
    assert warning_ids(stack) == ["ses-secure-user:otherBoundary"]


@pytest.mark.parametrize("change", KEPT.values(), ids=KEPT)
def test_an_unchanged_boundary_draws_no_warning(change: Change) -> None:
    stack, _ = by_aspect(change)
    assert warning_ids(stack) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda app, stack: iam.PermissionsBoundary.of(app).apply(organization(stack)),
        lambda _, stack: iam.PermissionsBoundary.of(stack).apply(organization(stack)),
        lambda app, _: iam.PermissionsBoundary.of(app).clear(),
    ],
    ids=["of the app", "of the stack", "cleared"],
)
def test_a_boundary_applied_by_the_cdk_draws_a_warning(change: Callable[[cdk.App, cdk.Stack], None]) -> None:
    stack, _ = synthesized(change)
    assert warning_ids(stack) == ["ses-secure-user:otherBoundary"]


@pytest.mark.parametrize("boundary", [{"name": "organization"}, {"arn": ARN}], ids=["name", "arn"])
def test_a_boundary_of_the_context_draws_a_warning(boundary: dict[str, str]) -> None:
    """``cdk bootstrap --custom-permissions-boundary`` requires this key in ``cdk.json``."""
    stack, _ = synthesized(lambda *_: None, **{"@aws-cdk/core:permissionsBoundary": boundary})

    assert warning_ids(stack) == ["ses-secure-user:otherBoundary"]
    (made,) = resources(stack, "AWS::IAM::User")
    assert "policy/organization" in json.dumps(made["PermissionsBoundary"])


def test_a_boundary_of_the_stack_draws_a_warning() -> None:
    app = cdk.App(analytics_reporting=False, context=OFFLINE)
    stack = cdk.Stack(app, "Stack", permissions_boundary=cdk.PermissionsBoundary.from_name("organization"))
    user(stack)
    assert warning_ids(stack) == ["ses-secure-user:otherBoundary"]


def test_each_user_with_a_changed_boundary_draws_a_warning() -> None:
    app = cdk.App(analytics_reporting=False, context=OFFLINE)
    stacks = [cdk.Stack(app, name, env=HERE) for name in ("One", "Two")]
    for stack in stacks:
        for name in ("Orders", "Alerts"):
            user(stack, name)
    cdk.Aspects.of(stacks[0].node.find_child("Alerts")).add(Changing(assigned))
    cdk.Aspects.of(stacks[1]).add(Changing(assigned))

    assert [warning_ids(stack) for stack in stacks] == [
        ["ses-secure-user:otherBoundary"],
        ["ses-secure-user:otherBoundary"] * 2,
    ]


def test_the_warning_can_be_acknowledged_beforehand() -> None:
    stack, made = by_aspect(assigned)
    cdk.Annotations.of(made).acknowledge_warning("ses-secure-user:otherBoundary", "meant")
    assert warning_ids(stack) == []


def test_the_remedy_in_the_warning_works() -> None:
    """After the policy is attached to the user too, there is no warning."""
    stack, made = by_aspect(assigned)

    made.user.add_managed_policy(made.policy)

    (deployed,) = resources(stack, "AWS::IAM::User")
    assert deployed["ManagedPolicyArns"] == [stack.resolve(made.policy.managed_policy_arn)]
    assert deployed["PermissionsBoundary"] == ARN
    assert warning_ids(stack) == []


def test_further_policies_are_added_to_the_user(stack: cdk.Stack) -> None:
    made = user(stack)
    for name in ("One", "Two"):
        made.user.add_managed_policy(iam.ManagedPolicy.from_aws_managed_policy_name(name))

    (deployed,) = resources(stack, "AWS::IAM::User")
    assert ["iam::aws:policy/One" in json.dumps(arn) for arn in deployed["ManagedPolicyArns"]] == [True, False]


def test_the_user_can_be_granted_to_and_grouped(stack: cdk.Stack) -> None:
    """Its boundary limits every grant."""
    made = user(stack, user_path="/mail/")
    bucket = s3.Bucket(stack, "Bucket")
    bucket.grant_read(made.user)
    bucket.add_to_resource_policy(
        iam.PolicyStatement(actions=["s3:GetObject"], resources=["*"], principals=[made.user.grant_principal])
    )
    iam.Policy(
        stack,
        "Further",
        users=[made.user],
        statements=[iam.PolicyStatement(actions=["sts:GetCallerIdentity"], resources=["*"])],
    )
    made.user.attach_inline_policy(
        iam.Policy(
            stack, "Inline", statements=[iam.PolicyStatement(actions=["sts:GetCallerIdentity"], resources=["*"])]
        )
    )
    made.user.add_to_group(iam.Group.from_group_name(stack, "Others", "others"))

    name, arn, group = stack.resolve([made.user.user_name, made.user.user_arn, made.group.group_name])
    assert [one["Users"] for one in resources(stack, "AWS::IAM::Policy")] == [[name]] * 3
    (deployed,) = resources(stack, "AWS::IAM::User")
    assert deployed["Groups"] == [group, "others"]
    (policy,) = resources(stack, "AWS::S3::BucketPolicy")
    assert policy["PolicyDocument"]["Statement"][0]["Principal"] == {"AWS": arn}


def test_the_arn_of_the_user_includes_its_path(stack: cdk.Stack) -> None:
    """An ARN that is built from the name would not include it."""
    made = user(stack, user_path="/mail/").user

    name, arn, reference = stack.resolve([made.user_name, made.user_arn, made.user_ref.user_arn])
    assert arn == reference == {"Fn::GetAtt": [name["Ref"], "Arn"]}
    assert stack.resolve(made.principal_account) == "111122223333"
    assert made.assume_role_action == "sts:AssumeRole"
