"""The common shapes of a stack. Each function adds the constructs of one shape."""

from collections.abc import Callable
from datetime import UTC, datetime

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_ses as ses
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs

from ses_secure_user import CredentialIssuer, LeakAlarm, SecureSesSmtpUser, SendsAlarm

TOPIC = "arn:aws:sns:eu-west-1:111122223333:alarms"
QUEUE = "arn:aws:sqs:eu-west-1:111122223333:dead-letters"

IRELAND = cdk.Environment(account="111122223333", region="eu-west-1")
STRICT = {
    "@aws-cdk/core:validateAgainstDefaultRules": True,
    "@aws-cdk/core:strictCfnValidateErrors": True,
    "aws:cdk:disable-asset-staging": True,
}


def minimal(stack: cdk.Stack) -> None:
    """Add the first example of the README."""
    SecureSesSmtpUser(
        stack,
        "Mailer",
        identity="example.com",
        from_address="noreply@example.com",
        allowed_cidrs=["203.0.113.0/24"],
    )


def everything(stack: cdk.Stack) -> None:
    """Add a user with every property set to a value other than its default."""
    SecureSesSmtpUser(
        stack,
        "Mailer",
        identity=["example.com", ses.EmailIdentity.from_email_identity_name(stack, "Other", "example.org")],
        from_address=["noreply@example.com", "Billing@mail.example.org"],
        allowed_cidrs=["203.0.113.0/25", "203.0.113.128/25", "198.51.100.7", "2001:db8::/32"],
        allowed_vpc_endpoints=["vpce-0123456789abcdef0"],
        allowed_vpcs=["vpc-0123456789abcdef0"],
        allowed_recipients=["*@example.net", "person@example.com"],
        from_display_name="Example Shop",
        valid_until=datetime(2099, 1, 31, tzinfo=UTC),
        feedback_address="bounces@example.com",
        configuration_set="transactional",
        sandbox_recipients=["person@example.net"],
        ses_region="us-east-1",
        smtp_host="email-smtp-fips.us-east-1.amazonaws.com",
        smtp_port=587,
        rotation_interval=cdk.Duration.hours(36),
        encryption_key=kms.Key(stack, "Key", enable_key_rotation=True),
        user_name="mailer",
        secret_name="mailer/smtp",
        secret_fields={"username": "SMTP_USERNAME", "password": "SMTP_PASSWORD"},
        replica_regions=["eu-central-1"],
        removal_policy=cdk.RemovalPolicy.RETAIN,
        issuer=CredentialIssuer(
            stack, "Issuer", alarm_topic=sns.Topic.from_topic_arn(stack, "Topic", TOPIC), verify_login=False
        ),
    )


def regulated(stack: cdk.Stack) -> None:
    """Add a user for a regulated account: in a VPC, with one key, a dead-letter queue and a limited function."""
    key = kms.Key(stack, "Key", enable_key_rotation=True)
    vpc = ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-0123456789abcdef0",
        availability_zones=["eu-west-1a", "eu-west-1b"],
        private_subnet_ids=["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
    )
    issuer = CredentialIssuer(
        stack,
        "Issuer",
        vpc=vpc,
        security_groups=[ec2.SecurityGroup.from_security_group_id(stack, "Group", "sg-0123456789abcdef0")],
        encryption_key=key,
        dead_letter_queue=sqs.Queue.from_queue_arn(stack, "Letters", QUEUE),
        reserved_concurrent_executions=10,
    )
    SecureSesSmtpUser(
        stack,
        "Mailer",
        identity="example.com",
        from_address="noreply@example.com",
        allowed_cidrs=["203.0.113.0/24"],
        encryption_key=key,
        issuer=issuer,
    )


def two_users(stack: cdk.Stack) -> None:
    """Add two users that share one function."""
    for name, network in (("Orders", "203.0.113.0/24"), ("Alerts", "198.51.100.0/24")):
        SecureSesSmtpUser(
            stack,
            name,
            identity="example.com",
            from_address=f"{name.lower()}@example.com",
            allowed_cidrs=[network],
        )


def watched(stack: cdk.Stack) -> None:
    """Add all alarms: sends, failed rotations and leaked keys."""
    topic = sns.Topic.from_topic_arn(stack, "Topic", "arn:aws:sns:us-east-1:111122223333:alarms")
    CredentialIssuer.of(stack, alarm_topic=topic)
    user = SecureSesSmtpUser(
        stack,
        "Mailer",
        identity=ses.EmailIdentity(stack, "Identity", identity=ses.Identity.domain("example.com")),
        from_address="noreply@example.com",
        allowed_cidrs=["203.0.113.0/24"],
        configuration_set=ses.ConfigurationSet(stack, "Set"),
    )
    SendsAlarm(stack, "Sends", user=user, per_hour=500, topic=topic)
    LeakAlarm(stack, "Leak", topic=topic)


SHAPES: dict[str, tuple[Callable[[cdk.Stack], None], cdk.Environment | None]] = {
    "minimal": (minimal, IRELAND),
    "everything": (everything, IRELAND),
    "regulated": (regulated, IRELAND),
    "two-users": (two_users, IRELAND),
    "watched": (watched, cdk.Environment(account="111122223333", region="us-east-1")),
    "no-region": (minimal, None),
    "govcloud": (minimal, cdk.Environment(account="111122223333", region="us-gov-west-1")),
}


def made(name: str) -> cdk.Stack:
    """Return a stack of a shape in a new app."""
    make, env = SHAPES[name]
    app = cdk.App(analytics_reporting=False, context=STRICT)
    stack = cdk.Stack(app, "Stack", env=env)
    make(stack)
    return stack
