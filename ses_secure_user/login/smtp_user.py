"""The base class of `SecureSesSmtpUser`: access to its resources, grants, metrics and events."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple, cast

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from constructs import Construct

from ses_secure_user.cdk.tokens import place_of
from ses_secure_user.monitoring.sender import DIMENSION, Sender

from .issued_secret import IssuedSecret
from .issued_user import IssuedUser
from .new_login import new_login_rule
from .rotation_interval import check_period
from .verify_grant import grant_verification, identity_arns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import CfnResource
    from aws_cdk import aws_secretsmanager as secretsmanager

    from ses_secure_user.credential_issuer import CredentialIssuer
    from ses_secure_user.issuing.role_access import Subject


class Resources(NamedTuple):
    """The resources of a user."""

    policy: iam.CfnManagedPolicy
    group: iam.CfnGroup
    user: iam.CfnUser
    credential: CfnResource


class SmtpUser(Construct):
    """The part of `SecureSesSmtpUser` that an app uses after creation."""

    smtp_host: str
    smtp_port: int
    from_address: str
    issuer: CredentialIssuer
    sender: Sender
    _resources: Resources
    _subject: Subject
    _document: Mapping[str, object]

    @functools.cached_property
    def secret(self) -> secretsmanager.ISecret:
        """The secret that holds the login. Resources that refer to it are deployed after the login was issued."""
        login, credential = self._subject.login, self._resources.credential
        secret = IssuedSecret(
            self,
            "IssuedSecret",
            credential,
            name=login.secret_name,
            encryption_key=login.key,
            renewed=login.renewed,
        )
        return cast("secretsmanager.ISecret", secret)

    @functools.cached_property
    def user(self) -> iam.IUser:
        """The IAM user. Its permissions boundary also applies to policies that are added to it."""
        return cast("iam.IUser", IssuedUser(self, "IssuedUser", self._resources.user))

    @functools.cached_property
    def group(self) -> iam.IGroup:
        """The IAM group that the policy is attached to."""
        return iam.Group.from_group_name(self, "ImportedGroup", self._resources.group.ref)

    @functools.cached_property
    def policy(self) -> iam.IManagedPolicy:
        """The policy, which is also the permissions boundary of the user."""
        return iam.ManagedPolicy.from_managed_policy_arn(self, "ImportedPolicy", self._resources.policy.ref)

    def metric_rotation_failures(self, *, period: Duration | None = None) -> cloudwatch.Metric:
        """Return the metric of failed rotation steps, of all users that share the issuer.

        Args:
            period: The period of a data point. Default: 5 minutes.

        Raises:
            ValueError: The period is not a Duration.
        """
        return self.issuer.metric_rotation_failures(period=period)

    def metric_sends(self, *, period: Duration | None = None) -> cloudwatch.Metric:
        """Return the metric of the mail that SES accepted from this user, which its `configuration_set` publishes.

        The metric has data if an event destination of the configuration set publishes sends by
        ``ses:caller-identity``. A `SendsAlarm` creates such an event destination.

        Args:
            period: The period of a data point. Default: 1 hour.

        Raises:
            ValueError: The user has no `configuration_set`, sends through another region than its stack's, or has a
                name that SES does not publish; or the period is not a Duration.
        """
        self.sender.require_counted(place_of(self._subject.stack).region)
        return cloudwatch.Metric(
            namespace="AWS/SES",
            metric_name="Send",
            dimensions_map={DIMENSION: self._subject.user_name},
            statistic="Sum",
            period=check_period(period, Duration.hours(1), "Duration.hours(1)"),
        )

    def on_new_login(  # noqa: PLR0913 - as the CDK's own methods of this kind
        self,
        rule_id: str,
        *,
        target: events.IRuleTarget | None = None,
        description: str | None = None,
        rule_name: str | None = None,
        event_pattern: events.EventPattern | None = None,
        cross_stack_scope: Construct | None = None,
    ) -> events.Rule:
        """Start a target after each rotation, for example to restart an application.

        The rule matches the event ``Secret Label Updated`` of Secrets Manager, once for each rotation, and not for the
        first login (https://docs.aws.amazon.com/secretsmanager/latest/userguide/secret-event-notifications.html). The
        previous login stays valid for one `rotation_interval`. If CloudFormation replaces the login, for example after
        a change of `smtp_port`, it updates the rule.

        Args:
            rule_id: The id of the rule in this construct.
            target: The target to start. Default: none; add targets to the returned rule.
            description: The rule's description. Default: none.
            rule_name: The name of the rule in EventBridge. Default: generated.
            event_pattern: An additional pattern that the event must match. Default: none.
            cross_stack_scope: The construct to create the rule in, if the target is in another stack. Default: this
                construct.

        Returns:
            The rule.

        Raises:
            ValueError: The target is not one of ``aws_events_targets``.
        """
        options = events.EventCommonOptions(
            description=description,
            rule_name=rule_name,
            event_pattern=event_pattern,
            cross_stack_scope=cross_stack_scope,
        )
        return new_login_rule(self, rule_id, self.secret.secret_arn, target, options)

    def grant_read(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow a principal to read the login, and to decrypt it if `encryption_key` is set.

        Args:
            grantee: The principal, such as the role of a task or a function; also an account or an organization, but
                not everyone. The secret's policy names a principal that has no policy in this account. So does the
                policy of the `encryption_key`
                (https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_examples_cross.html).

        Returns:
            The grant.

        Raises:
            ValueError: The grant would have no effect, or make two stacks depend on each other. The message says what
                to change.
        """
        return self.secret.grant_read(grantee)

    def grant_verify(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow a principal to prove the login with ``ses-secure-user verify``, which reads it.

        Args:
            grantee: The principal, such as the role of a pipeline.

        Returns:
            The grant.

        Raises:
            ValueError: The grant would have no effect, or make two stacks depend on each other. The message says what
                to change.
        """
        arns = {
            "secret": [self.secret.secret_arn],
            "user": [self.user.user_arn],
            "group": [self.group.group_arn],
            "policy": [self.policy.managed_policy_arn],
            "identities": identity_arns(self._document),
        }
        return grant_verification(self.grant_read(grantee), grantee, arns)
