"""`grant_verify`: it grants exactly the actions that `verify` calls."""

import json
from collections.abc import Iterator
from typing import Any

import aws_cdk as cdk
import boto3
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template

from local_aws.aws import LocalAws
from local_aws.iam.evaluator import evaluator
from ses_secure_user import SecureSesSmtpUser
from ses_secure_user.login.verify_grant import VERIFY_ACTIONS
from tests.cases.refusals import GIVEN
from tests.cases.users import stack_of
from tests.cli.command import INSIDE, Command, verdicts
from tests.cli.test_broken import Drift, another_boundary, another_group, no_boundary, policy_of_the_group

READ = {"secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"}
GRANTED = READ | {action for actions in VERIFY_ACTIONS.values() for action in actions}


def made(app: cdk.App, **properties: Any) -> tuple[cdk.Stack, SecureSesSmtpUser, iam.User]:  # noqa: ANN401
    stack = stack_of(app, "Granted")
    mailer = SecureSesSmtpUser(stack, "Mailer", **(GIVEN | properties))
    verifier = iam.User(stack, "Verifier")
    mailer.grant_verify(verifier)
    return stack, mailer, verifier


@pytest.fixture
def command(aws: LocalAws) -> Iterator[Command]:
    app = cdk.App(analytics_reporting=False)
    stack, mailer, verifier = made(app)
    cdk.CfnOutput(stack, "Secret", value=mailer.secret.secret_arn)
    cdk.CfnOutput(stack, "User", value=mailer.user.user_name)
    cdk.CfnOutput(stack, "VerifierName", value=verifier.user_name)
    outputs = aws.deploy(app)
    aws.wait_for_rotations()
    key = aws.client("iam").create_access_key(UserName=outputs["VerifierName"])["AccessKey"]
    aws.env |= {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    yield Command(aws, outputs["Secret"], outputs["User"])
    aws.env |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    aws.client("iam").delete_access_key(UserName=outputs["VerifierName"], AccessKeyId=key["AccessKeyId"])
    aws.destroy("Granted")


def test_verify_calls_exactly_the_granted_actions(
    aws: LocalAws, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: set[str] = set()
    original = boto3.Session

    def session(**options: Any) -> boto3.Session:  # noqa: ANN401 - what boto3 takes
        made = original(**options)
        record = lambda model, **_: called.add(f"{model.service_model.signing_name}:{model.name}")  # noqa: E731
        made.events.register("before-call", record)
        return made

    monkeypatch.setattr(boto3, "Session", session)
    aws.send_from(INSIDE)
    report = command.verify()
    assert (report["exit"], set(verdicts(report).values())) == (0, {"proved", "observed"}), report
    stranger = aws.client("iam").create_access_key(UserName=command.user)["AccessKey"]["AccessKeyId"]
    assert command.broken() == {"keys"}
    aws.client("iam").delete_access_key(UserName=command.user, AccessKeyId=stranger)
    assert called == GRANTED


@pytest.mark.parametrize("drift", [another_group, another_boundary, policy_of_the_group, no_boundary])
def test_drift_that_the_grant_does_not_cover_is_reported(aws: LocalAws, command: Command, drift: Drift) -> None:
    aws.send_from(INSIDE)
    undo = drift(aws.client("iam"), command)
    broken = command.broken()
    undo()
    assert broken == {"boundary"}


def test_a_value_that_names_another_user_is_an_error(aws: LocalAws, command: Command) -> None:
    text = json.dumps(aws.value(command.secret) | {"iam_user": "other"})
    aws.client("secretsmanager").put_secret_value(SecretId=command.secret, SecretString=text)
    done = command.run("verify", command.secret)
    assert done.exit_code == 2
    assert done.stderr == (
        "Error: these credentials may not call GetUser: the secret names the user other, and"
        " `mailer.grant_verify(role)` grants the permissions for its own user only\n"
    )


def test_each_grant_is_limited_to_the_resources_of_the_login() -> None:
    app = cdk.App(analytics_reporting=False, context={"aws:cdk:disable-asset-staging": True})
    stack, _, _ = made(app, identity=["example.com", "example.org"], configuration_set="transactional")
    (policy,) = (
        one["Properties"]["PolicyDocument"]["Statement"]
        for one in Template.from_stack(stack).find_resources("AWS::IAM::Policy").values()
        if "Users" in one["Properties"]
    )
    assert {action for one in policy for action in _listed(one["Action"])} == GRANTED
    unlimited = {action for one in policy if one["Resource"] == "*" for action in _listed(one["Action"])}
    assert unlimited == {"ses:GetAccount", "ses:ListEmailIdentities"}
    text = json.dumps([one["Resource"] for one in policy if "ses:GetEmailIdentity" in _listed(one["Action"])])
    assert text.count(":identity/") == 3, "two identities, and the From address, which can be one"
    assert "configuration-set" not in text
    assert "*" not in text


def test_only_actions_without_resources_are_granted_on_all() -> None:
    with evaluator() as iam_data:
        known = {
            action: one for service in ("iam", "secretsmanager", "ses") for action, one in iam_data.actions(service)
        }
    limited = {action for kind, actions in VERIFY_ACTIONS.items() if kind != "account" for action in actions}
    assert [action for action in limited if known[action] == "*"] == []
    assert [action for action in VERIFY_ACTIONS["account"] if known[action] != "*"] == []


def _listed(value: Any) -> list[Any]:  # noqa: ANN401 - one, or several
    return value if isinstance(value, list) else [value]
