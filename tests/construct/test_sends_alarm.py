"""`SendsAlarm` and `metric_sends`."""

import re
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ses as ses
from aws_cdk import aws_sns as sns

from ses_secure_user import SecureSesSmtpUser, SendsAlarm
from tests.construct.users import resources, topic, user, warnings


def mailer(stack: cdk.Stack, name: str = "Mailer", **changed: Any) -> SecureSesSmtpUser:  # noqa: ANN401 - any property
    return user(stack, name, **({"configuration_set": "transactional"} | changed))


def alarmed(stack: cdk.Stack, made: SecureSesSmtpUser, per_hour: Any = 500, name: str = "Sends") -> SendsAlarm:  # noqa: ANN401
    found = stack.node.try_find_child("Topic")
    told = found if isinstance(found, sns.Topic) else topic(stack)
    return SendsAlarm(stack, name, user=made, per_hour=per_hour, topic=told)


def test_sends_are_counted_by_the_user_that_ses_reports(stack: cdk.Stack) -> None:
    made = mailer(stack)
    metric = made.metric_sends(period=cdk.Duration.minutes(5))
    alarmed(stack, made)

    assert (metric.namespace, metric.metric_name, metric.statistic) == ("AWS/SES", "Send", "Sum")
    assert stack.resolve(metric.dimensions) == {"ses:caller-identity": stack.resolve(made.user.user_name)}
    (destination,) = resources(stack, "AWS::SES::ConfigurationSetEventDestination")
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


def test_one_mail_above_the_limit_triggers_the_alarm(stack: cdk.Stack) -> None:
    alarmed(stack, mailer(stack))

    (alarm,) = resources(stack, "AWS::CloudWatch::Alarm")
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (500, "GreaterThanThreshold")
    assert (alarm["Period"], alarm["EvaluationPeriods"], alarm["TreatMissingData"]) == (3600, 1, "notBreaching")
    assert len(alarm["AlarmActions"]) == 1


def test_users_of_one_set_share_its_destination(stack: cdk.Stack) -> None:
    """So that no mail is counted twice."""
    shared = ses.ConfigurationSet(stack, "Set")
    for name, given in (("One", shared), ("Two", shared), ("Three", "by-name"), ("Four", "by-name")):
        made = mailer(stack, name, configuration_set=given)
        alarmed(stack, made, name=f"{name}Sends")
        alarmed(stack, made, name=f"{name}MoreSends")

    assert len(resources(stack, "AWS::SES::ConfigurationSetEventDestination")) == 2


def test_a_metric_alone_creates_nothing(stack: cdk.Stack) -> None:
    mailer(stack).metric_sends()

    assert resources(stack, "AWS::SES::ConfigurationSetEventDestination") == []


@pytest.mark.parametrize("own", [True, False], ids=["its own", "none"])
def test_an_identity_without_a_default_set_draws_a_warning(stack: cdk.Stack, *, own: bool) -> None:
    """The identity is not changed, because all its senders must be allowed to use its default set."""
    given = ses.ConfigurationSet.from_configuration_set_name(stack, "Own", "own") if own else None
    domain = ses.Identity.domain("example.com")
    identity = ses.EmailIdentity(stack, "Identity", identity=domain, configuration_set=given)
    alarmed(stack, mailer(stack, identity=[identity]))

    found = [one for one in warnings(stack) if "is the default of Stack/Identity" in one]
    assert len(found) == (0 if own else 1)


def test_the_warning_says_how_to_set_the_default_set(stack: cdk.Stack) -> None:
    alarmed(stack, mailer(stack))

    (warning,) = warnings(stack)
    assert "`transactional` is the default of example.com" in warning
    assert "aws sesv2 put-email-identity-configuration-set-attributes" in warning
    assert "[ack: ses-secure-user:defaultSet]" in warning


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"configuration_set": None},
            "`configuration_set` must be given to count the mails, got None; SES counts by configuration set: name one, and make it the default of the identity",
        ),
        (
            {"ses_region": "us-east-1"},
            "`ses_region` must be the stack's, eu-west-1, to count the mails, got us-east-1; its metric is in that region: deploy the user there, or leave `ses_region` out",
        ),
        (
            {"user_name": "mail+er"},
            "`user_name` must be letters, digits and _.@- to count the mails, got mail+er; SES publishes no other values to CloudWatch: leave it out, or choose another name",
        ),
    ],
)
def test_a_user_whose_mails_cannot_be_counted_is_refused(
    changed: dict[str, Any], message: str, stack: cdk.Stack
) -> None:
    made = mailer(stack, **changed)
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        alarmed(stack, made)


@pytest.mark.parametrize("per_hour", [0, -5, 2.5, True, "100"])
def test_a_wrong_number_is_refused(per_hour: Any, stack: cdk.Stack) -> None:  # noqa: ANN401
    with pytest.raises(ValueError, match=r"^`per_hour` must be a whole number, 1 or more, got "):
        alarmed(stack, mailer(stack), per_hour)


@pytest.mark.parametrize("given", [None, "Mailer"])
def test_a_value_that_is_not_a_user_is_refused(given: Any, stack: cdk.Stack) -> None:  # noqa: ANN401
    with pytest.raises(ValueError, match=r"^`user` must be a"):
        alarmed(stack, given)
