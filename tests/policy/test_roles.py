"""What the function's role and a reader's may do, judged by the same evaluator: keys, interfaces, users, secrets."""

import json
import re
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Template

from ses_secure_user import CredentialIssuer, SecureSesSmtpUser
from tests.policy.evaluator import ACCOUNT, REGION, Document, Evaluator

SECRET_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-0000-0000-0000-000000000001"
QUEUE_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-0000-0000-0000-000000000002"
REPLICA_KEY = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/00000000-0000-0000-0000-000000000003"
INTERFACE = f"arn:aws:ec2:{REGION}:{ACCOUNT}:network-interface/eni-0123456789abcdef0"
USER = f"arn:aws:iam::{ACCOUNT}:user/Stack-MailerUser"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:MailerSecret-012345678901-AbCdEf"
CREATED, REVOKED = "ses-secure-user:created:0123abcd", "ses-secure-user:revoked:0123abcd"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:issuer"
SECRETS, QUEUES = f"secretsmanager.{REGION}.amazonaws.com", f"sqs.{REGION}.amazonaws.com"
REPLICAS = "secretsmanager.eu-central-1.amazonaws.com"
DECRYPT, ENCRYPT, NEW_KEY = "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"


@pytest.fixture(scope="module")
def roles() -> dict[str, list[Document]]:
    """The policies of the function's role and of a reader's."""
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
    mailer.grant_read(aws_iam.Role(stack, "Reader", assumed_by=aws_iam.ServicePrincipal("lambda.amazonaws.com")))
    resources = Template.from_stack(stack).to_json()["Resources"].values()
    of_roles = [it for it in resources if "Roles" in it.get("Properties", {})]
    return {
        "function": [_literal(it) for it in of_roles if it["Type"] == "AWS::IAM::ManagedPolicy"],
        "reader": [_literal(it) for it in of_roles if it["Type"] == "AWS::IAM::Policy"],
    }


def _literal(resource: dict[str, Any]) -> Document:
    """A policy, with the ARNs of user and secret, but for the statements on what else gets its ARN at deployment."""
    text = json.dumps(resource["Properties"]["PolicyDocument"])
    text = re.sub(r'\{"Fn::GetAtt": \["MailerUser\w+", "Arn"\]\}', f'"{USER}"', text)
    document = json.loads(re.sub(r'\{"Ref": "MailerSecret\w+"\}', f'"{SECRET}"', text))
    statements = [one for one in document["Statement"] if "{" not in str(one["Resource"])]
    return {"Version": document["Version"], "Statement": statements}


@pytest.mark.parametrize(
    ("role", "action", "key", "through", "allowed"),
    [
        ("function", DECRYPT, SECRET_KEY, SECRETS, True),
        ("function", NEW_KEY, SECRET_KEY, SECRETS, True),
        ("function", DECRYPT, SECRET_KEY, QUEUES, False),
        ("function", DECRYPT, SECRET_KEY, None, False),
        ("function", ENCRYPT, REPLICA_KEY, REPLICAS, True),
        ("function", NEW_KEY, REPLICA_KEY, REPLICAS, True),
        ("function", NEW_KEY, REPLICA_KEY, SECRETS, False),
        ("function", DECRYPT, REPLICA_KEY, REPLICAS, False),
        ("function", NEW_KEY, QUEUE_KEY, QUEUES, True),
        ("function", DECRYPT, QUEUE_KEY, QUEUES, True),
        ("function", DECRYPT, QUEUE_KEY, SECRETS, False),
        ("function", DECRYPT, QUEUE_KEY, None, False),
        ("reader", DECRYPT, SECRET_KEY, SECRETS, True),
        ("reader", DECRYPT, SECRET_KEY, None, False),
        ("reader", NEW_KEY, SECRET_KEY, SECRETS, False),
        ("reader", DECRYPT, QUEUE_KEY, QUEUES, False),
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
    assert iam.permits_role(roles["function"], f"ec2:{action}", INTERFACE)
    assert not iam.permits_role(roles["function"], f"ec2:{action}", INTERFACE, **{"lambda:SourceFunctionArn": FUNCTION})
    assert not iam.permits_role(roles["reader"], f"ec2:{action}", INTERFACE)


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
    assert iam.permits_role(roles["function"], action, resource, **context) is allowed
