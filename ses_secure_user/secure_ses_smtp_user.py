"""The construct."""

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
        version = issuer.digest(stack, login)  # another login is another set of resources
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
