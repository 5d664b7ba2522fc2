"""The construct."""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING, cast

from aws_cdk import Annotations, Duration, Fn, RemovalPolicy
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from .cdk.constructs import names
from .cdk.kms_keys import CircleCheck, check_key_region, key_behind
from .cdk.references import check_references, known_identities, reference_warnings
from .cdk.refusal import check_class, refusal
from .cdk.tokens import Place, is_token, place_of, stack_of
from .credential_issuer import CredentialIssuer, check_issuer, verifies_login
from .issuing.custom_resource import Wanted, declare, tags
from .login.chosen_names import check_names, name_warnings
from .login.issued_secret import IssuedSecret
from .login.issued_user import BoundUser, IssuedUser, warn_of_other_boundaries
from .login.new_login import new_login_rule
from .login.replicas import check_replicas
from .login.rotation_interval import DEFAULT_INTERVAL, check_interval, check_period
from .login.settings import check_login, login_warnings
from .login.verify_grant import grant_verification, identity_arns
from .monitoring.sender import DIMENSION, Sender
from .restrictions.marks import is_list_token
from .restrictions.policy import check_size, policy_document
from .restrictions.restrict import Restrictions, restrict, restriction_warnings, unknown_networks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from aws_cdk import aws_ec2 as ec2
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_ses as ses


_OTHER_REGION = "SES verifies identities by region: verify it there, or leave `ses_region` out"
_OTHER_ACCOUNT = "its owner can revoke it and see what is sent: verify it here, or deploy this stack there"


class SecureSesSmtpUser(Construct):
    """An IAM user that can only send over Amazon SES SMTP: as certain addresses, from certain networks.

    Its login is in a secret, as ``username``, ``password``, ``host`` and ``port``, and as ``url``, next to ``region``
    and ``iam_user``. A Lambda function makes the login at deployment, tests it at SES, renews it at an interval, and
    revokes it with the stack; the secret access key behind it is stored nowhere.

    What a login is valid for cannot be changed after creation. Where `ses_region`, `smtp_host`, `smtp_port`,
    `secret_fields`, `user_name`, `secret_name` or `issuer` change, CloudFormation makes another user, secret and login
    next to the old ones, updates what refers to them in the app, and then deletes the old ones. With a chosen
    `user_name` or `secret_name` that stays the same this fails, as with all named resources: change the name too.

    Attributes:
        smtp_host: The endpoint that the login is for.
        smtp_port: Its port.
        from_address: The first From address, for an application to send as.
        issuer: The function that issues the login.
        sender: What it was declared to send as, for a `SendsAlarm`.
    """

    def __init__(  # noqa: PLR0913 - properties are flat, as everywhere in the CDK
        self,
        scope: Construct,
        construct_id: str,
        *,
        identity: str | ses.IEmailIdentity | Sequence[str | ses.IEmailIdentity],
        from_address: str | Sequence[str],
        from_display_name: str | Sequence[str] | None = None,
        allowed_cidrs: Sequence[str] = (),
        allowed_vpc_endpoints: Sequence[str | ec2.IVpcEndpoint] = (),
        allowed_vpcs: Sequence[str | ec2.IVpc] = (),
        allowed_recipients: Sequence[str] | None = None,
        feedback_address: str | None = None,
        configuration_set: str | ses.IConfigurationSet | None = None,
        sandbox_recipients: Sequence[str] = (),
        valid_until: datetime | None = None,
        ses_region: str | None = None,
        smtp_host: str | None = None,
        smtp_port: int = 465,
        rotation_interval: Duration | None = DEFAULT_INTERVAL,
        encryption_key: kms.IKey | None = None,
        user_name: str | None = None,
        user_path: str | None = None,
        secret_name: str | None = None,
        secret_fields: Mapping[str, str] | None = None,
        replica_regions: Sequence[str | secretsmanager.ReplicaRegion] = (),
        removal_policy: RemovalPolicy = RemovalPolicy.DESTROY,
        issuer: CredentialIssuer | None = None,
    ) -> None:
        """Make the user, its policy, its secret and its login.

        Args:
            scope: The construct to make it in, such as the stack.
            construct_id: Its name there. Under another one, all is made anew.
            identity: The verified domain or address to send from, or several. By name, by ARN, or as a construct; of
                this account, and in one region (https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html).
            from_address: The only From address to send as, or several. Exactly as the application writes it; it must
                belong to an identity. The subdomain it is in may be verified by itself (``ses:FromAddress``,
                https://docs.aws.amazon.com/ses/latest/dg/control-user-access.html).
            from_display_name: The only display name to send with, or several. Exactly as the application writes it, in
                printable ASCII; a mail without one is then refused (``ses:FromDisplayName``,
                https://docs.aws.amazon.com/ses/latest/dg/sending-authorization-policy-examples.html). Default: any.
            allowed_cidrs: The only public networks to send from. IPv4 or IPv6; a bare address means itself alone. The
                function checks those that only a deployment knows (``aws:SourceIp``). Default: none; then
                `allowed_vpc_endpoints` or `allowed_vpcs` must be given.
            allowed_vpc_endpoints: The only VPC endpoints for SES SMTP to send through. Their traffic has no public
                address, so no network allows it (``aws:SourceVpce``,
                https://docs.aws.amazon.com/ses/latest/dg/send-email-set-up-vpc-endpoints.html). Default: none.
            allowed_vpcs: The only VPCs to send from, through an endpoint for SES SMTP in them. One that replaces
                another endpoint has another id, and the same VPC (``aws:SourceVpc``). Default: none.
            allowed_recipients: The only recipients to send to. Addresses, or ``*@domain`` (``ses:Recipients``).
                Default: any.
            feedback_address: The only Return-Path to send with. One address (``ses:FeedbackAddress``). Default: any.
            configuration_set: The only configuration set to send with. One that is an identity's default is needed
                here, or nothing can be sent. Default: none.
            sandbox_recipients: Recipients' identities, to send to them in the sandbox. SES authorizes them too while
                the account is in it. Default: none.
            valid_until: When the login ends by itself, so that no mail is accepted any more. A datetime with a time
                zone, in the future at each synthesis (``aws:CurrentTime``,
                https://docs.aws.amazon.com/ses/latest/dg/sending-authorization-policy-examples.html). Default: never.
            ses_region: The region to send in. That of the identity, where SES has an SMTP endpoint. Default: that of
                the identity's ARN or construct, else the stack's.
            smtp_host: The endpoint to send through. One of SES in `ses_region`, such as a FIPS or VPC endpoint; no
                CNAME or relay, as the login is shown to no other host
                (https://docs.aws.amazon.com/general/latest/gr/ses.html). Default:
                ``email-smtp.REGION.amazonaws.com``, with the domain of the region's partition.
            smtp_port: The endpoint's port. 465 and 2465 use TLS from the first byte, others STARTTLS; 25 only where the
                issuer tests no login (https://docs.aws.amazon.com/ses/latest/dg/smtp-connect.html). Default: 465.
            rotation_interval: How long a login is current; it stays valid for one interval more. At least 4 hours, at
                most 999 days (https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html);
                None for no rotation. Default: 30 days.
            encryption_key: The KMS key to encrypt the secret with. A key, or an alias made here, whose policy does not
                refer to this user. One of another account, or with a policy that does not trust this one, must itself
                allow its use. Default: ``aws/secretsmanager``.
            user_name: The IAM user's name. Default: generated.
            user_path: The IAM user's path, for an account that allows users below one path alone, such as ``/mail/``.
                Every ARN that names the user has it; group and policy are at ``/``. It can be changed
                (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html). Default: ``/``.
            secret_name: The secret's name. At most 183 characters, since a tag of the user holds its ARN. It should not
                end with a hyphen and six characters, as an ARN does
                (https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html). Default:
                generated.
            secret_fields: Further names for the secret's fields, for an application that reads fixed ones, such as
                ``{"username": "SMTP_USERNAME"}``. They stand beside the fields' own; ``port_text`` is the port as text.
                All of them, each as ``username=SMTP_USERNAME``, fit into a tag of 256 characters. Default: none.
            replica_regions: Regions to keep a copy of the secret in. Others than the secret's own; a
                ``secretsmanager.ReplicaRegion`` gives the copy a key of its own
                (https://docs.aws.amazon.com/secretsmanager/latest/userguide/replicate-secrets.html). Default: none.
            removal_policy: What happens to the secret when it leaves the stack, or is replaced. Its login is revoked in
                any case. Default: it is deleted.
            issuer: The function that issues the login. Of the same account and region. Default: one that the stack's
                users share.

        Raises:
            ValueError: A property is wrong; the message names it, its rule, and what to write instead.
        """
        stack = stack_of(scope)
        home = place_of(stack)
        identity_names = names("identity", identity, home.region)
        restrictions = restrict(
            known=known_identities(identity_names),
            identity=identity_names,
            from_address=from_address,
            from_display_name=from_display_name,
            allowed_cidrs=names("allowed_cidrs", allowed_cidrs),
            allowed_vpc_endpoints=names("allowed_vpc_endpoints", allowed_vpc_endpoints),
            allowed_vpcs=names("allowed_vpcs", allowed_vpcs),
            allowed_recipients=allowed_recipients,
            feedback_address=feedback_address,
            configuration_set=names("configuration_set", configuration_set),
            sandbox_recipients=sandbox_recipients,
            valid_until=valid_until,
        )
        check_size(restrictions)
        place = _identity_place(restrictions, home, ses_region)
        check_references(restrictions.values, place.region)
        check_issuer(issuer, home)
        tested = verifies_login(issuer, stack)
        login = check_login(place.region, smtp_host, smtp_port, secret_fields, verify_login=tested)
        hours = check_interval(rotation_interval)
        check_names(user_name=user_name, user_path=user_path, secret_name=secret_name)
        key = key_behind("encryption_key", encryption_key)
        check_key_region("encryption_key", key, home.region)
        replicas = check_replicas(replica_regions, home.region)
        _check_removal_policy(removal_policy)
        super().__init__(scope, construct_id)
        self.smtp_host, self.smtp_port = login.host, login.port
        self.from_address = _first(restrictions["from_address"])
        self.issuer = issuer or CredentialIssuer.of(stack)
        self._stack, self._key, self._name, self._renewed = stack, key, secret_name, login.renewed
        identities = identity if isinstance(identity, list | tuple) else [identity]
        set_name = next(iter(restrictions["configuration_set"]), None)
        self.sender = Sender(identities, configuration_set, set_name, user_name, place.region)

        document = policy_document(restrictions, partition=place.partition, region=place.region, account=place.account)
        self._identity_arns = identity_arns(document)
        self._policy = iam.CfnManagedPolicy(self, "Policy", policy_document=document)
        self._group = iam.CfnGroup(self, "Group", managed_policy_arns=[self._policy])
        secret = secretsmanager.CfnSecret(
            self,
            "Secret",
            name=secret_name,
            description="An SES SMTP login",
            kms_key_id=key and key.key_arn,
            replica_regions=[{"region": one.region, "kmsKeyId": one.key_arn} for one in replicas] or None,
        )
        if removal_policy != RemovalPolicy.DESTROY:
            secret.apply_removal_policy(removal_policy)
        declared = declare(login, secret.ref)
        user = BoundUser(
            self,
            "User",
            user_name=user_name,
            path=user_path,
            groups=[self._group],
            permissions_boundary=self._policy,
            tags=tags(declared),
        )
        warn_of_other_boundaries(stack, user, self._policy)
        self._user, self._user_name = user, user.ref
        wanted = Wanted(
            stack=stack,
            login=login,
            user_name=self._user_name,
            declared=declared,
            policy=self._policy,
            group=self._group,
            secret=secret,
            user=user,
            key_arn=key.key_arn if key else None,
            replicas=replicas,
            chosen=(user_name, secret_name),
            user_path=user_path,
            path=construct_id if scope is stack else self.node.path,
            hours=hours,
            networks=unknown_networks(restrictions),
        )
        self._credential = self.issuer.issue(self, wanted)
        if key:
            self.node.add_validation(CircleCheck("encryption_key", key, stack, (user, secret, self._credential)))
        self._warn(
            restriction_warnings(restrictions, identity, from_address),
            reference_warnings(restrictions.values, place.region),
            login_warnings(login, hours),
            name_warnings(secret_name),
        )

    @functools.cached_property
    def secret(self) -> secretsmanager.ISecret:
        """The secret that holds the login; what refers to it is deployed after the login is in it."""
        secret = IssuedSecret(
            self,
            "IssuedSecret",
            self._credential,
            name=self._name,
            encryption_key=self._key,
            renewed=self._renewed,
        )
        return cast("secretsmanager.ISecret", secret)

    @functools.cached_property
    def user(self) -> iam.IUser:
        """The IAM user; its boundary holds whatever policy is added to it."""
        return cast("iam.IUser", IssuedUser(self, "IssuedUser", self._user))

    @functools.cached_property
    def group(self) -> iam.IGroup:
        """The group through which the user has its policy."""
        return iam.Group.from_group_name(self, "ImportedGroup", self._group.ref)

    @functools.cached_property
    def policy(self) -> iam.IManagedPolicy:
        """The policy, which is the user's permissions boundary too."""
        return iam.ManagedPolicy.from_managed_policy_arn(self, "ImportedPolicy", self._policy.ref)

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
        self.sender.require_counted(place_of(self._stack).region)
        return cloudwatch.Metric(
            namespace="AWS/SES",
            metric_name="Send",
            dimensions_map={DIMENSION: self._user_name},
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
        """Allow somebody to read the login, and to decrypt it where `encryption_key` is given; nothing else.

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
        """Allow somebody to prove the login with ``ses-secure-user verify``: to read it, and what else that asks.

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
            "identities": self._identity_arns,
        }
        return grant_verification(self.grant_read(grantee), grantee, arns)

    def _warn(self, *warnings: list[tuple[str, str]]) -> None:
        for warning_id, message in itertools.chain(*warnings):
            Annotations.of(self).add_warning_v2(warning_id, message)


def _identity_place(restrictions: Restrictions, home: Place, ses_region: str | None) -> Place:
    """Return where the identity is: by its ARN, else by `ses_region`, else as the stack."""
    region = _agreed("region", restrictions.identity_region, ses_region, _OTHER_REGION)
    account = _agreed("account", restrictions.identity_account, home.account, _OTHER_ACCOUNT)
    return Place(account or home.account, home.region if region is None else region, home.partition)


def _agreed(what: str, of_arn: str | None, expected: str | None, remedy: str) -> str | None:
    """The region or account of an identity's ARN, if there is one and it is not another than expected."""
    if of_arn is None or expected is None or of_arn == expected:
        return expected if of_arn is None else of_arn
    if is_token(of_arn) or is_token(expected):
        return of_arn
    raise refusal("identity", f"be of {what} {expected}", of_arn, remedy)


def _check_removal_policy(given: RemovalPolicy) -> None:
    check_class("removal_policy", given, RemovalPolicy, "RemovalPolicy.RETAIN")
    if given == RemovalPolicy.SNAPSHOT:
        remedy = "write RemovalPolicy.RETAIN to keep it"
        raise refusal("removal_policy", "be one that a secret has", "SNAPSHOT", remedy)


def _first(addresses: tuple[str, ...]) -> str:
    return Fn.select(0, list(addresses)) if is_list_token(addresses) else addresses[0]
