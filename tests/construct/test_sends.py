"""Sends: counted by the user that SES names, and alarmed."""

import re
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ses as ses

from ses_secure_user import SecureSesSmtpUser
from tests.construct.users import HERE, resources, topic, user, warnings


def mailer(stack: cdk.Stack, name: str = "Mailer", **changed: Any) -> SecureSesSmtpUser:  # noqa: ANN401 - any property
    return user(stack, name, **({"configuration_set": "transactional"} | changed))


def test_sends_are_counted_by_the_user_that_ses_itself_names(stack: cdk.Stack) -> None:
    made = mailer(stack)
    metric = made.metric_sends(period=cdk.Duration.minutes(5))

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


def test_one_mail_more_than_an_hour_may_have_sets_off_the_alarm(stack: cdk.Stack) -> None:
    mailer(stack).alarm_on_sends(per_hour=500, topic=topic(stack))

    (alarm,) = resources(stack, "AWS::CloudWatch::Alarm")
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (500, "GreaterThanThreshold")
    assert (alarm["Period"], alarm["EvaluationPeriods"], alarm["TreatMissingData"]) == (3600, 1, "notBreaching")
    assert len(alarm["AlarmActions"]) == 1


def test_users_of_one_set_share_its_destination(stack: cdk.Stack) -> None:
    """So nothing is counted twice."""
    shared = ses.ConfigurationSet(stack, "Set")
    for name, given in (("One", shared), ("Two", shared), ("Three", "by-name"), ("Four", "by-name")):
        made = mailer(stack, name, configuration_set=given)
        made.metric_sends()
        made.metric_sends()

    assert len(resources(stack, "AWS::SES::ConfigurationSetEventDestination")) == 2


def test_without_the_methods_nothing_is_made(stack: cdk.Stack) -> None:
    identity = ses.EmailIdentity(stack, "Identity", identity=ses.Identity.domain("example.com"))

    mailer(stack, identity=identity)

    assert resources(stack, "AWS::SES::ConfigurationSetEventDestination") == []
    assert "ConfigurationSetAttributes" not in resources(stack, "AWS::SES::EmailIdentity")[0]


def test_the_set_becomes_the_default_of_an_identity_without_one(stack: cdk.Stack) -> None:
    identity = ses.EmailIdentity(stack, "Identity", identity=ses.Identity.domain("example.com"))

    mailer(stack, identity=[identity]).metric_sends()

    (made,) = resources(stack, "AWS::SES::EmailIdentity")
    assert made["ConfigurationSetAttributes"] == {"ConfigurationSetName": "transactional"}
    assert warnings(stack) == []


def test_a_default_that_an_identity_has_is_left_alone(stack: cdk.Stack) -> None:
    own = ses.ConfigurationSet.from_configuration_set_name(stack, "Own", "own")
    domain = ses.Identity.domain("example.com")
    identity = ses.EmailIdentity(stack, "Identity", identity=domain, configuration_set=own)

    mailer(stack, identity=identity).metric_sends()

    assert resources(stack, "AWS::SES::EmailIdentity")[0]["ConfigurationSetAttributes"] == {
        "ConfigurationSetName": "own"
    }


def test_an_identity_of_another_stack_is_warned_of(app: cdk.App) -> None:
    """It is left as it is, so that the stacks do not need each other."""
    theirs, ours = cdk.Stack(app, "Theirs", env=HERE), cdk.Stack(app, "Ours", env=HERE)
    identity = ses.EmailIdentity(theirs, "Identity", identity=ses.Identity.domain("example.com"))
    mailer(ours, identity=identity, configuration_set=ses.ConfigurationSet(ours, "Set")).metric_sends()
    app.synth()

    assert [one for one in warnings(ours) if "`" in one and "is the default one of Theirs/Identity: " in one]
    assert "ConfigurationSetAttributes" not in resources(theirs, "AWS::SES::EmailIdentity")[0]


def test_of_a_mere_name_it_is_said_how_to_set_its_default(stack: cdk.Stack) -> None:
    made = mailer(stack)
    made.metric_sends()
    made.metric_sends()

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
    made = mailer(stack, **changed)
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        made.alarm_on_sends(per_hour=100, topic=topic(stack))


@pytest.mark.parametrize("per_hour", [0, -5, 2.5, True, "100"])
def test_a_number_that_is_none_is_refused(per_hour: Any, stack: cdk.Stack) -> None:  # noqa: ANN401
    with pytest.raises(ValueError, match=r"^`per_hour` must be a whole number, 1 or more, got "):
        mailer(stack).alarm_on_sends(per_hour=per_hour, topic=topic(stack))


def test_a_second_alarm_is_refused(stack: cdk.Stack) -> None:
    made, told = mailer(stack), topic(stack)
    made.alarm_on_sends(per_hour=1, topic=told)

    with pytest.raises(ValueError, match=r"^`alarm_on_sends` must be called once for each user, got Stack/Mailer; "):
        made.alarm_on_sends(per_hour=2, topic=told)
