"""What sees a misuse: sends counted and alarmed, keys that AWS finds in public, rotations that never ran."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import aws_cdk as cdk
import boto3
import botocore.exceptions
import cdk_nag
import pytest
from aws_cdk import aws_ses as ses
from aws_cdk import aws_sns as sns
from aws_cdk.assertions import Annotations, Match, Template
from moto import mock_aws
from moto.events.models import EventPattern

from ses_secure_user import CredentialIssuer, LeakAlarm, SecureSesSmtpUser
from ses_secure_user.watch.overdue import is_overdue, watch

IRELAND = cdk.Environment(account="111122223333", region="eu-west-1")
VIRGINIA = cdk.Environment(account="111122223333", region="us-east-1")
KEY_ID = "AKIAIOSFODNN7EXAMPLE"
EXPOSED = {
    "version": "0",
    "id": "121345678-1234-1234-1234-123456789012",
    "detail-type": "AWS Health Event",
    "source": "aws.health",
    "account": "123456789012",
    "time": "2016-06-05T06:27:57Z",
    "region": "us-east-1",
    "resources": [],
    "detail": {
        "eventArn": "arn:aws:health:us-east-1::event/AWS_RISK_CREDENTIALS_EXPOSED_XXXXXXXXXXXXXXXXX",
        "service": "RISK",
        "eventTypeCode": "AWS_RISK_CREDENTIALS_EXPOSED",
        "eventTypeCategory": "issue",
        "startTime": "Sat, 05 Jun 2016 15:10:09 GMT",
        "eventDescription": [{"language": "en_US", "latestDescription": "A description"}],
        "affectedEntities": [{"entityValue": KEY_ID}],
    },
}
"""AWS's sample, with its documentation's own key id."""


@pytest.fixture
def app() -> cdk.App:
    return cdk.App(analytics_reporting=False, context={"aws:cdk:disable-asset-staging": True})


@pytest.fixture
def stack(app: cdk.App) -> cdk.Stack:
    return cdk.Stack(app, "Stack", env=IRELAND)


def mailer(stack: cdk.Stack, name: str = "Mailer", **changed: Any) -> SecureSesSmtpUser:  # noqa: ANN401 - any property
    properties: dict[str, Any] = {
        "identity": "example.com",
        "from_address": "noreply@example.com",
        "allowed_cidrs": ["203.0.113.0/24"],
        "configuration_set": "transactional",
    }
    return SecureSesSmtpUser(stack, name, **(properties | changed))


def found(stack: cdk.Stack, type_name: str) -> list[dict[str, Any]]:
    return [one["Properties"] for one in Template.from_stack(stack).find_resources(type_name).values()]


def warnings(stack: cdk.Stack) -> list[str]:
    entries = Annotations.from_stack(stack).find_warning("*", Match.any_value())
    return [str(one.entry.data) for one in entries]


def topic(stack: cdk.Stack) -> sns.Topic:
    return sns.Topic(stack, "Topic", enforce_ssl=True)


# Sends


def test_sends_are_counted_by_the_user_that_ses_itself_names(stack: cdk.Stack) -> None:
    user = mailer(stack)
    metric = user.metric_sends(period=cdk.Duration.minutes(5))
    assert (metric.namespace, metric.metric_name, metric.statistic) == ("AWS/SES", "Send", "Sum")
    assert stack.resolve(metric.dimensions) == {"ses:caller-identity": stack.resolve(user.user.user_name)}
    (destination,) = found(stack, "AWS::SES::ConfigurationSetEventDestination")
    assert destination["ConfigurationSetName"] == "transactional"
    assert destination["EventDestination"] == {
        "Enabled": True,
        "MatchingEventTypes": ["SEND"],
        "CloudWatchDestination": {
            "DimensionConfigurations": [
                {
                    "DimensionName": "ses:caller-identity",
                    "DimensionValueSource": "messageTag",
                    "DefaultDimensionValue": "none",
                }
            ]
        },
    }


def test_one_mail_more_than_an_hour_may_have_sets_off_the_alarm(stack: cdk.Stack) -> None:
    mailer(stack).alarm_on_sends(per_hour=500, topic=topic(stack))
    (alarm,) = found(stack, "AWS::CloudWatch::Alarm")
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (500, "GreaterThanThreshold")
    assert (alarm["Period"], alarm["EvaluationPeriods"], alarm["TreatMissingData"]) == (3600, 1, "notBreaching")
    assert len(alarm["AlarmActions"]) == 1


def test_a_topic_with_its_own_policy_lets_every_alarm_publish(stack: cdk.Stack) -> None:
    """A topic's default policy, which lets CloudWatch, ends with the first statement that is added to it."""
    told = topic(stack)
    CredentialIssuer.of(stack, alarm_topic=told)
    user = mailer(stack)
    user.alarm_on_sends(per_hour=500, topic=told)
    user.alarm_on_overdue_rotation(topic=told)
    (made,) = found(stack, "AWS::SNS::TopicPolicy")
    statements = [one for one in made["PolicyDocument"]["Statement"] if one["Effect"] == "Allow"]
    assert [(one["Principal"], one["Action"], one["Resource"], one["Condition"]) for one in statements] == [
        (
            {"Service": "cloudwatch.amazonaws.com"},
            "sns:Publish",
            {"Ref": "TopicBFC7AF6E"},
            {"StringEquals": {"aws:SourceAccount": "111122223333"}},
        )
    ]
    assert [len(one["AlarmActions"]) for one in found(stack, "AWS::CloudWatch::Alarm")] == [1, 1, 1]


def test_users_of_one_set_share_its_destination(stack: cdk.Stack) -> None:
    """So nothing is counted twice."""
    made = ses.ConfigurationSet(stack, "Set")
    for name, given in (("One", made), ("Two", made), ("Three", "by-name"), ("Four", "by-name")):
        user = mailer(stack, name, configuration_set=given)
        user.metric_sends()
        user.metric_sends()
    assert len(found(stack, "AWS::SES::ConfigurationSetEventDestination")) == 2


def test_without_the_methods_nothing_is_made(stack: cdk.Stack) -> None:
    identity = ses.EmailIdentity(stack, "Identity", identity=ses.Identity.domain("example.com"))
    mailer(stack, identity=identity)
    assert found(stack, "AWS::SES::ConfigurationSetEventDestination") == []
    assert "ConfigurationSetAttributes" not in found(stack, "AWS::SES::EmailIdentity")[0]


def test_the_set_becomes_the_default_of_an_identity_without_one(stack: cdk.Stack) -> None:
    identity = ses.EmailIdentity(stack, "Identity", identity=ses.Identity.domain("example.com"))
    mailer(stack, identity=[identity]).metric_sends()
    (made,) = found(stack, "AWS::SES::EmailIdentity")
    assert made["ConfigurationSetAttributes"] == {"ConfigurationSetName": "transactional"}
    assert warnings(stack) == []


def test_a_default_that_an_identity_has_is_left_alone(stack: cdk.Stack) -> None:
    own = ses.ConfigurationSet.from_configuration_set_name(stack, "Own", "own")
    domain = ses.Identity.domain("example.com")
    identity = ses.EmailIdentity(stack, "Identity", identity=domain, configuration_set=own)
    mailer(stack, identity=identity).metric_sends()
    assert found(stack, "AWS::SES::EmailIdentity")[0]["ConfigurationSetAttributes"] == {"ConfigurationSetName": "own"}


def test_an_identity_of_another_stack_is_warned_of(app: cdk.App) -> None:
    """It is left as it is, so that the stacks do not need each other."""
    theirs, ours = cdk.Stack(app, "Theirs", env=IRELAND), cdk.Stack(app, "Ours", env=IRELAND)
    identity = ses.EmailIdentity(theirs, "Identity", identity=ses.Identity.domain("example.com"))
    mailer(ours, identity=identity, configuration_set=ses.ConfigurationSet(ours, "Set")).metric_sends()
    app.synth()
    assert [one for one in warnings(ours) if "`" in one and "is the default one of Theirs/Identity: " in one]
    assert "ConfigurationSetAttributes" not in found(theirs, "AWS::SES::EmailIdentity")[0]


def test_of_a_mere_name_it_is_said_how_to_set_its_default(stack: cdk.Stack) -> None:
    user = mailer(stack)
    user.metric_sends()
    user.metric_sends()
    (warning,) = warnings(stack)
    assert "`transactional` is the default one of example.com" in warning
    assert "aws sesv2 put-email-identity-configuration-set-attributes" in warning
    assert "[ack: ses-secure-user:defaultSet]" in warning


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"configuration_set": None},
            "`configuration_set` must be given to count what is sent, got None; SES counts by configuration set: name one, and make it the default of the identity",
        ),
        (
            {"ses_region": "us-east-1"},
            "`ses_region` must be the stack's, eu-west-1, to count what is sent, got us-east-1; the configuration set and its metric are there: deploy the user there, or leave `ses_region` out",
        ),
        (
            {"user_name": "mail+er"},
            "`user_name` must be letters, digits and _.@- to count what is sent, got mail+er; SES publishes no other value to CloudWatch: leave it out, or choose another",
        ),
    ],
)
def test_what_cannot_be_counted_is_refused(changed: dict[str, Any], message: str, stack: cdk.Stack) -> None:
    user = mailer(stack, **changed)
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        user.alarm_on_sends(per_hour=100, topic=topic(stack))


@pytest.mark.parametrize("per_hour", [0, -5, 2.5, True, "100"])
def test_a_number_that_is_none_is_refused(per_hour: Any, stack: cdk.Stack) -> None:  # noqa: ANN401
    with pytest.raises(ValueError, match=r"^`per_hour` must be a whole number, 1 or more, got "):
        mailer(stack).alarm_on_sends(per_hour=per_hour, topic=topic(stack))


def test_tokens_pass(app: cdk.App) -> None:
    anywhere = cdk.Stack(app, "Anywhere")
    limit = cdk.CfnParameter(anywhere, "Limit", type="Number")
    name = cdk.CfnParameter(anywhere, "Set")
    user = mailer(anywhere, configuration_set=name.value_as_string)
    user.alarm_on_sends(per_hour=limit.value_as_number, topic=topic(anywhere))  # type: ignore[arg-type]
    LeakAlarm(anywhere, "Leak", topic=sns.Topic(anywhere, "Leaks"))
    assert found(anywhere, "AWS::CloudWatch::Alarm")[0]["Threshold"] == {"Ref": "Limit"}
    assert found(anywhere, "AWS::SES::ConfigurationSetEventDestination")[0]["ConfigurationSetName"] == {"Ref": "Set"}


def test_a_second_alarm_a_missing_topic_a_bad_period_are_refused(stack: cdk.Stack) -> None:
    user, told = mailer(stack), topic(stack)
    with pytest.raises(ValueError, match=r"^`topic` must be a construct of type sns\.ITopic, got None; "):
        user.alarm_on_sends(per_hour=1, topic=None)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^`period` must be a Duration, got 60; "):
        user.metric_sends(period=60)  # type: ignore[arg-type]
    user.alarm_on_sends(per_hour=1, topic=told)
    with pytest.raises(ValueError, match=r"^`alarm_on_sends` must be called once for each user, got Stack/Mailer; "):
        user.alarm_on_sends(per_hour=2, topic=told)


# Leaks


def rule(stack: cdk.Stack) -> dict[str, Any]:
    (made,) = found(stack, "AWS::Events::Rule")
    return made


def told(rule: dict[str, Any], event: dict[str, Any]) -> str:
    """What the topic is told of an event, as EventBridge writes the rule's template."""
    (target,) = rule["Targets"]
    transformer = target["InputTransformer"]
    text = "\n".join(json.loads(line) for line in transformer["InputTemplate"].splitlines())
    for name, path in transformer["InputPathsMap"].items():
        value: Any = event
        for step in re.findall(r"[\w-]+", path):
            value = value[int(step) if isinstance(value, list) else step]
        text = text.replace(f"<{name}>", value)
    return text


@pytest.fixture
def alarm(app: cdk.App) -> cdk.Stack:
    stack = cdk.Stack(app, "Leaks", env=VIRGINIA)
    LeakAlarm(stack, "Leak", topic=topic(stack))
    return stack


def test_a_leak_reaches_the_topic_without_a_function(alarm: cdk.Stack) -> None:
    template = Template.from_stack(alarm)
    assert [one["Type"] for one in template.to_json()["Resources"].values()] == [
        "AWS::SNS::Topic",
        "AWS::SNS::TopicPolicy",
        "AWS::Events::Rule",
    ]
    assert rule(alarm)["Targets"][0]["Arn"] == {"Ref": "TopicBFC7AF6E"}
    (policy,) = found(alarm, "AWS::SNS::TopicPolicy")
    assert '"Action": "sns:Publish", "Effect": "Allow", "Principal": {"Service": "events' in json.dumps(policy)


@pytest.mark.parametrize(
    ("changed", "matches"),
    [
        ({}, True),
        ({"eventTypeCode": "AWS_RISK_CREDENTIALS_EXPOSURE_SUSPECTED"}, True),
        ({"eventTypeCode": "AWS_RISK_IAM_QUARANTINE"}, True),
        ({"service": "EC2", "eventTypeCode": "AWS_EC2_OPERATIONAL_ISSUE"}, False),
        ({"eventTypeCode": "AWS_ABUSE_DOS_REPORT"}, False),
    ],
)
def test_it_matches_what_health_tells_of_keys_and_nothing_else(
    changed: dict[str, Any], *, matches: bool, alarm: cdk.Stack
) -> None:
    event = EXPOSED | {"detail": EXPOSED["detail"] | changed}  # type: ignore[operator]
    pattern = rule(alarm)["EventPattern"]
    assert EventPattern(json.dumps(pattern), pattern).matches_event(event) is matches  # type: ignore[arg-type]


def test_the_message_names_the_key_its_user_and_what_to_do(alarm: cdk.Stack) -> None:
    message = told(rule(alarm), EXPOSED)
    assert message.startswith("AWS Health: AWS_RISK_CREDENTIALS_EXPOSED in account 123456789012, at 2016-06-05T06:27:")
    assert f" Access key: {KEY_ID}\n" in message
    assert f"aws iam get-access-key-last-used --access-key-id {KEY_ID}" in message
    assert message.count("aws secretsmanager rotate-secret") == 1
    assert "rotate once more" in message
    assert re.search(r"<[\w-]+>", message) is None


@pytest.mark.parametrize("region", ["us-east-1", "us-west-2", "us-gov-west-1"])
def test_it_stands_where_health_tells_of_keys(region: str, app: cdk.App) -> None:
    stack = cdk.Stack(app, "There", env=cdk.Environment(account="111122223333", region=region))
    LeakAlarm(stack, "Leak", topic=topic(stack))
    assert rule(stack)["State"] == "ENABLED"


def test_elsewhere_it_is_refused_and_so_is_a_topic_of_elsewhere(app: cdk.App, stack: cdk.Stack) -> None:
    message = (
        "`LeakAlarm` must be in us-east-1, where AWS Health tells of keys, got eu-west-1; "
        "make a stack of its own there, in us-gov-west-1 for GovCloud"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        LeakAlarm(stack, "Leak", topic=topic(stack))
    there = cdk.Stack(app, "There", env=VIRGINIA)
    distant = sns.Topic.from_topic_arn(there, "Distant", "arn:aws:sns:eu-west-1:111122223333:alarms")
    with pytest.raises(ValueError, match=r"^`topic` must be in us-east-1, got eu-west-1; "):
        LeakAlarm(there, "Leak", topic=distant)
    assert there.node.try_find_child("Leak") is None


def test_the_rule_pack_finds_nothing_in_any_of_it(app: cdk.App, alarm: cdk.Stack, stack: cdk.Stack) -> None:
    mailer(stack).alarm_on_sends(per_hour=100, topic=topic(stack))
    assert [
        one for scope in (alarm, stack) for one in cdk_nag.AwsSolutionsChecks(app).validate_scope(scope).violations
    ] == []


# Rotations that never ran

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SOON, PAST = NOW + timedelta(hours=1), NOW - timedelta(seconds=1)


class Described:
    """A client that describes secrets as it is told to; one without a description is refused."""

    exceptions = boto3.client("secretsmanager", region_name="eu-west-1").exceptions

    def __init__(self, **described: dict[str, Any]) -> None:
        self._described = described

    def describe_secret(self, *, SecretId: str) -> dict[str, Any]:  # noqa: N803 - boto3's own
        if SecretId in self._described:
            return self._described[SecretId]
        raise botocore.exceptions.ClientError({"Error": {"Code": "AccessDeniedException"}}, "DescribeSecret")


@pytest.mark.parametrize(
    ("described", "overdue"),
    [
        ({"RotationEnabled": True, "NextRotationDate": SOON}, False),
        ({"RotationEnabled": True, "NextRotationDate": SOON, "LastRotatedDate": PAST}, False),
        ({"RotationEnabled": True, "NextRotationDate": PAST}, True),
        ({"RotationEnabled": True}, True),
        ({"RotationEnabled": False, "NextRotationDate": SOON}, True),
        ({}, True),
        ({"RotationEnabled": True, "NextRotationDate": SOON, "DeletedDate": NOW}, True),
    ],
)
def test_a_rotation_is_overdue_past_its_date_or_without_one(described: dict[str, Any], *, overdue: bool) -> None:
    assert is_overdue(Described(one=described), "one", NOW.timestamp()) is overdue


@mock_aws
def test_a_secret_gone_or_without_rotation_is_overdue() -> None:
    client = boto3.client("secretsmanager", region_name="eu-west-1")
    arn = client.create_secret(Name="one")["ARN"]
    assert is_overdue(client, arn, NOW.timestamp())
    assert is_overdue(client, "gone", NOW.timestamp())


def test_a_secret_that_cannot_be_read_hides_no_other(
    capsys: pytest.CaptureFixture[str],
) -> None:
    due = {"RotationEnabled": True, "NextRotationDate": PAST}
    client = Described(one=due, three=due | {"NextRotationDate": SOON})
    with pytest.raises(RuntimeError, match=r"^two: .*AccessDeniedException"):
        watch(["one", "two", "three"], client, NOW.timestamp())
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["SecretId"], line["RotationOverdue"]) for line in lines] == [("one", 1), ("three", 0)]
    assert lines[0]["_aws"] == {
        "Timestamp": int(NOW.timestamp() * 1000),
        "CloudWatchMetrics": [
            {
                "Namespace": "SesSecureUser",
                "Dimensions": [["SecretId"]],
                "Metrics": [{"Name": "RotationOverdue", "Unit": "Count"}],
            }
        ],
    }


def test_the_alarm_waits_for_what_the_function_writes(stack: cdk.Stack) -> None:
    """Within CloudWatch's limit of a week."""
    mailer(stack).alarm_on_overdue_rotation(topic=topic(stack))
    (alarm,) = found(stack, "AWS::CloudWatch::Alarm")
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
        user = mailer(stack, name)
        user.alarm_on_overdue_rotation(topic=told)
        user.metric_rotation_overdue()
    secrets = [{"Ref": name} for name in Template.from_stack(stack).find_resources("AWS::SecretsManager::Secret")]
    (rule,) = found(stack, "AWS::Events::Rule")
    assert rule["ScheduleExpression"] == "rate(1 hour)"
    assert rule["Targets"][0]["Input"] == {"Fn::Join": ["", ['{"SecretIds":["', secrets[0], '","', secrets[1], '"]}']]}
    (access,) = (
        one["PolicyDocument"]["Statement"]
        for one in found(stack, "AWS::IAM::ManagedPolicy")
        if "secretsmanager:DescribeSecret" in json.dumps(one) and "iam:" not in json.dumps(one["PolicyDocument"])
    )
    assert [one["Action"] for one in access] == [
        ["logs:CreateLogStream", "logs:PutLogEvents"],
        ["secretsmanager:DescribeSecret"],
    ]
    assert access[1]["Resource"] == secrets
    assert '"Resource": "*"' not in json.dumps(access)


def test_the_function_is_one_file_that_runs_alone(stack: cdk.Stack) -> None:
    mailer(stack).metric_rotation_overdue()
    (code,) = (one["Code"]["ZipFile"] for one in found(stack, "AWS::Lambda::Function") if "ZipFile" in one["Code"])
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


def test_what_is_not_rotated_or_too_much_is_refused(stack: cdk.Stack) -> None:
    message = (
        "`rotation_interval` must be given to watch for overdue rotations, got None; give an interval, or watch nothing"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        mailer(stack, "Never", rotation_interval=None).metric_rotation_overdue()
    user, told = mailer(stack), topic(stack)
    user.alarm_on_overdue_rotation(topic=told)
    with pytest.raises(ValueError, match=r"^`alarm_on_overdue_rotation` must be called once for each user, got "):
        user.alarm_on_overdue_rotation(topic=told)
    with pytest.raises(ValueError, match=r"^`topic` must be a construct of type sns\.ITopic, got 'arn:aws:sns"):
        mailer(stack, "Other").alarm_on_overdue_rotation(topic="arn:aws:sns:eu-west-1:1:t")  # type: ignore[arg-type]
    for number in range(39):
        mailer(stack, f"User{number}").metric_rotation_overdue()
    with pytest.raises(ValueError, match=r"^`metric_rotation_overdue` must be of at most 40 users of a stack, "):
        mailer(stack, "Last").metric_rotation_overdue()
