"""The secret: grants, references to its fields, and its removal policy."""

import json
from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk.assertions import Template

from ses_secure_user import SecureSesSmtpUser
from tests.construct.users import HERE, resources, user, warnings

ELSEWHERE = cdk.Environment(account="444455556666", region="eu-west-1")
FOREIGN_ROLE = "arn:aws:iam::444455556666:role/reader"
KEY = "arn:aws:kms:eu-west-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef"
READ = ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"]
THROUGH = {"StringEquals": {"kms:ViaService": "secretsmanager.eu-west-1.amazonaws.com"}}

Json = dict[str, Any]


def mailer(stack: cdk.Stack, key: kms.IKey | None = None) -> SecureSesSmtpUser:
    return user(stack, encryption_key=key)


def role(stack: cdk.Stack) -> iam.Role:
    return iam.Role(stack, "Reader", assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"))


def reading(stack: cdk.Stack) -> list[Json]:
    """Return the statements of the reader's policy."""
    return [it for one in resources(stack, "AWS::IAM::Policy") for it in one["PolicyDocument"]["Statement"]]


def of_the_secret(stack: cdk.Stack) -> list[Json]:
    """Return the statements of the secret's resource policy."""
    found = resources(stack, "AWS::SecretsManager::ResourcePolicy")
    return [it for one in found for it in one["ResourcePolicy"]["Statement"]]


def of_the_key(stack: cdk.Stack) -> list[Json]:
    """Return the statements of the key's policy, without the one for the account."""
    found = resources(stack, "AWS::KMS::Key")
    return [it for one in found for it in one["KeyPolicy"]["Statement"] if it["Action"] != "kms:*"]


def secret_arn(stack: cdk.Stack) -> Json:
    (credential,) = Template.from_stack(stack).find_resources("Custom::SesSmtpCredential")
    return {"Fn::GetAtt": [credential, "SecretArn"]}


def test_a_role_can_read_only_this_secret(stack: cdk.Stack) -> None:
    assert mailer(stack).grant_read(role(stack)).success
    assert reading(stack) == [{"Action": READ, "Effect": "Allow", "Resource": secret_arn(stack)}]
    assert of_the_secret(stack) == []


def test_a_reader_refers_to_the_login_that_replaces_another() -> None:
    """It refers to the new custom resource, so it is deployed after the new secret has its login."""
    read = []
    for port in (465, 587):
        stack = cdk.Stack(cdk.App(context={"aws:cdk:disable-asset-staging": True}), "Stack", env=HERE)
        user(stack, smtp_port=port).grant_read(role(stack))
        assert reading(stack) == [{"Action": READ, "Effect": "Allow", "Resource": secret_arn(stack)}]
        read.append(secret_arn(stack))

    assert read[0] != read[1]


@pytest.mark.parametrize("imported", [False, True])
def test_a_role_can_decrypt_only_through_secrets_manager(stack: cdk.Stack, *, imported: bool) -> None:
    """The statement is in the role's policy, so the key's stack and policy do not depend on the reader."""
    key = kms.Key.from_key_arn(stack, "Key", KEY) if imported else kms.Key(stack, "Key")

    mailer(stack, key).grant_read(role(stack))

    _, decrypting = reading(stack)
    assert (decrypting["Action"], decrypting["Condition"]) == ("kms:Decrypt", THROUGH)
    assert decrypting["Resource"] == stack.resolve(key.key_arn)
    assert of_the_key(stack) == []


@pytest.mark.parametrize(
    ("grantee", "principal"),
    [
        (iam.AccountPrincipal("444455556666"), ":iam::444455556666:root"),
        (iam.ArnPrincipal(FOREIGN_ROLE), FOREIGN_ROLE),
        (None, FOREIGN_ROLE),
    ],
    ids=["account", "arn", "imported role"],
)
def test_another_accounts_reader_is_named_by_secret_and_key(
    stack: cdk.Stack, grantee: iam.IGrantable | None, principal: str
) -> None:
    reader = grantee or iam.Role.from_role_arn(stack, "Foreign", FOREIGN_ROLE)

    assert mailer(stack, kms.Key(stack, "Key")).grant_read(reader).success
    (read,), (decrypt,) = of_the_secret(stack), of_the_key(stack)
    assert principal in json.dumps(read["Principal"])
    assert principal in json.dumps(decrypt["Principal"])
    assert (read["Action"], read["Resource"]) == (READ, secret_arn(stack))
    assert (decrypt["Action"], decrypt["Condition"]) == ("kms:Decrypt", THROUGH)


def test_an_arn_of_this_account_is_named_by_the_secret(stack: cdk.Stack) -> None:
    mailer(stack).grant_read(iam.ArnPrincipal("arn:aws:iam::111122223333:role/reader"))
    (read,) = of_the_secret(stack)
    assert read["Principal"] == {"AWS": "arn:aws:iam::111122223333:role/reader"}


def test_an_imported_key_draws_a_warning_about_its_policy(stack: cdk.Stack) -> None:
    mailer(stack, kms.Key.from_key_arn(stack, "Key", KEY)).grant_read(iam.AccountPrincipal("444455556666"))

    (warning,) = warnings(stack)
    assert warning == (
        "`encryption_key` is imported, so its policy must allow kms:Decrypt to the grantee, with kms:ViaService"
        " secretsmanager.eu-west-1.amazonaws.com [ack: ses-secure-user:keyPolicy]"
    )


def test_a_grant_can_be_limited_to_versions(stack: cdk.Stack) -> None:
    mailer(stack).secret.grant_read(role(stack), ["AWSCURRENT"])
    (statement,) = reading(stack)
    assert statement["Condition"] == {"ForAnyValue:StringEquals": {"secretsmanager:VersionStage": ["AWSCURRENT"]}}


def test_grants_of_the_cdk_can_read_and_decrypt(stack: cdk.Stack) -> None:
    made = mailer(stack, kms.Key.from_key_arn(stack, "Key", KEY))

    ecs.FargateTaskDefinition(stack, "Task").add_container(
        "App",
        image=ecs.ContainerImage.from_registry("app"),
        secrets={"SMTP_PASSWORD": ecs.Secret.from_secrets_manager(made.secret, "password")},
    )

    assert [one["Action"] for one in reading(stack)] == [READ, "kms:Decrypt"]
    (task,) = resources(stack, "AWS::ECS::TaskDefinition")
    (secret,) = task["ContainerDefinitions"][0]["Secrets"]
    assert secret["ValueFrom"] == {"Fn::Join": ["", [secret_arn(stack), ":password::"]]}


def test_statements_can_be_added_to_the_secrets_policy(stack: cdk.Stack) -> None:
    secret = mailer(stack).secret
    statement = iam.PolicyStatement(
        effect=iam.Effect.DENY,
        actions=["secretsmanager:GetSecretValue"],
        resources=["*"],
        principals=[iam.AnyPrincipal()],
        conditions={"StringNotEquals": {"aws:SourceVpce": "vpce-0123456789abcdef0"}},
    )

    assert secret.add_to_resource_policy(statement).statement_added
    secret.deny_account_root_delete()

    (policy,) = resources(stack, "AWS::SecretsManager::ResourcePolicy")
    assert policy["SecretId"] == secret_arn(stack)
    assert [one["Action"] for one in of_the_secret(stack)] == [
        "secretsmanager:GetSecretValue",
        "secretsmanager:DeleteSecret",
    ]


def test_a_grant_to_write_allows_encryption(stack: cdk.Stack) -> None:
    mailer(stack, kms.Key.from_key_arn(stack, "Key", KEY)).secret.grant_write(role(stack))

    put, encrypt = reading(stack)
    assert "secretsmanager:PutSecretValue" in put["Action"]
    assert (encrypt["Action"], encrypt["Condition"]) == (["kms:Decrypt", "kms:GenerateDataKey"], THROUGH)


def test_the_secret_otherwise_equals_an_imported_secret(stack: cdk.Stack) -> None:
    made = mailer(stack, kms.Key(stack, "Key")).secret
    imported = secretsmanager.Secret.from_secret_complete_arn(stack, "Imported", made.secret_arn)
    assert stack.resolve(attributes(made)) == stack.resolve(attributes(imported))


def in_environment(secret: secretsmanager.ISecret, value: cdk.SecretValue) -> None:
    """Write a value into the environment of a function."""
    stack = cdk.Stack.of(secret)
    lambda_.Function(
        stack,
        "Function",
        runtime=lambda_.Runtime.PYTHON_3_13,
        handler="index.handler",
        code=lambda_.Code.from_inline("def handler(event, context): ..."),
        environment={"VALUE": value.unsafe_unwrap()},
    )


REFERENCES: dict[str, tuple[Callable[[secretsmanager.ISecret], object], str | None]] = {
    "the password": (lambda one: in_environment(one, one.secret_value_from_json("password")), "password"),
    "the SMTP user name": (lambda one: in_environment(one, one.secret_value_from_json("username")), "username"),
    "the URL": (
        lambda one: cdk.CfnOutput(cdk.Stack.of(one), "Url", value=str(one.secret_value_from_json("url"))),
        "url",
    ),
    "a further name": (lambda one: one.secret_value_from_json("SMTP_PASSWORD").to_string(), "SMTP_PASSWORD"),
    "the whole value": (lambda one: in_environment(one, one.secret_value), "the whole value"),
    "by its key": (lambda one: one.cfn_dynamic_reference_key(json_field="password"), "password"),
    "the whole by its key": (lambda one: one.cfn_dynamic_reference_key(), "the whole value"),
    "what the CDK makes of it": (
        lambda one: rds.Credentials.from_password("mail", one.secret_value_from_json("password")),
        "password",
    ),
    "credentials of the CDK": (
        lambda one: codebuild.GitHubSourceCredentials(
            cdk.Stack.of(one), "Git", access_token=one.secret_value_from_json("password")
        ),
        "password",
    ),
    "the host": (lambda one: in_environment(one, one.secret_value_from_json("host")), None),
    "the port": (lambda one: one.secret_value_from_json("port"), None),
    "the port by a further name": (lambda one: one.secret_value_from_json("SMTP_PORT"), None),
    "the region": (lambda one: one.cfn_dynamic_reference_key(json_field="region"), None),
    "the IAM user": (lambda one: one.secret_value_from_json("iam_user"), None),
    "ECS, when a task starts": (lambda one: ecs.Secret.from_secrets_manager(one, "password"), None),
}


@pytest.mark.parametrize(("refer", "named"), REFERENCES.values(), ids=REFERENCES)
def test_a_login_in_a_template_draws_a_warning(
    stack: cdk.Stack, refer: Callable[[secretsmanager.ISecret], object], named: str | None
) -> None:
    """Fields that a rotation does not change draw no warning."""
    refer(user(stack, secret_fields={"password": "SMTP_PASSWORD", "port": "SMTP_PORT"}).secret)

    found = warnings(stack)
    begins = f"CloudFormation writes {named} of the login into a resource"
    assert [one.startswith(begins) for one in found] == ([True] if named else [])
    assert all(one.endswith("[ack: ses-secure-user:dynamicReference]") for one in found)


WEAK = cdk.ReferenceStrength.WEAK
WEAKENED: dict[str, Callable[[SecureSesSmtpUser, cdk.Stack], object]] = {
    "of the secret": lambda mailer, _: cdk.CrossStackReferences.of(mailer.secret).produce(WEAK),
    "by the secret's method": lambda mailer, _: mailer.secret.apply_cross_stack_reference_strength(WEAK),  # type: ignore[attr-defined]
    "of the readers": lambda _, readers: cdk.CrossStackReferences.of(readers).consume(WEAK),
}


def of_other_stacks(stack: cdk.Stack) -> str:
    """Return the kinds of references to other stacks in a template."""
    text = json.dumps(Template.from_stack(stack).to_json())
    return " ".join(name for name in ("Fn::ImportValue", "Fn::GetStackOutput") if name in text)


@pytest.mark.parametrize("weaken", WEAKENED.values(), ids=WEAKENED)
def test_a_reader_in_another_stack_can_use_weak_references(
    app: cdk.App, stack: cdk.Stack, weaken: Callable[[SecureSesSmtpUser, cdk.Stack], object]
) -> None:
    """Then no export prevents the replacement of a login."""
    readers = cdk.Stack(app, "Readers", env=HERE)
    made = mailer(stack)
    weaken(made, readers)
    made.grant_read(role(readers))
    app.synth()

    assert of_other_stacks(readers) == "Fn::GetStackOutput"
    assert all("Export" not in one for one in Template.from_stack(stack).to_json()["Outputs"].values())


def test_a_reader_in_another_stack_uses_exports_by_default(app: cdk.App, stack: cdk.Stack) -> None:
    readers = cdk.Stack(app, "Readers", env=HERE)
    mailer(stack).grant_read(role(readers))
    app.synth()
    assert of_other_stacks(readers) == "Fn::ImportValue"


def exports(*, second: bool) -> set[str]:
    """The exports of a stack whose reader reads the first user's secret, or a second one's as docs/clients.md has it."""
    app = cdk.App(analytics_reporting=False)
    stack, readers = cdk.Stack(app, "Mail", env=HERE), cdk.Stack(app, "Readers", env=HERE)
    first = user(stack)
    made = user(stack, "Mailer2", smtp_port=587) if second else first
    if second:
        stack.export_value(first.secret.secret_arn)
    made.grant_read(role(readers))
    app.synth()
    return {one["Export"]["Name"] for one in Template.from_stack(stack).to_json()["Outputs"].values()}


def test_a_replaced_login_keeps_the_export_of_its_readers() -> None:
    """CloudFormation removes no export that is imported, and the readers' stack is updated last."""
    assert exports(second=False) < exports(second=True)


def test_references_of_the_user_can_be_weak(app: cdk.App, stack: cdk.Stack) -> None:
    others = cdk.Stack(app, "Others", env=HERE)
    made = mailer(stack)
    cdk.CrossStackReferences.of(made.user).produce(WEAK)
    cdk.CfnOutput(others, "Name", value=made.user.user_name)
    cdk.CfnOutput(others, "Arn", value=made.user.user_arn)
    app.synth()
    assert of_other_stacks(others) == "Fn::GetStackOutput"


def test_the_removal_policy_is_a_property_of_the_user(stack: cdk.Stack) -> None:
    """The attribute `secret` refers to the custom resource, which is always deleted."""
    with pytest.raises(ValueError, match="removal_policy") as refusal:
        mailer(stack).secret.apply_removal_policy(cdk.RemovalPolicy.RETAIN)

    assert str(refusal.value) == (
        "`removal_policy` must be given to the SecureSesSmtpUser, got RETAIN; write"
        " removal_policy=RemovalPolicy.RETAIN for the user"
    )


def attributes(secret: secretsmanager.ISecret) -> list[str | None]:
    return [
        secret.secret_arn,
        secret.secret_full_arn,
        secret.secret_value.unsafe_unwrap(),
        secret.secret_value_from_json("host").unsafe_unwrap(),
        secret.cfn_dynamic_reference_key(json_field="host"),
        secret.secret_ref.secret_id,
    ]


@pytest.mark.parametrize("name", ["mail/smtp", "a-b-c", cdk.Fn.import_value("Name")], ids=["path", "hyphens", "token"])
def test_the_secret_has_the_chosen_name(stack: cdk.Stack, name: str) -> None:
    assert user(stack, secret_name=name).secret.secret_name == name


def test_a_generated_name_does_not_include_the_arn_suffix(stack: cdk.Stack) -> None:
    """The ARN ends with `MailerSecret6A2E4B6E-0aB1cD2eF3gH-AbCdEf`, of which the first two parts are the name."""
    secret = mailer(stack).secret

    name = stack.resolve(secret.secret_name)

    parts = {"Fn::Split": ["-", {"Fn::Select": [6, {"Fn::Split": [":", secret_arn(stack)]}]}]}
    assert name == {"Fn::Join": ["", [{"Fn::Select": [0, parts]}, "-", {"Fn::Select": [1, parts]}]]}


def test_no_policy_of_the_secret_may_make_it_public(stack: cdk.Stack) -> None:
    """This includes statements that do not come from a grant."""
    mailer(stack).secret.add_to_resource_policy(
        iam.PolicyStatement(actions=READ[:1], resources=["*"], principals=[iam.AnyPrincipal()])
    )
    (policy,) = resources(stack, "AWS::SecretsManager::ResourcePolicy")
    assert policy["BlockPublicPolicy"] is True
