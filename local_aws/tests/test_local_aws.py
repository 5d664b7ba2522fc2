"""The parts of the local AWS on which the other tests depend."""

import json
import os
import re
import smtplib
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator

import pytest
from aws_cdk import App, CfnOutput, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from local_aws.aws import LocalAws
from local_aws.ses.password import PUBLISHED, smtp_password
from local_aws.tests.behaviours import function, new_secret, new_user

HOST = "email-smtp.us-east-1.amazonaws.com"
OTHER_HOST = "email-smtp.eu-west-1.amazonaws.com"
UNSERVED = "email-smtp-fips.eu-north-1.amazonaws.com"
NOWHERE = "is not an endpoint of the local AWS"
LOG_IN = """
import smtplib, ssl

def handler(event, context):
    tls = ssl.create_default_context()
    with smtplib.SMTP_SSL(event["host"], 465, local_hostname="localhost", context=tls) as smtp:
        return smtp.login(event["username"], event["password"])[0]
"""
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


@pytest.mark.parametrize("port", [465, 2465, 25, 587, 2587])
@pytest.mark.parametrize(
    "host",
    [
        HOST,
        "email-smtp-fips.us-east-1.amazonaws.com",
        "email-smtp.us-east-1.api.aws",
        "vpce-0a-1b.email-smtp.us-east-1.vpce.amazonaws.com",
    ],
)
def test_the_names_and_ports_of_ses_are_served(aws: LocalAws, host: str, port: int) -> None:
    _, username, passwords = new_key(aws)
    tls = ssl.create_default_context(cafile=str(aws.ca_file))
    with aws.in_place_of_ses():
        if port in {465, 2465}:
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(host, port, local_hostname="localhost", context=tls)
        else:
            smtp = smtplib.SMTP(host, port, local_hostname="localhost")
            smtp.starttls(context=tls)
        with smtp:
            assert smtp.login(username, passwords["us-east-1"])[0] == 235


@pytest.mark.parametrize(("host", "port"), [(UNSERVED, 465), (HOST, 2525), ("email-smtp.us-east-1.example.com", 465)])
def test_no_name_server_is_asked_for_other_names_of_ses(aws: LocalAws, host: str, port: int) -> None:
    with aws.in_place_of_ses(), pytest.raises(socket.gaierror, match=NOWHERE):
        socket.create_connection((host, port))


@pytest.mark.usefixtures("aws")
def test_ses_itself_is_never_reached() -> None:
    with pytest.raises(socket.gaierror, match=NOWHERE):
        socket.create_connection((HOST, 465))


def test_a_certificate_is_for_the_names_of_one_region(aws: LocalAws) -> None:
    tls = ssl.create_default_context(cafile=str(aws.ca_file))
    with (
        aws.in_place_of_ses(),
        socket.create_connection((HOST, 465)) as connection,
        pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"),
    ):
        tls.wrap_socket(connection, server_hostname=OTHER_HOST)


@pytest.fixture(scope="module")
def logging_in(aws: LocalAws) -> Iterator[str]:
    """Deploy a function that logs in to a host and returns the SMTP code."""
    app = App()
    stack = Stack(app, "LoggingIn")
    runtime, code = lambda_.Runtime.PYTHON_3_14, lambda_.Code.from_inline(LOG_IN)
    made = lambda_.Function(stack, "Function", code=code, handler="index.handler", runtime=runtime)
    CfnOutput(stack, "Arn", value=made.function_arn)
    yield aws.deploy(app)["Arn"]
    aws.destroy("LoggingIn")


def test_a_function_can_reach_the_endpoints(aws: LocalAws, logging_in: str) -> None:
    _, username, passwords = new_key(aws)
    for host, region in ((HOST, "us-east-1"), (OTHER_HOST, "eu-west-1")):
        login = {"host": host, "username": username, "password": passwords[region]}
        assert aws.invoke(logging_in, login) == 235
    assert NOWHERE in aws.invoke(logging_in, {"host": UNSERVED})["errorMessage"]


def test_a_process_can_reach_the_endpoints_by_its_environment(aws: LocalAws) -> None:
    _, username, passwords = new_key(aws)
    login = {"host": HOST, "username": username, "password": passwords["us-east-1"]}
    command = [sys.executable, "-c", f"{LOG_IN}\nprint(handler({login}, None))"]
    env = os.environ | aws.env | {"SSL_CERT_FILE": str(aws.ca_file)}
    done = subprocess.run(command, env=env, capture_output=True, encoding="utf-8", check=False)
    assert done.stdout == "235\n", done.stderr


def test_an_inactive_key_is_refused(aws: LocalAws) -> None:
    user, username, passwords = new_key(aws)
    aws.client("iam").update_access_key(UserName=user, AccessKeyId=username, Status="Inactive")
    assert not aws.login(username, passwords["us-east-1"])


def test_a_refusal_reads_like_that_of_ses(aws: LocalAws) -> None:
    with aws.in_place_of_ses(), smtplib.SMTP(HOST, 587, local_hostname="localhost") as smtp:
        smtp.starttls()
        with pytest.raises(smtplib.SMTPAuthenticationError, match="Authentication Credentials Invalid"):
            smtp.login("nobody", "nothing")


def test_a_login_without_tls_is_refused(aws: LocalAws) -> None:
    _, username, passwords = new_key(aws)
    with (
        aws.in_place_of_ses(),
        smtplib.SMTP(HOST, 587, local_hostname="localhost") as smtp,
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


def test_a_failed_rotation_is_retried_with_its_token(aws: LocalAws) -> None:
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


def test_the_cli_and_the_api_can_both_deploy(aws: LocalAws) -> None:
    app = App()
    iam.CfnGroup(Stack(app, "ByCli"), "Group", group_name="by-cli")
    aws.bootstrap()
    done = aws.cdk("deploy", "--all", "--require-approval", "never", app=app)
    assert done.returncode == 0, done.stderr
    assert "group by-cli" in aws.leftovers()
    aws.destroy("ByCli")
