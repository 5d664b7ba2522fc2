"""What a user sends, as a metric: published by its configuration set, counted by user."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, cast

from aws_cdk import Annotations, Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ses as ses

from ses_secure_user.cdk.refusal import refusal
from ses_secure_user.cdk.tokens import is_token, place_of
from ses_secure_user.login.rotation_interval import check_period

from .topic import check_topic, tell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_sns as sns
    from constructs import Construct

DIMENSION = "ses:caller-identity"
"""The tag that SES itself puts on each mail: the IAM user that sent it."""

_DESTINATION = "SesSecureUserSends"
_VALUE = re.compile(r"[A-Za-z0-9_.@-]+")
_DEFAULT_SET = (
    "mail that names no configuration set is counted only if `{name}` is the default one of {identity}: give it to the"
    " ses.EmailIdentity as `configuration_set`, or run aws sesv2 put-email-identity-configuration-set-attributes;"
    " every other sender of that identity must then be allowed to use the set"
)


class Sender(NamedTuple):
    """A user, as it was declared.

    Attributes:
        identities: What it sends as: constructs, or names.
        configuration_set: The set it may use: a construct, a name, or None.
        set_name: The set's name.
        user_name: The name chosen for the user, or None.
        region: The region that it sends in.
    """

    identities: Sequence[object]
    configuration_set: object
    set_name: str | None
    user_name: str | None
    region: str


def sender(
    identity: object, configuration_set: object, set_name: str | None, user_name: str | None, region: str
) -> Sender:
    """Remember how a user was declared, its identity being one or several."""
    identities = identity if isinstance(identity, list | tuple) else [identity]
    return Sender(identities, configuration_set, set_name, user_name, region)


def check_watchable(user: Sender, region: str) -> str:
    """Check that what a user sends can be counted, and give the name of its configuration set.

    Args:
        user: The user.
        region: Its stack's region.

    Raises:
        ValueError: There is no configuration set, it is in another region than the stack, or the user's name is none
            that SES publishes.
    """
    if user.set_name is None:
        remedy = "SES counts by configuration set: name one, and make it the default of the identity"
        raise refusal("configuration_set", "be given to count what is sent", None, remedy)
    if user.region != region and not is_token(user.region) and not is_token(region):
        remedy = "the configuration set and its metric are there: deploy the user there, or leave `ses_region` out"
        raise refusal("ses_region", f"be the stack's, {region}, to count what is sent", user.region, remedy)
    if user.user_name is not None and not is_token(user.user_name) and not _VALUE.fullmatch(user.user_name):
        remedy = "SES publishes no other value to CloudWatch: leave it out, or choose another"
        raise refusal("user_name", "be letters, digits and _.@- to count what is sent", user.user_name, remedy)
    return user.set_name


def publish_sends(user: Construct, given: object, name: str) -> None:
    """Have a configuration set publish what is sent with it to CloudWatch, once for all users that share the set.

    Args:
        user: The user that asks for it.
        given: The set as it was given: a construct, or a name.
        name: Its name.
    """
    scope, child = _place(user, given, name)
    if scope.node.try_find_child(child):
        return
    dimension = {"dimensionName": DIMENSION, "dimensionValueSource": "messageTag", "defaultDimensionValue": "none"}
    ses.CfnConfigurationSetEventDestination(
        scope,
        child,
        configuration_set_name=name,
        event_destination={
            "enabled": True,
            "matchingEventTypes": ["SEND"],
            "cloudWatchDestination": {"dimensionConfigurations": [dimension]},
        },
    )


def _place(user: Construct, given: object, name: str) -> tuple[Construct, str]:
    """Where the destination is made, so that a second user of the set finds it: by name, or below the set."""
    if not is_token(name):
        return Stack.of(user), f"{_DESTINATION}-{name}"
    return cast("Construct", user if isinstance(given, str) else given), _DESTINATION


def make_default(user: Construct, identities: Sequence[object], name: str) -> None:
    """Make a configuration set the default of each identity of the user's stack that has none; warn of others.

    Args:
        user: The user that sends as them.
        identities: The identities as they were given: constructs, or names.
        name: The set's name.
    """
    for identity in identities:
        made = _made_here(user, identity)
        if made is None:
            shown = identity if isinstance(identity, str) else cast("Construct", identity).node.path
            text = _DEFAULT_SET.format(name=name, identity=shown)
            Annotations.of(user).add_warning_v2("ses-secure-user:defaultSet", text)
        elif made.configuration_set_attributes is None:
            attributes = ses.CfnEmailIdentity.ConfigurationSetAttributesProperty(configuration_set_name=name)
            made.configuration_set_attributes = attributes


def _made_here(user: Construct, identity: object) -> ses.CfnEmailIdentity | None:
    """The resource of an identity, if it is one of the user's stack; two stacks would come to need each other."""
    made = identity.node.default_child if isinstance(identity, ses.EmailIdentity) else None
    here = isinstance(made, ses.CfnEmailIdentity) and made.stack.node.path == Stack.of(user).node.path
    return cast("ses.CfnEmailIdentity", made) if here else None


def sends(user_name: str, period: Duration | None) -> cloudwatch.Metric:
    """The metric.

    Raises:
        ValueError: The period is no Duration.
    """
    period = check_period(period, Duration.hours(1), "Duration.hours(1)")
    return cloudwatch.Metric(
        namespace="AWS/SES",
        metric_name="Send",
        dimensions_map={DIMENSION: user_name},
        statistic="Sum",
        period=period,
    )


def check_sends_alarm(user: Construct, per_hour: object, topic: object) -> None:
    """Check what an alarm on sends is made of.

    Raises:
        ValueError: There is one already, the number is none, or the topic is none.
    """
    if user.node.try_find_child("Sends"):
        remedy = "make a further one of `metric_sends()`"
        raise refusal("alarm_on_sends", "be called once for each user", user.node.path, remedy)
    whole = isinstance(per_hour, int) and not isinstance(per_hour, bool) and per_hour >= 1
    if not whole and not is_token(per_hour):
        raise refusal("per_hour", "be a whole number, 1 or more", per_hour, "write the most that you send in one")
    check_topic(topic, place_of(Stack.of(user)).region)


def alarm(user: Construct, metric: cloudwatch.Metric, per_hour: int, topic: sns.ITopic) -> cloudwatch.Alarm:
    """Make the alarm."""
    made = metric.create_alarm(
        user,
        "Sends",
        alarm_description="An SES SMTP user sends more than it should; it may be somebody else who has its login",
        threshold=per_hour,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        evaluation_periods=1,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
    )
    tell(topic, made)
    return made
