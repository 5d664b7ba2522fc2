"""An alarm on access keys that AWS finds in public."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from ses_secure_user.cdk.refusal import refusal
from ses_secure_user.cdk.tokens import is_token, place_of, stack_of

from .topic import check_topic

if TYPE_CHECKING:
    from aws_cdk import aws_sns as sns

HEALTH_REGIONS = ("us-east-1", "us-west-2", "us-gov-west-1")
"""The regions in which AWS Health reports events of global services such as IAM. The second one backs up the first."""

_MESSAGE = """\
AWS Health: {code} in account {account}, at {time}. Access key: {key}
AWS found this access key in a public place. If it belongs to an SES SMTP login of ses-secure-user, SES refuses its mail
from outside the allowed networks, so there is time to end it without downtime:
1. Find the user: aws iam get-access-key-last-used --access-key-id {key}
2. Find its secret: aws secretsmanager list-secrets --filters Key=tag-value,Values=USER
3. Rotate the secret: aws secretsmanager rotate-secret --secret-id SECRET
4. After all applications have read the new login, rotate the secret again, which deletes the leaked key. If the user no
   longer has the key, it is already deleted, and no action is required.
If no such secret exists, delete the key, and check in CloudTrail how it was used.
AWS's quarantine policy does not stop SMTP. The event may name further keys: {event}"""


class LeakAlarm(Construct):
    """A rule that notifies a topic when AWS finds an access key of the account in a public place.

    It matches the events of AWS Health whose code begins with ``AWS_RISK_``, such as ``AWS_RISK_CREDENTIALS_EXPOSED``.
    The message names the key and the steps to delete it. AWS Health reports IAM events only in us-east-1 (GovCloud:
    us-gov-west-1), with us-west-2 as backup, so one alarm there covers all users of the account. AWS does not recognize
    an SMTP password without its key id.

    Attributes:
        rule: The rule.
    """

    def __init__(self, scope: Construct, construct_id: str, *, topic: sns.ITopic) -> None:
        """Create the rule.

        Args:
            scope: The parent construct, such as a stack in us-east-1
                (https://docs.aws.amazon.com/health/latest/ug/choosing-a-region.html).
            construct_id: The id in the scope.
            topic: The topic to notify, in the same region. The policy of an imported topic must allow
                ``events.amazonaws.com`` to publish
                (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html).

        Raises:
            ValueError: The stack is in a region where AWS Health does not report keys, or `topic` is not a topic.
        """
        region = place_of(stack_of(scope)).region
        if not is_token(region) and region not in HEALTH_REGIONS:
            remedy = "create a stack there, in GovCloud in us-gov-west-1"
            raise refusal("LeakAlarm", "be in us-east-1, where AWS Health reports keys", region, remedy)
        check_topic(topic, region)
        super().__init__(scope, construct_id)
        self.rule = events.Rule(
            self,
            "Rule",
            description="AWS found an access key in a public place",
            event_pattern=events.EventPattern(
                source=["aws.health"],
                detail_type=["AWS Health Event"],
                detail={"service": ["RISK"], "eventTypeCode": [{"prefix": "AWS_RISK_"}]},
            ),
            targets=[targets.SnsTopic(topic, message=_message())],
        )


def _message() -> events.RuleTargetInput:
    """Return the text of the notification."""
    field = events.EventField.from_path
    return events.RuleTargetInput.from_multiline_text(
        _MESSAGE.format(
            code=field("$.detail.eventTypeCode"),
            account=events.EventField.account,
            time=events.EventField.time,
            key=field("$.detail.affectedEntities[0].entityValue"),
            event=field("$.detail.eventArn"),
        )
    )
