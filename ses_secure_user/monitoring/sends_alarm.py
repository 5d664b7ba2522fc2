"""An alarm on the mails that a user sends, counted by its configuration set."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, cast

from aws_cdk import Annotations, Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ses as ses
from constructs import Construct

from ses_secure_user.cdk.refusal import check_construct, refusal
from ses_secure_user.cdk.tokens import is_token, place_of, stack_of

from .topic import check_topic, notify

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_sns as sns

    from ses_secure_user.secure_ses_smtp_user import SecureSesSmtpUser

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

    def require_counted(self, region: str) -> str:
        """Return the name of its configuration set.

        Args:
            region: Its stack's region.

        Raises:
            ValueError: There is no configuration set, it is in another region than the stack, or the user's name is
                none that SES publishes.
        """
        if self.set_name is None:
            remedy = "SES counts by configuration set: name one, and make it the default of the identity"
            raise refusal("configuration_set", "be given to count what is sent", None, remedy)
        if self.region != region and not is_token(self.region) and not is_token(region):
            remedy = "the configuration set and its metric are there: deploy the user there, or leave `ses_region` out"
            raise refusal("ses_region", f"be the stack's, {region}, to count what is sent", self.region, remedy)
        if self.user_name is not None and not is_token(self.user_name) and not _VALUE.fullmatch(self.user_name):
            remedy = "SES publishes no other value to CloudWatch: leave it out, or choose another"
            raise refusal("user_name", "be letters, digits and _.@- to count what is sent", self.user_name, remedy)
        return self.set_name


class SendsAlarm(Construct):
    """An alarm that notifies a topic when a user sends more mails in an hour than it should.

    The user's `configuration_set` publishes sends to CloudWatch through an event destination, which is created once for
    all users of the set. It counts what is sent with the set alone, so the set must be the default of the identities; a
    warning names those that are not known to have it. A mail that SES refuses is counted nowhere
    (https://docs.aws.amazon.com/ses/latest/dg/event-publishing-add-event-destination-cloudwatch.html).

    Attributes:
        alarm: The alarm.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, user: SecureSesSmtpUser, per_hour: int, topic: sns.ITopic
    ) -> None:
        """Create the alarm.

        Args:
            scope: The construct to make it in, such as the stack.
            construct_id: Its name there.
            user: The user, which needs a `configuration_set` in its stack's region.
            per_hour: How many mails it may send in an hour; one more sets off the alarm.
            topic: The topic to notify. In the user's region; one that is imported must itself allow
                ``cloudwatch.amazonaws.com`` to publish.

        Raises:
            ValueError: A property is wrong, or what the user sends cannot be counted.
        """
        check_construct("user", user, "SecureSesSmtpUser", "metric_sends")
        if user is None:
            raise refusal("user", "be a SecureSesSmtpUser", None, "give the user whose mails are counted")
        whole = isinstance(per_hour, int) and not isinstance(per_hour, bool) and per_hour >= 1
        if not whole and not is_token(per_hour):
            raise refusal("per_hour", "be a whole number, 1 or more", per_hour, "write the most that you send in one")
        check_topic(topic, place_of(stack_of(user)).region)
        metric, sender = user.metric_sends(period=Duration.hours(1)), user.sender
        super().__init__(scope, construct_id)
        _publish_sends(user, sender.configuration_set, str(sender.set_name))
        self.alarm = cloudwatch.Alarm(
            self,
            "Alarm",
            metric=metric,
            alarm_description="An SES SMTP user sends more than it should; it may be somebody else who has its login",
            threshold=per_hour,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            evaluation_periods=1,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        notify(topic, self.alarm)
        for identity in sender.identities:
            if not _has_set(identity):
                shown = identity if isinstance(identity, str) else cast("Construct", identity).node.path
                text = _DEFAULT_SET.format(name=sender.set_name, identity=shown)
                Annotations.of(self).add_warning_v2("ses-secure-user:defaultSet", text)


def _publish_sends(user: Construct, given: object, name: str) -> None:
    """Have a configuration set publish what is sent with it to CloudWatch, once for all users that share the set."""
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
    """Return where the destination is made, so that a second user of the set finds it: by name, or below the set."""
    if not is_token(name):
        return Stack.of(user), f"{_DESTINATION}-{name}"
    return cast("Construct", user if isinstance(given, str) else given), _DESTINATION


def _has_set(identity: object) -> bool:
    """Return whether an identity that is made in this app has a default configuration set."""
    made = identity.node.default_child if isinstance(identity, ses.EmailIdentity) else None
    return isinstance(made, ses.CfnEmailIdentity) and made.configuration_set_attributes is not None
