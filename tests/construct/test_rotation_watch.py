"""Rotations that are overdue: the function that asks, and the alarm on what it writes."""

import json
import re
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from tests.construct.users import resources, topic, user


def test_the_alarm_waits_for_what_the_function_writes(stack: cdk.Stack) -> None:
    """Within CloudWatch's limit of a week."""
    user(stack).alarm_on_overdue_rotation(topic=topic(stack))

    (alarm,) = resources(stack, "AWS::CloudWatch::Alarm")
    (secret,) = Template.from_stack(stack).find_resources("AWS::SecretsManager::Secret")
    assert (alarm["Namespace"], alarm["MetricName"]) == ("SesSecureUser", "RotationOverdue")
    assert alarm["Dimensions"] == [{"Name": "SecretId", "Value": {"Ref": secret}}]
    assert (alarm["Threshold"], alarm["Statistic"], alarm["Period"]) == (1, "Maximum", 3600)
    assert alarm["Period"] * alarm["EvaluationPeriods"] == 6 * 3600 <= 7 * 86400
    assert alarm["TreatMissingData"] == "missing"
    assert alarm["AlarmActions"] == alarm["InsufficientDataActions"] != []


def test_one_function_asks_of_all_users(stack: cdk.Stack) -> None:
    """It may describe their secrets, and nothing else."""
    told = topic(stack)
    for name in ("One", "Two"):
        made = user(stack, name)
        made.alarm_on_overdue_rotation(topic=told)
        made.metric_rotation_overdue()

    secrets = [{"Ref": name} for name in Template.from_stack(stack).find_resources("AWS::SecretsManager::Secret")]
    (rule,) = resources(stack, "AWS::Events::Rule")
    assert rule["ScheduleExpression"] == "rate(1 hour)"
    assert rule["Targets"][0]["Input"] == {"Fn::Join": ["", ['{"SecretIds":["', secrets[0], '","', secrets[1], '"]}']]}
    (access,) = (
        one["PolicyDocument"]["Statement"]
        for one in resources(stack, "AWS::IAM::ManagedPolicy")
        if "secretsmanager:DescribeSecret" in json.dumps(one) and "iam:" not in json.dumps(one["PolicyDocument"])
    )
    assert [one["Action"] for one in access] == [
        ["logs:CreateLogStream", "logs:PutLogEvents"],
        ["secretsmanager:DescribeSecret"],
    ]
    assert access[1]["Resource"] == secrets
    assert '"Resource": "*"' not in json.dumps(access)


def test_the_function_is_one_file_that_runs_alone(stack: cdk.Stack) -> None:
    user(stack).metric_rotation_overdue()

    (code,) = (one["Code"]["ZipFile"] for one in resources(stack, "AWS::Lambda::Function") if "ZipFile" in one["Code"])
    names: dict[str, Any] = {}
    exec(compile(code, "index.py", "exec"), names)  # noqa: S102 - our own
    assert callable(names["handler"])
    assert set(re.findall(r"^\s*(?:from|import) ([\w.]+)", code, re.MULTILINE)) == {
        "__future__",
        "boto3",
        "collections.abc",
        "json",
        "sys",
        "time",
        "typing",
    }


def test_what_is_not_rotated_is_not_watched(stack: cdk.Stack) -> None:
    message = (
        "`rotation_interval` must be given to watch for overdue rotations, got None; give an interval, or watch nothing"
    )

    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        user(stack, rotation_interval=None).metric_rotation_overdue()


def test_a_second_alarm_is_refused(stack: cdk.Stack) -> None:
    made, told = user(stack), topic(stack)
    made.alarm_on_overdue_rotation(topic=told)

    with pytest.raises(ValueError, match=r"^`alarm_on_overdue_rotation` must be called once for each user, got "):
        made.alarm_on_overdue_rotation(topic=told)


def test_more_users_than_one_function_asks_of_are_refused(stack: cdk.Stack) -> None:
    for number in range(40):
        user(stack, f"User{number}").metric_rotation_overdue()

    with pytest.raises(ValueError, match=r"^`metric_rotation_overdue` must be of at most 40 users of a stack, "):
        user(stack, "Last").metric_rotation_overdue()
