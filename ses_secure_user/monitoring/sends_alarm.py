"""An alarm on the number of mails that a user sends, counted by its configuration set."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from aws_cdk import Annotations, Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ses as ses
from constructs import Construct

from ses_secure_user.cdk.refusal import check_construct, refusal
from ses_secure_user.cdk.tokens import is_token, place_of, stack_of

from .sender import DIMENSION
from .topic import check_topic, notify

if TYPE_CHECKING:
    from aws_cdk import aws_sns as sns

    from ses_secure_user.secure_ses_smtp_user import SecureSesSmtpUser

_DESTINATION = "SesSecureUserSends"
_DEFAULT_SET = (
    "mail without a configuration set is counted only if `{name}` is the default of {identity}: pass it to the"
    " ses.EmailIdentity as `configuration_set`, or run aws sesv2 put-email-identity-configuration-set-attributes;"
    " all other senders of that identity must then be allowed to use the set"
)


class SendsAlarm(Construct):
    """An alarm that notifies a topic when a user sends too many mails in one hour.

    The user's `configuration_set` publishes sends to CloudWatch through an event destination, which is created once for
    all users of the set. Only mail that is sent with the set is counted, so the set must be the default of the
    identities. A warning names the identities that are not known to have it. Mail that SES refuses is not counted
    (https://docs.aws.amazon.com/ses/latest/dg/event-publishing-add-event-destination-cloudwatch.html).

    Attributes:
        alarm: The alarm.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, user: SecureSesSmtpUser, per_hour: int, topic: sns.ITopic
    ) -> None:
        """Create the alarm.

        Args:
            scope: The parent construct, such as the stack.
            construct_id: The id in the scope.
            user: The user. It needs a `configuration_set` in the region of its stack.
            per_hour: The most mails that it may send in one hour. One more triggers the alarm.
            topic: The topic to notify, in the region of the user. The policy of an imported topic must allow
                ``cloudwatch.amazonaws.com`` to publish.

        Raises:
            ValueError: A property is wrong, or the user's mails cannot be counted.
        """
        check_construct("user", user, "SecureSesSmtpUser", "metric_sends", is_required=True)
        if user is None:
            raise refusal("user", "be a SecureSesSmtpUser", None, "pass the user whose mails are counted")
        whole = isinstance(per_hour, int) and not isinstance(per_hour, bool) and per_hour >= 1
        if not whole and not is_token(per_hour):
            raise refusal("per_hour", "be a whole number, 1 or more", per_hour, "write the most mails per hour")
        check_topic(topic, place_of(stack_of(user)).region)
        metric, sender = user.metric_sends(period=Duration.hours(1)), user.sender
        super().__init__(scope, construct_id)
        _publish_sends(user, sender.configuration_set, str(sender.set_name))
        self.alarm = cloudwatch.Alarm(
            self,
            "Alarm",
            metric=metric,
            alarm_description="An SES SMTP user sends too many mails; its login may be compromised",
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
    """Publish the mails sent with a configuration set to CloudWatch, once for all users that share the set."""
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
    """Return the scope and id of the destination, which are the same for all users of the set."""
    if not is_token(name):
        return Stack.of(user), f"{_DESTINATION}-{name}"
    return cast("Construct", user if isinstance(given, str) else given), _DESTINATION


def _has_set(identity: object) -> bool:
    """Return whether an identity in this app has a default configuration set."""
    made = identity.node.default_child if isinstance(identity, ses.EmailIdentity) else None
    return isinstance(made, ses.CfnEmailIdentity) and made.configuration_set_attributes is not None
