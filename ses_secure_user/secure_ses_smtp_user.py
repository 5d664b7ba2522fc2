"""The construct `SecureSesSmtpUser`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Annotations, Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager

from .cdk.kms_keys import CircleCheck
from .cdk.tokens import place_of, stack_of
from .cdk.user_restrictions import restrict_user
from .credential_issuer import CredentialIssuer, check_issuer
from .issuing.logical_ids import shorten
from .issuing.role_access import Subject
from .login.issued_user import BoundUser, warn_of_other_boundaries
from .login.rotation_interval import DEFAULT_INTERVAL
from .login.settings import login_settings
from .login.smtp_user import Resources, SmtpUser
from .monitoring.sender import Sender

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from aws_cdk import aws_ec2 as ec2
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_ses as ses
    from constructs import Construct


class SecureSesSmtpUser(SmtpUser):
    """An IAM user that can only send email through Amazon SES SMTP, as certain addresses and from certain networks.

    A secret holds its login: ``username``, ``password``, ``host``, ``port``, ``url``, ``region`` and ``iam_user``. A
    Lambda function issues the login at deployment, tests it at SES, rotates it at an interval, and revokes it when the
    stack is deleted. The secret access key of the login is not stored anywhere.

    A login cannot be changed after creation. If `ses_region`, `smtp_host`, `smtp_port`, `secret_fields`, `user_name`,
    `secret_name` or `issuer` change, CloudFormation creates a new user, secret and login, updates the resources of the
    stack that refer to them, and then deletes the old ones. If `user_name` or `secret_name` is set, change it too: as
    with all named resources, the new one cannot have the name of the old one.

    Attributes:
        smtp_host: The SMTP endpoint of the login.
        smtp_port: The port of the endpoint.
        from_address: The first From address, for an application to send as.
        issuer: The construct of the function that issues the login.
        sender: The properties that a `SendsAlarm` needs.
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
        """Create the user, its policy, its secret and its login.

        Args:
            scope: The parent construct, such as the stack.
            construct_id: The id of the construct in `scope`. A changed id replaces all resources.
            identity: The verified domain or email address to send from, or a list of them. A name, an ARN, or a
                construct; all in this account and in one region
                (https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html).
            from_address: The allowed From address, or a list of them, exactly as the application writes them. Each must
                belong to an identity. Its subdomain may be an identity of its own (``ses:FromAddress``,
                https://docs.aws.amazon.com/ses/latest/dg/control-user-access.html).
            from_display_name: The allowed display name, or a list of them, exactly as the application writes them, in
                printable ASCII. SES then refuses mail without a display name (``ses:FromDisplayName``,
                https://docs.aws.amazon.com/ses/latest/dg/sending-authorization-policy-examples.html). Default: any.
            allowed_cidrs: The public networks that may send. IPv4 or IPv6; an address without a prefix length is a
                network of that one address. The function checks values that are known only at deployment
                (``aws:SourceIp``). Default: none; then give `allowed_vpc_endpoints` or `allowed_vpcs`.
            allowed_vpc_endpoints: The VPC endpoints for SES SMTP that may be sent through. `allowed_cidrs` does not
                apply to their traffic, which has no public source address (``aws:SourceVpce``,
                https://docs.aws.amazon.com/ses/latest/dg/send-email-set-up-vpc-endpoints.html). Default: none.
            allowed_vpcs: The VPCs that may send through an endpoint for SES SMTP in them. Unlike the id of an endpoint,
                the id of the VPC stays the same when the endpoint is replaced (``aws:SourceVpc``). Default: none.
            allowed_recipients: The allowed recipients: email addresses, or ``*@domain`` (``ses:Recipients``).
                Default: any.
            feedback_address: The allowed Return-Path, an email address (``ses:FeedbackAddress``). Default: any.
            configuration_set: The allowed configuration set. Required if an identity has a default configuration set:
                without it SES refuses all mail. Default: none.
            sandbox_recipients: The identities of recipients, which SES also authorizes while the account is in the
                sandbox. Default: none.
            valid_until: The time from which SES refuses all mail of the login. A datetime with a time zone, in the
                future at each synthesis (``aws:CurrentTime``,
                https://docs.aws.amazon.com/ses/latest/dg/sending-authorization-policy-examples.html).
                Default: no end.
            ses_region: The region to send through: the region of the identity, which must have an SES SMTP endpoint.
                Default: the region of the identity's ARN or construct, or else the stack's region.
            smtp_host: The SMTP endpoint. It must be one of SES in `ses_region`, such as a FIPS or VPC endpoint, and not
                a CNAME or a relay (https://docs.aws.amazon.com/general/latest/gr/ses.html). Default:
                ``email-smtp.REGION.amazonaws.com``, with the domain of the region's partition.
            smtp_port: The port of the endpoint: 465 or 2465 for implicit TLS; 587, 2587 or 25 for STARTTLS. 25 requires
                an issuer with ``verify_login=False``
                (https://docs.aws.amazon.com/ses/latest/dg/smtp-connect.html). Default: 465.
            rotation_interval: The time between two rotations. A login is valid for two intervals: current for one, and
                previous for the next. 4 hours to 999 days
                (https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html), or None for
                no rotation. Default: 30 days.
            encryption_key: The KMS key that encrypts the secret: a key, or an alias created in this app. Its policy
                must not refer to this user. The policy of a key in another account, or of one that does not trust this
                account, must allow the use itself. Default: ``aws/secretsmanager``.
            user_name: The name of the IAM user. Default: generated.
            user_path: The path of the IAM user, such as ``/mail/``, for an account that allows users only below one
                path. Group and policy keep ``/``. The path can be changed after creation
                (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html). Default: ``/``.
            secret_name: The name of the secret, at most 183 characters. It should not end with a hyphen and six
                characters, as ARNs of secrets do
                (https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html). Default:
                generated.
            secret_fields: Additional names for fields of the secret, for an application that expects certain names,
                such as ``{"username": "SMTP_USERNAME"}``. The original fields stay. ``port_text`` is the port as a
                string. All names must fit into one tag of 256 characters, each as ``username=SMTP_USERNAME``.
                Default: none.
            replica_regions: The regions to replicate the secret to. A ``secretsmanager.ReplicaRegion`` sets the key of
                the replica (https://docs.aws.amazon.com/secretsmanager/latest/userguide/replicate-secrets.html).
                Default: none.
            removal_policy: Whether the secret is deleted or retained when it is removed from the stack or replaced. The
                login is revoked in either case. Default: ``RemovalPolicy.DESTROY``.
            issuer: The construct of the function that issues the login, in the same account and region. Default: one
                that all users of the stack share.

        Raises:
            ValueError: A property is wrong. The message names the property, its rule, the value, and what to write
                instead.
        """
        stack = stack_of(scope)
        home = place_of(stack)
        restrictions = restrict_user(
            home,
            ses_region,
            identity=identity,
            from_address=from_address,
            from_display_name=from_display_name,
            allowed_cidrs=allowed_cidrs,
            allowed_vpc_endpoints=allowed_vpc_endpoints,
            allowed_vpcs=allowed_vpcs,
            allowed_recipients=allowed_recipients,
            feedback_address=feedback_address,
            configuration_set=configuration_set,
            sandbox_recipients=sandbox_recipients,
            valid_until=valid_until,
        )
        login = login_settings(
            home,
            restrictions.region,
            smtp_host=smtp_host,
            smtp_port=smtp_port,
            secret_fields=secret_fields,
            rotation_interval=rotation_interval,
            user_name=user_name,
            user_path=user_path,
            secret_name=secret_name,
            encryption_key=encryption_key,
            replica_regions=replica_regions,
            removal_policy=removal_policy,
            verify_login=check_issuer(issuer, stack),
        )
        super().__init__(scope, construct_id)
        issuer = issuer or CredentialIssuer.of(stack)
        version = issuer.digest(stack, login)  # changes if the login must be replaced
        path = construct_id if scope is stack else self.node.path

        policy = iam.CfnManagedPolicy(self, f"Policy{version}", policy_document=restrictions.document)
        group = iam.CfnGroup(self, f"Group{version}", managed_policy_arns=[policy])
        secret = secretsmanager.CfnSecret(
            self,
            f"Secret{version}",
            name=secret_name,
            description="An SES SMTP login",
            kms_key_id=login.key_arn,
            replica_regions=[{"region": one.region, "kmsKeyId": one.key_arn} for one in login.replicas] or None,
        )
        shorten(stack, secret, f"{path}Secret{version}")
        if removal_policy != RemovalPolicy.DESTROY:
            secret.apply_removal_policy(removal_policy)
        secret_arn = secret.ref
        user = BoundUser(
            self,
            f"User{version}",
            user_name=user_name,
            path=user_path,
            groups=[group],
            permissions_boundary=policy,
            tags=login.tags(secret_arn),
        )
        warn_of_other_boundaries(stack, user, policy)
        subject = Subject(stack, path, login, version, user.ref, user.attr_arn, secret_arn)
        credential = issuer.issue(self, subject, restrictions.unknown_networks)
        if login.key:
            circle = CircleCheck("encryption_key", login.key, stack, (user, secret, credential))
            self.node.add_validation(circle)

        self.smtp_host, self.smtp_port = login.host, login.port
        self.from_address = restrictions.from_address
        self.issuer = issuer
        self.sender = Sender(identity, configuration_set, restrictions.configuration_set, user_name, login.region)
        self._resources = Resources(policy, group, user, credential)
        self._subject, self._document = subject, restrictions.document
        for warning_id, message in (*restrictions.warnings, *login.warnings):
            Annotations.of(self).add_warning_v2(warning_id, message)
