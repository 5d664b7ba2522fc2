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
"""Where AWS Health reports what belongs to no region, such as IAM: the second is the backup of the first."""

_MESSAGE = """\
AWS Health: {code} in account {account}, at {time}. Access key: {key}
AWS found this access key where it should not be. If it is that of an SES SMTP login of ses-secure-user, SES refuses its
mail from outside the allowed networks, so there is time; end it nevertheless:
1. Find the user: aws iam get-access-key-last-used --access-key-id {key}
2. Find its secret: aws secretsmanager list-secrets --filters Key=tag-value,Values=USER
3. Rotate: aws secretsmanager rotate-secret --secret-id SECRET
4. When every application has read the new login, rotate once more: that deletes the leaked key. A key that the user no
   longer has was deleted before, and nothing is left to do.
If no such secret exists, delete the key, and look in CloudTrail for what was done with it.
AWS's quarantine policy does not stop SMTP. There may be further keys; the event is {event}"""


class LeakAlarm(Construct):
    """A rule that notifies a topic when AWS finds an access key in public, of whatever user of the account.

    It matches the events of AWS Health whose code begins with ``AWS_RISK_``, such as ``AWS_RISK_CREDENTIALS_EXPOSED``.
    The message names the key, says how to find its user, and what to do. Health reports IAM in us-east-1 (GovCloud:
    us-gov-west-1) alone, with us-west-2 as backup, wherever the users are: one alarm there serves the account. What it
    sees is what AWS sees; an SMTP password without its key id is nothing that AWS recognizes.

    Attributes:
        rule: The rule.
    """

    def __init__(self, scope: Construct, construct_id: str, *, topic: sns.ITopic) -> None:
        """Make the rule.

        Args:
            scope: The construct to make it in, such as a stack in us-east-1
                (https://docs.aws.amazon.com/health/latest/ug/choosing-a-region.html).
            construct_id: Its name there.
            topic: The topic to notify. In the same region; one that is imported must itself allow
                ``events.amazonaws.com`` to publish
                (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html).

        Raises:
            ValueError: The stack is in a region where Health does not report keys, or the topic is none.
        """
        region = place_of(stack_of(scope)).region
        if not is_token(region) and region not in HEALTH_REGIONS:
            remedy = "make a stack of its own there, in us-gov-west-1 for GovCloud"
            raise refusal("LeakAlarm", "be in us-east-1, where AWS Health tells of keys", region, remedy)
        check_topic(topic, region)
        super().__init__(scope, construct_id)
        self.rule = events.Rule(
            self,
            "Rule",
            description="AWS found an access key in public",
            event_pattern=events.EventPattern(
                source=["aws.health"],
                detail_type=["AWS Health Event"],
                detail={"service": ["RISK"], "eventTypeCode": [{"prefix": "AWS_RISK_"}]},
            ),
            targets=[targets.SnsTopic(topic, message=_message())],
        )


def _message() -> events.RuleTargetInput:
    """See https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html."""
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
