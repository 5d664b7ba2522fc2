"""Deployments of other shapes: customer managed keys, additional fields, a shared issuer and many users."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs

from local_aws.aws import REGION, LocalAws
from ses_secure_user import CredentialIssuer, SecureSesSmtpUser
from tests.cases import users as local_users
from tests.cases.users import stack_of

USERS = 30
"""More users than fit into one policy of the role. Tests without a deployment check the limit of the role."""


@pytest.fixture
def app(aws: LocalAws) -> Iterator[cdk.App]:
    """Create an app, destroy its stacks after the test in reverse order, and check that no resources are left."""
    before = aws.leftovers()
    app = cdk.App(analytics_reporting=False)
    yield app
    aws.wait_for_rotations()
    for stack in reversed([child for child in app.node.children if isinstance(child, cdk.Stack)]):
        aws.destroy(stack.stack_name)
    assert aws.leftovers() == before


def user(stack: cdk.Stack, name: str = "Mailer", **properties: Any) -> SecureSesSmtpUser:  # noqa: ANN401
    made = local_users.user(stack, name, from_address=f"{name.lower()}@example.com", **properties)
    cdk.CfnOutput(stack, f"{name}Secret", value=made.secret.secret_arn)
    return made


def test_one_customer_managed_key_encrypts_everything(aws: LocalAws, app: cdk.App) -> None:
    stack = stack_of(app, "CustomerKey")
    key = kms.Key(stack, "Key", removal_policy=cdk.RemovalPolicy.DESTROY, pending_window=cdk.Duration.days(7))
    issuer = CredentialIssuer(
        stack,
        "Issuer",
        encryption_key=key,
        dead_letter_queue=sqs.Queue(stack, "Letters", encryption_master_key=key),
        alarm_topic=sns.Topic(stack, "Alarms"),
    )
    user(stack, encryption_key=key, issuer=issuer)
    secret = aws.deploy(app)["MailerSecret"]
    login = aws.value(secret)
    assert aws.login(login["username"], login["password"])
    assert aws.client("secretsmanager").describe_secret(SecretId=secret)["KmsKeyId"].startswith("arn:aws:kms:")
    aws.rotate(secret)


def test_an_issuer_is_configured_after_its_first_deployment(aws: LocalAws, app: cdk.App) -> None:
    """The user keeps its function, because CloudFormation does not allow another ServiceToken, and its logins."""
    plain = cdk.App(analytics_reporting=False)
    user(stack_of(plain, "Configured"))
    secret = aws.deploy(plain)["MailerSecret"]
    login, function = aws.value(secret), physical_id(aws, "Configured", "AWS::Lambda::Function")

    stack = stack_of(app, "Configured")
    key = kms.Key(stack, "Key", removal_policy=cdk.RemovalPolicy.DESTROY, pending_window=cdk.Duration.days(7))
    CredentialIssuer.of(
        stack,
        vpc=ec2.Vpc.from_vpc_attributes(
            stack,
            "Vpc",
            vpc_id="vpc-0123456789abcdef0",
            availability_zones=["us-east-1a"],
            private_subnet_ids=["subnet-0123456789abcdef0"],
        ),
        security_groups=[ec2.SecurityGroup.from_security_group_id(stack, "Group", "sg-0123456789abcdef0")],
        encryption_key=key,
        dead_letter_queue=sqs.Queue(stack, "Letters", encryption_master_key=key),
        reserved_concurrent_executions=10,
        role=iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com")),
        log_retention=logs.RetentionDays.TWO_YEARS,
        tracing=lambda_.Tracing.ACTIVE,
        runtime=lambda_.Runtime.PYTHON_3_13,
        alarm_topic=sns.Topic(stack, "Alarms"),
    )
    user(stack, encryption_key=key)
    assert aws.deploy(app)["MailerSecret"] == secret
    assert physical_id(aws, "Configured", "AWS::Lambda::Function") == function
    configuration = aws.client("lambda").get_function_configuration(FunctionName=function)
    assert configuration["Runtime"] == "python3.13"
    assert configuration["Role"].endswith(physical_id(aws, "Configured", "AWS::IAM::Role"))
    assert aws.value(secret) == login
    aws.rotate(secret)
    for one in (login, aws.value(secret)):
        assert aws.login(one["username"], one["password"])


def physical_id(aws: LocalAws, stack: str, type_name: str) -> str:
    summaries = aws.client("cloudformation").list_stack_resources(StackName=stack)["StackResourceSummaries"]
    (found,) = (one["PhysicalResourceId"] for one in summaries if one["ResourceType"] == type_name)
    return str(found)


def test_a_reader_of_another_account_is_named_by_the_secret(aws: LocalAws, app: cdk.App) -> None:
    stack = stack_of(app, "ForeignReader")
    key = kms.Key(stack, "Key", removal_policy=cdk.RemovalPolicy.DESTROY, pending_window=cdk.Duration.days(7))
    mailer = user(stack, encryption_key=key)
    mailer.grant_read(iam.ArnPrincipal("arn:aws:iam::444455556666:role/reader"))
    secret = aws.deploy(app)["MailerSecret"]
    policy = json.loads(aws.client("secretsmanager").get_resource_policy(SecretId=secret)["ResourcePolicy"])
    (statement,) = policy["Statement"]
    assert statement["Principal"] == {"AWS": "arn:aws:iam::444455556666:role/reader"}
    assert statement["Resource"] == secret


def test_additional_names_of_fields_are_kept_by_rotation(aws: LocalAws, app: cdk.App) -> None:
    names = {"username": "SMTP_USERNAME", "password": "SMTP_PASSWORD", "url": "MAIL_URL"}
    longer = {"port_text": "SPRING_MAIL_PROPERTIES_MAIL_SMTP_PORT"}
    stack = stack_of(app, "FurtherNames")
    user(stack, secret_fields=names | longer)
    secret = aws.deploy(app)["MailerSecret"]
    first = aws.value(secret)
    assert {first[name] == first[field] for field, name in names.items()} == {True}
    aws.rotate(secret)
    second = aws.value(secret)
    assert [one["SPRING_MAIL_PROPERTIES_MAIL_SMTP_PORT"] for one in (first, second)] == ["465", "465"]
    assert {second[name] == second[field] for field, name in names.items()} == {True}
    assert aws.login(first["username"], first["password"])


def test_each_rotation_starts_the_target_once(aws: LocalAws, app: cdk.App) -> None:
    """The first login and a replacement do not start it."""

    def deploy(app: cdk.App, **properties: Any) -> dict[str, str]:  # noqa: ANN401 - any property
        stack = stack_of(app, "Started")
        queue = sqs.Queue(stack, "Queue", removal_policy=cdk.RemovalPolicy.DESTROY)
        user(stack, **properties).on_new_login("NewLogin", target=targets.SqsQueue(queue))
        cdk.CfnOutput(stack, "QueueUrl", value=queue.queue_url)
        return aws.deploy(app)

    def started(outputs: dict[str, str]) -> list[tuple[str, str]]:
        """Return the versions of the secret for which the target was started, the oldest first."""
        api = aws.client("sqs")
        found = api.receive_message(QueueUrl=outputs["QueueUrl"], MaxNumberOfMessages=10, VisibilityTimeout=0)
        events = [json.loads(one["Body"]) for one in found.get("Messages", [])]
        return [(one["resources"][0], one["detail"]["versionId"]) for one in events]

    def current(outputs: dict[str, str]) -> tuple[str, str]:
        secret = outputs["MailerSecret"]
        value = aws.client("secretsmanager").get_secret_value(SecretId=secret)
        return secret, value["VersionId"]

    before = deploy(cdk.App(analytics_reporting=False))
    assert started(before) == []
    expected = []
    for _ in range(2):
        aws.wait_for_older_keys(aws.value(before["MailerSecret"])["iam_user"])
        aws.rotate(before["MailerSecret"])
        expected.append(current(before))
        assert started(before) == expected

    after = deploy(app, smtp_port=587)

    assert after["MailerSecret"] != before["MailerSecret"]
    assert started(after) == expected

    aws.rotate(after["MailerSecret"])

    assert started(after) == [*expected, current(after)]


def test_a_replica_follows_each_rotation(aws: LocalAws, app: cdk.App) -> None:
    user(stack_of(app, "Replicated"), replica_regions=["eu-west-1"])
    secret = aws.deploy(app)["MailerSecret"]
    aws.rotate(secret)
    replica = aws.client("secretsmanager", "eu-west-1").get_secret_value(SecretId=secret.replace(REGION, "eu-west-1"))
    assert json.loads(replica["SecretString"]) == aws.value(secret)


def test_stacks_that_share_an_issuer_are_independent(aws: LocalAws, app: cdk.App) -> None:
    issuer = CredentialIssuer(stack_of(app, "SharedIssuer"), "Issuer")
    for name in ("Orders", "Alerts"):
        user(stack_of(app, f"{name}Stack"), name, issuer=issuer)
    aws.deploy(app, "SharedIssuer")
    secrets = {name: aws.deploy(app, f"{name}Stack")[f"{name}Secret"] for name in ("Orders", "Alerts")}
    aws.rotate(secrets["Orders"])
    aws.wait_for_rotations()
    aws.destroy("OrdersStack")
    login = aws.value(secrets["Alerts"])
    assert aws.login(login["username"], login["password"])
    aws.rotate(secrets["Alerts"])


def test_many_users_of_a_stack_share_one_function_and_role(aws: LocalAws, app: cdk.App) -> None:
    stack = stack_of(app, "ManyUsers")
    for number in range(USERS):
        user(stack, f"User{number:02}", rotation_interval=None if number else cdk.Duration.days(30))
    outputs = aws.deploy(app)
    resources = aws.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName="ManyUsers")
    types = Counter(one["ResourceType"] for page in resources for one in page["StackResourceSummaries"])
    assert (types["AWS::Lambda::Function"], types["AWS::IAM::Role"], types["AWS::IAM::User"]) == (1, 1, USERS)
    iam = aws.client("iam")
    attached = [
        iam.get_policy_version(PolicyArn=one["Arn"], VersionId=one["DefaultVersionId"])["PolicyVersion"]["Document"]
        for one in iam.list_policies(Scope="Local", MaxItems=1000)["Policies"]
        if "ManyUsers-SesSecureUserIssuer" in one["PolicyName"]
    ]
    assert max(len(json.dumps(document, separators=(",", ":"))) for document in attached) <= 6144
    for login in (aws.value(secret) for secret in outputs.values()):
        assert aws.login(login["username"], login["password"])
    aws.rotate(outputs["User00Secret"])
