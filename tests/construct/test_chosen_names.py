"""Chosen names for the user and the secret: names that AWS does not accept are refused."""

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template

from ses_secure_user.login.chosen_names import SECRET_NAME
from tests.construct.users import HERE, refused, resources, user, warnings

OF_USERS = "1 to 64 letters, digits and _+=,.@-"
OF_PATHS = "/, or letters, digits and _+=,.@/- between two slashes, such as /mail/, at most 512 characters"
OF_SECRETS = "1 to 183 letters, digits and /_+=.@-, because a tag of the user contains its ARN"


@pytest.mark.parametrize(
    ("prop", "name", "alphabet"),
    [
        ("user_name", "no spaces", OF_USERS),
        ("user_name", "a|b", OF_USERS),
        ("user_name", "x" * 65, OF_USERS),
        ("secret_name", "mailer:smtp", OF_SECRETS),
        ("secret_name", "x" * 184, OF_SECRETS),
    ],
)
def test_a_name_that_aws_does_not_accept_is_refused(stack: cdk.Stack, prop: str, name: str, alphabet: str) -> None:
    assert refused(stack, **{prop: name}) == (
        f"`{prop}` must be {alphabet}, got {name}; leave it out to have one generated"
    )


@pytest.mark.parametrize(
    "path", ["mail", "/mail", "mail/", "//", "/m ail/", "/*/", "/ma?l/", "/${aws:username}/", f"/{'x' * 511}/"]
)
def test_a_wrong_path_is_refused(stack: cdk.Stack, path: str) -> None:
    """A path with a wildcard or a policy variable is refused too, because policies name the user with its path."""
    assert refused(stack, user_path=path) == f"`user_path` must be {OF_PATHS}, got {path}; leave it out for /"


def test_an_empty_path_or_another_type_is_refused(stack: cdk.Stack) -> None:
    assert [refused(stack, user_path=path) for path in ("", 5)] == [
        f"`user_path` must be {OF_PATHS}, got {shown}; leave it out for /" for shown in ("''", "5")
    ]


@pytest.mark.parametrize("path", ["/", "/mail/", "/division_abc/subdivision_xyz/", f"/{'x' * 510}/"])
def test_every_policy_names_the_user_with_its_path(stack: cdk.Stack, path: str) -> None:
    """The policies are those of the function's role and of the role that runs `verify`."""
    made = user(stack, user_path=path)
    made.grant_verify(iam.Role(stack, "Prover", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com")))

    (user_id,) = Template.from_stack(stack).find_resources("AWS::IAM::User")
    (deployed,) = resources(stack, "AWS::IAM::User")
    assert deployed["Path"] == path
    naming = [
        one["Resource"]
        for kind in ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy")
        for document in resources(stack, kind)
        for one in document["PolicyDocument"]["Statement"]
        if {"iam:CreateAccessKey", "iam:GetUser"} & set(one.get("Action", ()))
    ]
    assert naming == [[{"Fn::GetAtt": [user_id, "Arn"]}], {"Fn::GetAtt": [user_id, "Arn"]}]


def test_another_path_keeps_the_login(stack: cdk.Stack) -> None:
    """CloudFormation changes the path of a user in place."""
    ids = []
    for path in (None, "/mail/"):
        stack = cdk.Stack(cdk.App(context={"aws:cdk:disable-asset-staging": True}), "Stack", env=HERE)
        user(stack, user_path=path)
        ids.append(set(Template.from_stack(stack).to_json()["Resources"]))

    assert ids[0] == ids[1]


def test_a_secrets_arn_fits_into_a_tag_of_the_user() -> None:
    """It fits in the partition and the region with the longest names."""
    longest = "arn:aws-us-gov:secretsmanager:us-isof-south-1:123456789012:secret:" + "x" * SECRET_NAME + "-AbCdEf"
    assert len(longest) == 256


@pytest.mark.parametrize("name", ["mail-abcdef", "mail/smtp-mailer", "prod-secret", "mail-a.b_c=", "--------"])
def test_a_name_that_ends_like_an_arn_draws_a_warning(stack: cdk.Stack, name: str) -> None:
    user(stack, secret_name=name)
    (warning,) = warnings(stack)
    assert warning == (
        f"`secret_name` {name} ends with a hyphen and six characters, like the ARN of a secret, so Secrets Manager may"
        f" find another secret by a partial ARN; write a name such as {name}-login"
        " [ack: ses-secure-user:secretNameSuffix]"
    )


OTHERS = [None, "mail", "mail-smtp", "mail-abcdefg", "abcdef", "mail-abcdef-login", cdk.Fn.import_value("Name")]


@pytest.mark.parametrize("name", OTHERS, ids=[*map(str, OTHERS[:-1]), "token"])
def test_other_names_draw_no_warning(stack: cdk.Stack, name: str | None) -> None:
    user(stack, secret_name=name)
    assert warnings(stack) == []
