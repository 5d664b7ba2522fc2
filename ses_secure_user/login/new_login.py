"""The EventBridge rule that matches a rotation, for applications that read the login only once."""

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

    The ARN is an attribute of the custom resource that issues the login. So the rule is deployed after the first login
    has become current, and does not match it.

    Args:
        scope: The construct to create it in, if the options do not set ``cross_stack_scope``.
        rule_id: The id of the rule.
        secret_arn: The ARN of the secret.
        target: The target, or None.
        options: The options of ``events.Rule``.

    Raises:
        ValueError: The target is not one of ``aws_events_targets``, such as a function without
            ``targets.LambdaFunction``.
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
