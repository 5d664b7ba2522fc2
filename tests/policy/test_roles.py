"""The rights of the function's role and of its readers: users, secrets, keys and interfaces, and nothing else."""

import json
import re
from typing import NamedTuple

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Template

from local_aws.iam.decision import Policies, PolicyTest, both
from local_aws.iam.evaluator import ACCOUNT, REGION, ROLE, Document, Evaluator
from ses_secure_user import CredentialIssuer, SecureSesSmtpUser
from tests.policy.every_request import Requests
from tests.template.resolving import Resolver

SECRET_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-0000-0000-0000-000000000001"
QUEUE_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-0000-0000-0000-000000000002"
REPLICA_KEY = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/00000000-0000-0000-0000-000000000003"
INTERFACE = f"arn:aws:ec2:{REGION}:{ACCOUNT}:network-interface/eni-0123456789abcdef0"
USER = f"arn:aws:iam::{ACCOUNT}:user/Stack-MailerUser"
POLICY = f"arn:aws:iam::{ACCOUNT}:policy/mailer"
LOGS = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:issuer:*"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:MailerSecret-012345678901-AbCdEf"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:issuer"
SECRETS, QUEUES = f"secretsmanager.{REGION}.amazonaws.com", f"sqs.{REGION}.amazonaws.com"
REPLICAS = "secretsmanager.eu-central-1.amazonaws.com"
NAMED = {
    r"MailerUser\w+\.Arn": USER,
    r"Mailer(Secret\w+|Credential\w+\.SecretArn)": SECRET,
    r"MailerPolicy\w+": POLICY,
    r"MailerGroup\w+": "mailers",
    r"\w+Logs\w+\.Arn": LOGS,
    r"\w+IssuerRole\w+": "Function",
    r"(Reader|Verifier)\w+": r"\1",
}


class May(NamedTuple):
    """What a role may do: calls on a resource, with conditions on keys."""

    service: str
    calls: str
    resource: str
    conditions: tuple[PolicyTest, ...] = ()

    @property
    def region(self) -> tuple[PolicyTest, ...]:
        actions = tuple(f"{self.service}:{call}" for call in self.calls.split())
        return (
            PolicyTest("action", "Action", actions),
            PolicyTest("resource", "Resource", (self.resource,)),
            *self.conditions,
        )


def through(service: str) -> tuple[PolicyTest]:
    return (PolicyTest("kms:viaservice", "StringEquals", (service,)),)


OWN_TAGS = PolicyTest(
    "aws:tagkeys", "ForAllValues:StringLike", ("ses-secure-user:created:*", "ses-secure-user:revoked:*")
)
BY_LAMBDA = PolicyTest("lambda:sourcefunctionarn", "Null", ("true",))
"""Lambda attaches the function to its VPC with the function's role; the code may not."""
INTERFACES = "CreateNetworkInterface DeleteNetworkInterface DescribeNetworkInterfaces"
READER = (
    May("secretsmanager", "GetSecretValue DescribeSecret", SECRET),
    May("kms", "Decrypt", SECRET_KEY, through(SECRETS)),
)
ROLES: dict[str, tuple[May, ...]] = {
    "Function": (
        May("iam", "CreateAccessKey DeleteAccessKey ListAccessKeys ListUserTags", USER),
        May(
            "secretsmanager",
            "DescribeSecret GetSecretValue PutSecretValue TagResource UpdateSecretVersionStage",
            SECRET,
            (OWN_TAGS,),
        ),
        May("kms", "Decrypt GenerateDataKey", SECRET_KEY, through(SECRETS)),
        May("kms", "Encrypt GenerateDataKey", REPLICA_KEY, through(REPLICAS)),
        May("kms", "Decrypt GenerateDataKey", QUEUE_KEY, through(QUEUES)),
        May("sqs", "SendMessage", f"arn:aws:sqs:{REGION}:{ACCOUNT}:letters"),
        May("logs", "CreateLogStream PutLogEvents", LOGS),
        May(
            "ec2",
            f"{INTERFACES} DescribeSubnets AssignPrivateIpAddresses UnassignPrivateIpAddresses",
            "*",
            (BY_LAMBDA,),
        ),
    ),
    "Reader": READER,
    "Verifier": (
        *READER,
        May("secretsmanager", "ListSecretVersionIds", SECRET),
        May("iam", "GetAccessKeyLastUsed GetLoginProfile GetUser SimulatePrincipalPolicy", USER),
        May(
            "iam", "ListAccessKeys ListAttachedUserPolicies ListGroupsForUser ListSSHPublicKeys ListUserPolicies", USER
        ),
        May("iam", "ListServiceSpecificCredentials ListSigningCertificates", USER),
        May("iam", "ListAttachedGroupPolicies ListGroupPolicies", f"arn:aws:iam::{ACCOUNT}:group/mailers"),
        May("iam", "GetPolicy GetPolicyVersion", POLICY),
        May("ses", "GetEmailIdentity", f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/example.com"),
        May("ses", "GetEmailIdentity", f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/noreply@example.com"),
        May("ses", "GetAccount ListEmailIdentities", "*"),
    ),
}
"""All that each role may do; what has no resources in IAM, on any."""


@pytest.fixture(scope="module")
def roles() -> dict[str, list[Document]]:
    """The policies of the function's role, of a reader's, and of one that proves the login."""
    app = cdk.App(analytics_reporting=False, context={"aws:cdk:disable-asset-staging": True})
    stack = cdk.Stack(app, "Stack", env=cdk.Environment(account=ACCOUNT, region=REGION))
    vpc = ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-0123456789abcdef0",
        availability_zones=["eu-west-1a"],
        private_subnet_ids=["subnet-0123456789abcdef0"],
    )
    queue = sqs.Queue.from_queue_attributes(
        stack, "Letters", queue_arn=f"arn:aws:sqs:{REGION}:{ACCOUNT}:letters", key_arn=QUEUE_KEY
    )
    replica_key = kms.Key.from_key_arn(stack, "ReplicaKey", REPLICA_KEY)
    CredentialIssuer.of(stack, vpc=vpc, dead_letter_queue=queue)
    mailer = SecureSesSmtpUser(
        stack,
        "Mailer",
        identity="example.com",
        from_address="noreply@example.com",
        allowed_cidrs=["203.0.113.0/24"],
        encryption_key=kms.Key.from_key_arn(stack, "Key", SECRET_KEY),
        replica_regions=[secretsmanager.ReplicaRegion(region="eu-central-1", encryption_key=replica_key)],
    )
    for name, grant in (("Reader", mailer.grant_read), ("Verifier", mailer.grant_verify)):
        grant(aws_iam.Role(stack, name, assumed_by=aws_iam.ServicePrincipal("lambda.amazonaws.com")))
    text = json.dumps(Resolver(dict(Template.from_stack(stack).to_json()), {}).resources())
    for placeholder, arn in NAMED.items():
        text = re.sub(rf"<{placeholder}>", arn, text)
    policies = [one["Properties"] for one in json.loads(text).values() if "Roles" in one.get("Properties", {})]
    return {
        role: [one["PolicyDocument"] for one in policies if role in one["Roles"][0]]
        for role in ("Function", "Reader", "Verifier")
    }


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_do_what_is_named_and_nothing_else(roles: dict[str, list[Document]], role: str) -> None:
    """For every request: any action, any resource, with or without each key."""
    policies, named = Policies(principal=ROLE, attached=roles[role]), [one.region for one in ROLES[role]]
    granted, denied = policies.granted(), policies.denied()
    requests = Requests([granted, denied, named])
    assert requests.outside(granted, denied, named) is None
    assert requests.outside(named, granted) is None
    assert requests.outside(both(named, denied)) is None


TAG, VIA, ARN = "secretsmanager:TagResource", "kms:ViaService", "lambda:SourceFunctionArn"
CREATED, REVOKED = "ses-secure-user:created:0123abcd", "ses-secure-user:revoked:0123abcd"
REQUESTS: list[tuple[str, str, dict[str, str | list[str]], bool]] = [
    ("kms:Decrypt", SECRET_KEY, {VIA: SECRETS}, True),
    ("kms:Decrypt", SECRET_KEY, {VIA: QUEUES}, False),
    ("kms:Decrypt", SECRET_KEY, {}, False),
    ("kms:Encrypt", REPLICA_KEY, {VIA: REPLICAS}, True),
    ("kms:GenerateDataKey", REPLICA_KEY, {VIA: SECRETS}, False),
    ("kms:GenerateDataKey", QUEUE_KEY, {VIA: QUEUES}, True),
    (TAG, SECRET, {"aws:TagKeys": [CREATED, REVOKED]}, True),
    (TAG, SECRET, {"aws:TagKeys": [CREATED, "team"]}, False),
    (TAG, SECRET, {"aws:TagKeys": ["SES-Secure-User:Created:0123abcd"]}, False),
    ("secretsmanager:PutSecretValue", SECRET, {}, True),
    ("secretsmanager:UpdateSecret", SECRET, {}, False),
    ("iam:CreateAccessKey", USER, {}, True),
    ("iam:TagUser", USER, {"aws:TagKeys": [REVOKED]}, False),
    ("ec2:CreateNetworkInterface", INTERFACE, {}, True),
    ("ec2:UnassignPrivateIpAddresses", INTERFACE, {ARN: FUNCTION}, False),
]


@pytest.mark.parametrize(("action", "resource", "context", "allowed"), REQUESTS)
def test_the_evaluator_knows_the_keys_that_hold_the_function(  # noqa: PLR0913, PLR0917 - a row of a table
    iam: Evaluator,
    roles: dict[str, list[Document]],
    action: str,
    resource: str,
    context: dict[str, str | list[str]],
    allowed: bool,  # noqa: FBT001
) -> None:
    assert iam.permits_role(roles["Function"], action, resource, **context) is allowed
