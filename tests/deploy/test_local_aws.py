"""The parts of the local AWS that the other tests stand on."""

import json
import re
import smtplib

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_iam as iam

from tests.deploy.behaviours import function, new_secret, new_user
from tests.deploy.local_aws import LocalAws
from tests.deploy.ses_password import PUBLISHED, smtp_password

STEPS = ["createSecret", "setSecret", "testSecret", "finishSecret"]


def rotating(aws: LocalAws, description: str = "") -> str:
    secret = new_secret(aws, Description=description)
    api = aws.client("secretsmanager")
    api.rotate_secret(SecretId=secret, RotationLambdaARN=function(aws), RotateImmediately=False)
    return secret


def steps(aws: LocalAws, token: str) -> list[str]:
    events = map(json.loads, re.findall(r'^\{"Step".*\}$', aws.logs(), re.MULTILINE))
    return [event["Step"] for event in events if event["ClientRequestToken"] == token]


def new_key(aws: LocalAws) -> tuple[str, str, dict[str, str]]:
    user = new_user(aws)
    aws.client("iam").create_access_key(UserName=user)
    key = aws.every_key_ever_made()[-1]
    assert [key.access_key_id] == aws.keys(user)
    return user, key.access_key_id, key.smtp_passwords


@pytest.mark.parametrize(("secret", "region", "password"), PUBLISHED)
def test_the_password_is_the_one_terraform_publishes(secret: str, region: str, password: str) -> None:
    assert smtp_password(secret, region) == password


def test_a_login_needs_the_password_of_the_region(aws: LocalAws) -> None:
    _, username, passwords = new_key(aws)
    for region, other in (("us-east-1", "eu-west-1"), ("eu-west-1", "us-east-1")):
        assert aws.login(username, passwords[region], region=region)
        assert not aws.login(username, passwords[other], region=region)


def test_an_inactive_key_is_refused(aws: LocalAws) -> None:
    user, username, passwords = new_key(aws)
    aws.client("iam").update_access_key(UserName=user, AccessKeyId=username, Status="Inactive")
    assert not aws.login(username, passwords["us-east-1"])


def test_a_refusal_reads_like_that_of_ses(aws: LocalAws) -> None:
    with smtplib.SMTP(aws.smtp_host, aws.smtp_port(), local_hostname="localhost") as smtp:
        smtp.starttls()
        with pytest.raises(smtplib.SMTPAuthenticationError, match="Authentication Credentials Invalid"):
            smtp.login("nobody", "nothing")


def test_nobody_logs_in_without_tls(aws: LocalAws) -> None:
    _, username, passwords = new_key(aws)
    with (
        smtplib.SMTP(aws.smtp_host, aws.smtp_port(), local_hostname="localhost") as smtp,
        pytest.raises(smtplib.SMTPNotSupportedError),
    ):
        smtp.login(username, passwords["us-east-1"])


def test_a_new_key_takes_a_while(aws: LocalAws) -> None:
    _, username, passwords = new_key(aws)
    aws.refuse_first_logins(2)
    try:
        assert [aws.login(username, passwords["us-east-1"]) for _ in range(4)] == [False, False, True, True]
    finally:
        aws.refuse_first_logins(0)


def test_the_endpoint_goes_down_and_comes_back(aws: LocalAws) -> None:
    _, username, passwords = new_key(aws)
    aws.smtp_down()
    try:
        with pytest.raises(smtplib.SMTPServerDisconnected):
            aws.login(username, passwords["us-east-1"])
    finally:
        aws.smtp_up()
    assert aws.login(username, passwords["us-east-1"])


def test_a_rotation_runs_four_steps(aws: LocalAws) -> None:
    secret = rotating(aws)
    token = aws.rotate(secret)["token"]
    assert steps(aws, token) == STEPS
    assert aws.client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"] == token


def test_a_failed_rotation_is_reattempted_under_its_token(aws: LocalAws) -> None:
    secret, api = rotating(aws, "testSecret"), aws.client("secretsmanager")
    end = aws.rotate(secret, expect="failure")
    assert end["failed"] == "testSecret"
    api.update_secret(SecretId=secret, Description="")
    assert aws.rotate(secret)["token"] == end["token"]
    assert steps(aws, end["token"]) == [*STEPS[:3], *STEPS]


def test_nothing_is_left_of_a_deleted_stack(aws: LocalAws) -> None:
    app, before = App(), aws.leftovers()
    iam.CfnUser(Stack(app, "Gone"), "User", user_name="gone")
    aws.deploy(app)
    assert aws.leftovers() - before == {"user gone"}
    aws.destroy("Gone")
    assert aws.leftovers() == before
    assert aws.events("Gone")[-1]["ResourceStatus"] == "DELETE_COMPLETE"


def test_the_cli_deploys_beside_the_short_way(aws: LocalAws) -> None:
    app = App()
    iam.CfnGroup(Stack(app, "ByCli"), "Group", group_name="by-cli")
    aws.bootstrap()
    done = aws.cdk("deploy", "--all", "--require-approval", "never", app=app)
    assert done.returncode == 0, done.stderr
    assert "group by-cli" in aws.leftovers()
    aws.destroy("ByCli")
