"""`CredentialIssuer`: its properties, and the users that share it."""

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Template

from ses_secure_user import CredentialIssuer
from tests.construct.users import HERE, function, grants, refused, refused_issuer, resources, user, warnings


def test_only_secrets_manager_of_this_account_may_invoke_it(stack: cdk.Stack) -> None:
    user(stack)

    (permission,) = resources(stack, "AWS::Lambda::Permission")
    assert permission["Principal"] == "secretsmanager.amazonaws.com"
    assert permission["SourceAccount"] == "111122223333"


def test_its_own_key_encrypts_the_log_group_and_lets_logs_use_it(stack: cdk.Stack) -> None:
    CredentialIssuer(stack, "Issuer", encryption_key=kms.Key(stack, "Key"), log_retention=logs.RetentionDays.TWO_YEARS)

    (group,), (key,) = resources(stack, "AWS::Logs::LogGroup"), resources(stack, "AWS::KMS::Key")
    assert "KmsKeyId" in group
    assert group["RetentionInDays"] == 731
    assert '"Service": "logs.eu-west-1.amazonaws.com"' in json.dumps(key)
    assert "KmsKeyArn" in function(stack)


def test_configured_in_place_it_keeps_its_logical_ids(app: cdk.App) -> None:
    """CloudFormation can change the properties of a function, but not the function of a deployed user."""
    default, configured = cdk.Stack(app, "Default", env=HERE), cdk.Stack(app, "Configured", env=HERE)

    CredentialIssuer.of(configured, reserved_concurrent_executions=10, tracing=lambda_.Tracing.ACTIVE)
    user(default)
    user(configured)

    assert function(default) != function(configured)
    before, after = (Template.from_stack(one).to_json()["Resources"] for one in (default, configured))
    assert before.keys() == after.keys()
    credentials = [name for name in before if before[name]["Type"] == "Custom::SesSmtpCredential"]
    assert [before[name] for name in credentials] == [after[name] for name in credentials]


def test_it_is_configured_once_before_the_first_user(stack: cdk.Stack) -> None:
    configured = CredentialIssuer.of(stack, reserved_concurrent_executions=10)

    assert user(stack).issuer is configured
    assert CredentialIssuer.of(configured) is configured

    with pytest.raises(ValueError, match="configured once") as refusal:
        CredentialIssuer.of(stack, reserved_concurrent_executions=20)

    assert str(refusal.value) == (
        "`CredentialIssuer.of` must be configured once, before the stack's first user, got"
        " reserved_concurrent_executions; call it before the first user"
    )


def test_a_given_role_gets_only_policies_for_logs_and_users(stack: cdk.Stack) -> None:
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    issuer = CredentialIssuer(stack, "Issuer", role=role, vpc=ec2.Vpc(stack, "Vpc"), tracing=lambda_.Tracing.ACTIVE)

    user(stack, issuer=issuer)

    assert len([one for one in resources(stack, "AWS::IAM::Role") if "lambda" in json.dumps(one)]) == 1
    assert [action for action in grants(stack) if action.startswith(("ec2:", "xray:"))] == []
    assert "iam:CreateAccessKey" in grants(stack)


def test_turning_off_login_tests_draws_a_warning(stack: cdk.Stack) -> None:
    issuer = CredentialIssuer.of(stack, verify_login=False)

    assert function(stack)["Environment"] == {"Variables": {"VERIFY_LOGIN": "false"}}
    assert warnings(stack) == [
        "`verify_login` is False, so a login may become current before SES accepts it [ack: ses-secure-user:untestedLogin]"
    ]

    cdk.Annotations.of(issuer).acknowledge_warning("ses-secure-user:untestedLogin", "meant")

    assert warnings(stack) == []


def test_it_tests_logins_by_default(stack: cdk.Stack) -> None:
    user(stack)
    assert "Environment" not in function(stack)


BLOCKED = (
    "`smtp_port` must be one that Lambda may open, to test the login, got 25; write 587, or give an `issuer` with"
    " verify_login=False"
)


@pytest.mark.parametrize("shared", [None, True, False])
@pytest.mark.parametrize("given", [None, True, False])
def test_port_25_requires_an_issuer_without_login_tests(
    stack: cdk.Stack, *, given: bool | None, shared: bool | None
) -> None:
    """The issuer is the given one, or else the one of the stack, or else the one that the user creates."""
    if shared is not None:
        CredentialIssuer.of(stack, verify_login=shared)
    issuer = None if given is None else CredentialIssuer(stack, "Issuer", verify_login=given)

    serving = shared if given is None else given
    if serving is False:
        assert user(stack, smtp_port=25, issuer=issuer).smtp_port == 25
    else:
        assert refused(stack, smtp_port=25, issuer=issuer) == BLOCKED


def test_a_failed_rotation_triggers_the_alarm(stack: cdk.Stack) -> None:
    CredentialIssuer(stack, "Issuer", alarm_topic=sns.Topic(stack, "Topic"))

    (alarm,) = resources(stack, "AWS::CloudWatch::Alarm")
    assert (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"]) == ("AWS/Lambda", "Errors", "Sum")
    assert alarm["Threshold"] == 1
    assert alarm["TreatMissingData"] == "notBreaching"
    assert len(alarm["AlarmActions"]) == 1


def test_a_user_also_has_the_metric(stack: cdk.Stack) -> None:
    metric = user(stack).metric_rotation_failures(period=cdk.Duration.hours(1))
    assert metric.metric_name == "Errors"
    assert metric.period.to_hours() == 1


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        (
            {"vpc": "vpc-0123456789abcdef0"},
            "`vpc` must be a construct of type ec2.IVpc, got 'vpc-0123456789abcdef0'; create or import one, and give it",
        ),
        (
            {"alarm_topic": "arn:aws:sns:eu-west-1:111122223333:alarms"},
            "`alarm_topic` must be a construct of type sns.ITopic, got 'arn:aws:sns:eu-west-1:111122223333:alarms'; create or import one, and give it",
        ),
        (
            {"log_retention": None},
            "`log_retention` must be a RetentionDays, got None; write one such as logs.RetentionDays.ONE_YEAR",
        ),
        (
            {"log_retention": 365},
            "`log_retention` must be a RetentionDays, got 365; write one such as logs.RetentionDays.ONE_YEAR",
        ),
        (
            {"tracing": "Active"},
            "`tracing` must be a Tracing, got 'Active'; write one such as lambda_.Tracing.ACTIVE",
        ),
        ({"verify_login": "no"}, "`verify_login` must be a bool, got 'no'; write one such as False"),
        (
            {"runtime": "python3.13"},
            "`runtime` must be a Runtime, got 'python3.13'; write one such as lambda_.Runtime.PYTHON_3_14",
        ),
    ],
)
def test_a_wrong_property_is_refused(stack: cdk.Stack, properties: dict[str, Any], message: str) -> None:
    assert refused_issuer(stack, **properties) == message


@pytest.mark.parametrize(
    ("env", "message"),
    [
        (
            cdk.Environment(account="111122223333", region="us-east-1"),
            "`issuer` must be in the user's region us-east-1, got eu-west-1; CloudFormation cannot invoke a function there: create an issuer for each region",
        ),
        (
            cdk.Environment(account="444455556666", region="eu-west-1"),
            "`issuer` must be in the user's account 444455556666, got '111122223333'; CloudFormation cannot invoke a function there: create an issuer for each account",
        ),
    ],
)
def test_users_in_another_region_or_account_cannot_share_it(
    app: cdk.App, stack: cdk.Stack, env: cdk.Environment, message: str
) -> None:
    issuer, other = CredentialIssuer(stack, "Issuer"), cdk.Stack(app, "Other", env=env)

    assert refused(other, issuer=issuer) == message
