"""The topic that an alarm tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from .refusal import check_construct, refusal
from .tokens import is_token

if TYPE_CHECKING:
    from aws_cdk import aws_sns as sns


def check_topic(topic: object, region: str) -> None:
    """Check that a `topic` was given, and that what is in this region can tell it.

    Args:
        topic: What was given.
        region: The region of the alarm or rule.

    Raises:
        ValueError: It is none, its ARN or name alone, or in another region.
    """
    if topic is None:
        raise refusal("topic", "be a construct of type sns.ITopic", topic, "make or import one, and give that")
    check_construct("topic", topic, "sns.ITopic", "topic_arn")
    theirs = cast("sns.ITopic", topic).env.region
    if theirs != region and not is_token(theirs) and not is_token(region):
        raise refusal("topic", f"be in {region}", theirs, "an alarm tells no topic of another region: make one there")
