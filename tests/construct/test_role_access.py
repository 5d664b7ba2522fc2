"""Permissions of the function's role on users and secrets, and their maximum number."""

import json
import re

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Template

from ses_secure_user import CredentialIssuer
from tests.construct.users import HERE, grants, resources, user, warnings

KEY = "arn:aws:kms:eu-west-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef"
MANAGED_POLICY_LIMIT = 6144


def test_the_role_is_limited_to_its_users_and_secrets(stack: cdk.Stack) -> None:
    user(stack)

    granted = grants(stack)
    assert sorted(granted) == [
        "iam:CreateAccessKey",
        "iam:DeleteAccessKey",
        "iam:ListAccessKeys",
        "iam:ListUserTags",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetSecretValue",
        "secretsmanager:PutSecretValue",
        "secretsmanager:TagResource",
        "secretsmanager:UpdateSecretVersionStage",
    ]
    assert [resource for resource in granted.values() if "*" in resource] == []


def test_users_of_another_stack_share_it_and_keep_their_policy(app: cdk.App, stack: cdk.Stack) -> None:
    """A policy in the issuer's stack that names their users would be a circular dependency."""
    other = cdk.Stack(app, "Other", env=HERE)
    issuer = CredentialIssuer(stack, "Issuer")
    user(other, "First", issuer=issuer)
    user(other, "Second", issuer=issuer)
    app.synth()

    assert [one.node.path for one in other.dependencies] == ["Stack"]
    assert stack.dependencies == []
    assert resources(other, "AWS::Lambda::Function") == []
    assert "iam:CreateAccessKey" in grants(other)
    assert "iam:CreateAccessKey" not in grants(stack)


def test_the_fifth_stack_draws_a_warning_the_ninth_is_refused(app: cdk.App, stack: cdk.Stack) -> None:
    """A role can have ten policies: the issuer's own, one for each stack, and another while its users change."""
    issuer = CredentialIssuer(stack, "Issuer")
    warned = []
    for number in range(1, 9):
        user(cdk.Stack(app, f"Users{number}", env=HERE), issuer=issuer)
        warned.append(len(issuer.node.metadata) > 0)

    assert warned == [False] * 4 + [True] * 4

    with pytest.raises(ValueError, match="`issuer`") as refusal:
        user(cdk.Stack(app, "Users9", env=HERE), issuer=issuer)

    assert str(refusal.value) == (
        "`issuer` must serve no more users than fit into the 10 policies of a role while they are replaced, got 9"
        " policies for the users of 9 stacks; create another CredentialIssuer for Users9"
    )
    assert len([text for text in warnings(stack) if "ses-secure-user:manyStacks" in text]) == 1


@pytest.mark.parametrize(("users", "path"), [(12, "x" * 510), (40, "x" * 100)], ids=["longest", "long"])
def test_the_policies_of_users_with_long_paths_have_room(stack: cdk.Stack, users: int, path: str) -> None:
    for number in range(users):
        user(stack, f"User{number:02}", user_path=f"/{path}/")

    for one in resources(stack, "AWS::IAM::ManagedPolicy"):
        text = json.dumps(one["PolicyDocument"], separators=(",", ":"))
        text = re.sub(
            r'\{"Fn::GetAtt":\["User\d\dUser\w+","Arn"\]\}',
            f'"arn:aws-us-gov:iam::111122223333:user/{path}/{"x" * 64}"',
            text,
        )
        text = re.sub(
            r'\{"Ref":"(User\d\dSecret\w+)"\}', r'"arn:aws-us-gov:secretsmanager:\1-012345678901-AbCdEf"', text
        )
        assert len(text) <= MANAGED_POLICY_LIMIT


@pytest.mark.parametrize("encrypted", [False, True])
def test_the_policies_of_eighty_users_fit_into_a_role(stack: cdk.Stack, *, encrypted: bool) -> None:
    """Each policy is below its size limit, and all of them can be replaced at once."""
    key = kms.Key.from_key_arn(stack, "Key", KEY) if encrypted else None
    for number in range(80):
        user(stack, f"User{number:02}", encryption_key=key)

    template = Template.from_stack(stack)
    policies = [
        one for one in template.find_resources("AWS::IAM::ManagedPolicy").values() if "Roles" in one["Properties"]
    ]
    longest = {"User": 64, "Secret": len("User00Secret01234567ABCDEFG-012345678901") + len("-AbCdEf")}
    for one in policies:
        text = json.dumps(one["Properties"]["PolicyDocument"], separators=(",", ":"))
        text = re.sub(
            r'\{"Fn::GetAtt":\["User\d\dUser\w+","Arn"\]\}',
            f'"arn:aws:iam::111122223333:user/{"x" * longest["User"]}"',
            text,
        )
        text = re.sub(
            r'\{"Ref":"User\d\dSecret\w+"\}',
            f'"arn:aws:secretsmanager:eu-west-1:111122223333:secret:{"x" * longest["Secret"]}"',
            text,
        )
        assert "Ref" not in text
        assert len(text) <= MANAGED_POLICY_LIMIT
    assert 2 * (len(policies) - 1) + 1 <= 10
    assert len(template.to_json()["Resources"]) <= 500


def access_policies(stack: cdk.Stack) -> set[str]:
    """Return the logical ids of the issuer's policies."""
    return {name for name in Template.from_stack(stack).find_resources("AWS::IAM::ManagedPolicy") if "Access" in name}


def stack_of_users(*names: str) -> cdk.Stack:
    stack = cdk.Stack(cdk.App(analytics_reporting=False, context={"aws:cdk:disable-asset-staging": True}), "Stack")
    for name in names:
        user(stack, name.title(), user_name=name)
    return stack


def test_the_issuers_policy_is_replaced_when_a_user_leaves() -> None:
    """A policy changed in place could not delete the keys of that user. Without a change the policy is kept."""
    both = access_policies(stack_of_users("orders", "alerts"))
    assert access_policies(stack_of_users("orders", "alerts")) == both
    assert access_policies(stack_of_users("orders")).isdisjoint(both)


def test_a_user_can_be_added_after_the_policy_was_resolved() -> None:
    stack = stack_of_users("orders")
    (found,) = (one for one in stack.node.find_all() if one.node.path.endswith("/Access1"))

    assert isinstance(found, iam.CfnManagedPolicy)
    assert len(stack.resolve(found.policy_document)["Statement"][0]["Resource"]) == 1

    user(stack)

    assert len(stack.resolve(found.policy_document)["Statement"][0]["Resource"]) == 2


def test_the_same_app_synthesized_twice_gives_the_same_template() -> None:
    stack = stack_of_users("orders", "alerts")

    first, second = (stack.node.root.synth(force=True).get_stack_artifact("Stack").template for _ in range(2))  # type: ignore[attr-defined]

    assert first == second
    assert len(access_policies(stack)) == 1
