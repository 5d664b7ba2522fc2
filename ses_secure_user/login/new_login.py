"""The EventBridge rule on a new login, for programs that read the login once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_events as events

from ses_secure_user.cdk.refusal import wrong_type

if TYPE_CHECKING:
    from constructs import Construct

_CURRENT = events.EventPattern(
    source=["aws.secretsmanager"],
    detail_type=["Secret Label Updated"],
    detail={"labelUpdated": ["AWSCURRENT"]},
)
"""See https://docs.aws.amazon.com/secretsmanager/latest/userguide/secret-event-notifications.html"""


def new_login_rule(
    scope: Construct,
    rule_id: str,
    secret_arn: str,
    target: events.IRuleTarget | None,
    options: events.EventCommonOptions,
) -> events.Rule:
    """Create a rule that matches when another version of a secret becomes current.

    The rule refers to the secret by the attribute of its credential. It is deployed after the first login is current,
    so the first login does not start it.

    Args:
        scope: The construct to create it in, unless the options name another one.
        rule_id: Its name there.
        secret_arn: The ARN of the secret.
        target: What it starts, or None.
        options: Description, name, further pattern and scope, as the CDK's other rules take them.

    Raises:
        ValueError: The target is none, such as a function without ``targets.LambdaFunction`` around it.
    """
    if target is not None and not hasattr(target, "bind"):
        remedy = "write one of aws_cdk.aws_events_targets, such as targets.LambdaFunction(function)"
        raise wrong_type("target", "be a construct of type events.IRuleTarget", target, remedy)
    rule = events.Rule(
        options.cross_stack_scope or scope,
        rule_id,
        description=options.description,
        rule_name=options.rule_name,
        event_pattern=options.event_pattern,
        targets=[target] if target else None,
    )
    rule.add_event_pattern(
        source=_CURRENT.source, detail_type=_CURRENT.detail_type, detail=_CURRENT.detail, resources=[secret_arn]
    )
    return rule
