"""The rights of the function's role and of its readers: users, secrets, keys and interfaces, and nothing else."""

import json
import re

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Template

from ses_secure_user import CredentialIssuer, SecureSesSmtpUser
from tests.policy.decision import Policies, PolicyTest
from tests.policy.evaluator import ACCOUNT, REGION, ROLE, Document, Evaluator
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
CREATED, REVOKED = "ses-secure-user:created:0123abcd", "ses-secure-user:revoked:0123abcd"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:issuer"
SECRETS, QUEUES = f"secretsmanager.{REGION}.amazonaws.com", f"sqs.{REGION}.amazonaws.com"
REPLICAS = "secretsmanager.eu-central-1.amazonaws.com"
DECRYPT, ENCRYPT, NEW_KEY = "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"


NAMED = {
    r"MailerUser\w+\.Arn": USER,
    r"Mailer(Secret\w+|Credential\w+\.SecretArn)": SECRET,
    r"MailerPolicy\w+": POLICY,
    r"MailerGroup\w+": "mailers",
    r"\w+Logs\w+\.Arn": LOGS,
    r"\w+IssuerRole\w+": "Function",
    r"(Reader|Verifier)\w+": r"\1",
}
READ = {SECRET: ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"], SECRET_KEY: [DECRYPT]}
MAY: dict[str, dict[str, list[str]]] = {
    "Function": {
        USER: ["iam:CreateAccessKey", "iam:DeleteAccessKey", "iam:ListAccessKeys", "iam:ListUserTags"],
        SECRET: [
            f"secretsmanager:{one}"
            for one in ("DescribeSecret", "GetSecretValue", "PutSecretValue", "TagResource", "UpdateSecretVersionStage")
        ],
        SECRET_KEY: [DECRYPT, NEW_KEY],
        REPLICA_KEY: [ENCRYPT, NEW_KEY],
        QUEUE_KEY: [DECRYPT, NEW_KEY],
        f"arn:aws:sqs:{REGION}:{ACCOUNT}:letters": ["sqs:SendMessage"],
        LOGS: ["logs:CreateLogStream", "logs:PutLogEvents"],
        "*": ["ec2:*NetworkInterface*", "ec2:DescribeSubnets", "ec2:*PrivateIpAddresses"],
    },
    "Reader": READ,
    "Verifier": READ
    | {
        SECRET: [*READ[SECRET], "secretsmanager:ListSecretVersionIds"],
        USER: ["iam:Get*", "iam:List*", "iam:SimulatePrincipalPolicy"],
        f"arn:aws:iam::{ACCOUNT}:group/mailers": ["iam:List*"],
        POLICY: ["iam:GetPolicy", "iam:GetPolicyVersion"],
        f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/example.com": ["ses:GetEmailIdentity"],
        f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/noreply@example.com": ["ses:GetEmailIdentity"],
        "*": ["ses:GetAccount", "ses:ListEmailIdentities"],
    },
}
"""All that each role may do, by resource; what has no resources in IAM, on any."""


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


def test_a_role_reaches_nothing_that_is_not_named(roles: dict[str, list[Document]]) -> None:
    """For every request: any action, any resource, with or without each key."""
    for role, documents in roles.items():
        policies = Policies(principal=ROLE, attached=documents)
        promise = [
            (PolicyTest("action", "Action", tuple(actions)), PolicyTest("resource", "Resource", (resource,)))
            for resource, actions in MAY[role].items()
        ]
        granted, others = policies.granted(), [*policies.denied(), *promise]
        assert Requests([granted, others]).outside(granted, others) is None


@pytest.mark.parametrize(
    ("role", "action", "key", "through", "allowed"),
    [
        ("Function", DECRYPT, SECRET_KEY, SECRETS, True),
        ("Function", NEW_KEY, SECRET_KEY, SECRETS, True),
        ("Function", DECRYPT, SECRET_KEY, QUEUES, False),
        ("Function", DECRYPT, SECRET_KEY, None, False),
        ("Function", ENCRYPT, REPLICA_KEY, REPLICAS, True),
        ("Function", NEW_KEY, REPLICA_KEY, REPLICAS, True),
        ("Function", NEW_KEY, REPLICA_KEY, SECRETS, False),
        ("Function", DECRYPT, REPLICA_KEY, REPLICAS, False),
        ("Function", NEW_KEY, QUEUE_KEY, QUEUES, True),
        ("Function", DECRYPT, QUEUE_KEY, QUEUES, True),
        ("Function", DECRYPT, QUEUE_KEY, SECRETS, False),
        ("Function", DECRYPT, QUEUE_KEY, None, False),
        ("Reader", DECRYPT, SECRET_KEY, SECRETS, True),
        ("Reader", DECRYPT, SECRET_KEY, None, False),
        ("Reader", NEW_KEY, SECRET_KEY, SECRETS, False),
        ("Reader", DECRYPT, QUEUE_KEY, QUEUES, False),
    ],
)
def test_a_key_is_used_through_one_service(  # noqa: PLR0913, PLR0917 - a row of a table
    iam: Evaluator,
    roles: dict[str, list[Document]],
    role: str,
    action: str,
    key: str,
    through: str | None,
    allowed: bool,  # noqa: FBT001
) -> None:
    context = {"kms:ViaService": through} if through else {}
    assert iam.permits_role(roles[role], action, key, **context) is allowed


@pytest.mark.parametrize("action", ["CreateNetworkInterface", "DeleteNetworkInterface", "UnassignPrivateIpAddresses"])
def test_lambda_manages_network_interfaces_and_the_code_does_not(
    iam: Evaluator, roles: dict[str, list[Document]], action: str
) -> None:
    """Lambda does so with the function's role."""
    assert iam.permits_role(roles["Function"], f"ec2:{action}", INTERFACE)
    assert not iam.permits_role(roles["Function"], f"ec2:{action}", INTERFACE, **{"lambda:SourceFunctionArn": FUNCTION})
    assert not iam.permits_role(roles["Reader"], f"ec2:{action}", INTERFACE)


@pytest.mark.parametrize(
    ("resource", "action", "keys", "allowed"),
    [
        (SECRET, "secretsmanager:TagResource", [CREATED], True),
        (SECRET, "secretsmanager:TagResource", [CREATED, REVOKED], True),
        (SECRET, "secretsmanager:TagResource", [CREATED, "team"], False),
        (SECRET, "secretsmanager:TagResource", ["ses-secure-user:host"], False),
        (SECRET, "secretsmanager:TagResource", ["SES-Secure-User:Created:0123abcd"], False),
        (f"{SECRET}2", "secretsmanager:TagResource", [CREATED], False),
        (SECRET, "secretsmanager:UntagResource", [CREATED], False),
        (SECRET, "secretsmanager:GetSecretValue", None, True),
        (SECRET, "secretsmanager:PutSecretValue", None, True),
        (SECRET, "secretsmanager:UpdateSecretVersionStage", None, True),
        (SECRET, "secretsmanager:UpdateSecret", None, False),
        (USER, "iam:ListUserTags", None, True),
        (USER, "iam:CreateAccessKey", None, True),
        (USER, "iam:TagUser", [REVOKED], False),
        (USER, "iam:UntagUser", ["ses-secure-user:host"], False),
    ],
)
def test_the_function_writes_its_own_tags_of_a_secret_alone(  # noqa: PLR0913, PLR0917 - a row of a table
    iam: Evaluator,
    roles: dict[str, list[Document]],
    resource: str,
    action: str,
    keys: list[str] | None,
    allowed: bool,  # noqa: FBT001
) -> None:
    """Of a user it reads them. Calls that set no tags have no such key, on which ``ForAllValues`` is true."""
    context = {"aws:TagKeys": keys} if keys else {}
    assert iam.permits_role(roles["Function"], action, resource, **context) is allowed
