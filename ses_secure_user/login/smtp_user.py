"""The user that the construct is, once its login is declared: its resources, grants, metrics and events."""

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
    """The base of `SecureSesSmtpUser`: everything that is used of it after its creation."""

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
        """The secret that holds the login; what refers to it is deployed after the login is in it."""
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
        """The IAM user; its boundary holds whatever policy is added to it."""
        return cast("iam.IUser", IssuedUser(self, "IssuedUser", self._resources.user))

    @functools.cached_property
    def group(self) -> iam.IGroup:
        """The group through which the user has its policy."""
        return iam.Group.from_group_name(self, "ImportedGroup", self._resources.group.ref)

    @functools.cached_property
    def policy(self) -> iam.IManagedPolicy:
        """The policy, which is the user's permissions boundary too."""
        return iam.ManagedPolicy.from_managed_policy_arn(self, "ImportedPolicy", self._resources.policy.ref)

    def metric_rotation_failures(self, *, period: Duration | None = None) -> cloudwatch.Metric:
        """Return the metric of rotation steps that failed, of all users that share this one's issuer.

        Args:
            period: What one data point sums up. Default: 5 minutes.

        Raises:
            ValueError: The period is no Duration.
        """
        return self.issuer.metric_rotation_failures(period=period)

    def metric_sends(self, *, period: Duration | None = None) -> cloudwatch.Metric:
        """Return the metric of the mails that SES accepted from this user, which its `configuration_set` publishes.

        It has data once an event destination of the set publishes sends by ``ses:caller-identity``, as that of a
        `SendsAlarm` does.

        Args:
            period: What one data point sums up. Default: an hour.

        Raises:
            ValueError: The user has no `configuration_set`, sends in another region than its stack's, or has a name
                that SES does not publish; or the period is no Duration.
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
        """Start a target when a rotation has made another login current, such as what restarts a program.

        The rule matches Secrets Manager's event ``Secret Label Updated``, once for each rotation and not for the first
        login (https://docs.aws.amazon.com/secretsmanager/latest/userguide/secret-event-notifications.html). The login
        before stays valid for one `rotation_interval`. Where another login takes the place of this one, as after a
        change of `smtp_port`, CloudFormation changes the rule and whatever else refers to the secret.

        Args:
            rule_id: The rule's name in the user's construct.
            target: The target to start. Default: none; add targets to the rule that is returned.
            description: The rule's description. Default: none.
            rule_name: The rule's name in EventBridge. Default: generated.
            event_pattern: A further pattern for the event to match. Default: none.
            cross_stack_scope: The construct to make the rule in, where the target is in a stack of its own. Default:
                the user's.

        Returns:
            The rule.

        Raises:
            ValueError: The target is none.
        """
        options = events.EventCommonOptions(
            description=description,
            rule_name=rule_name,
            event_pattern=event_pattern,
            cross_stack_scope=cross_stack_scope,
        )
        return new_login_rule(self, rule_id, self.secret.secret_arn, target, options)

    def grant_read(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow a principal to read the login, and to decrypt it where `encryption_key` is given; nothing else.

        Args:
            grantee: Who may read it, such as a task's or a function's role; also an account or an organization, but not
                anyone. One that has no policy in this account is named in the secret's, and with `encryption_key` in
                the key's policy too
                (https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_examples_cross.html).

        Returns:
            The grant.

        Raises:
            ValueError: The grant would allow nothing, or make two stacks depend on each other; the message says what to
                change.
        """
        return self.secret.grant_read(grantee)

    def grant_verify(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow a principal to prove the login with ``ses-secure-user verify``, which reads it.

        Args:
            grantee: Who may prove it, such as a pipeline's role. As with `grant_read`, it can read the login.

        Returns:
            The grant.

        Raises:
            ValueError: The grant would allow nothing, or make two stacks depend on each other; the message says what to
                change.
        """
        arns = {
            "secret": [self.secret.secret_arn],
            "user": [self.user.user_arn],
            "group": [self.group.group_arn],
            "policy": [self.policy.managed_policy_arn],
            "identities": identity_arns(self._document),
        }
        return grant_verification(self.grant_read(grantee), grantee, arns)
