"""The minimal policy of CloudFormation's execution role: it is sufficient, and all its permissions are needed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from local_aws.aws import ACCOUNT, REGION, DeploymentFailed, LocalAws
from ses_secure_user import SecureSesSmtpUser
from ses_secure_user.template import template

DOCUMENT = Path(__file__).parents[2] / "docs" / "deploying-role.json"
MANAGED_POLICY_LIMIT = 6144
TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}

Statement = dict[str, Any]


def statements() -> list[Statement]:
    """Return the statements of the document, adapted to the local AWS, which adds the stack's name to a secret's
    name."""
    text = DOCUMENT.read_text(encoding="utf-8").replace("111122223333", ACCOUNT).replace("eu-west-1", REGION)
    text = text.replace(":secret:Mailer", ":secret:Mail-Mailer")
    return list(json.loads(text)["Statement"])


def actions(statement: Statement) -> set[str]:
    given = statement["Action"]
    return {given} if isinstance(given, str) else set(given)


class Role:
    """An execution role with all or some of the document's permissions."""

    def __init__(self, aws: LocalAws) -> None:
        self._iam = aws.client("iam")
        made = self._iam.create_role(
            RoleName="cloudformation",
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [TRUST]}),
        )
        self.arn: str = made["Role"]["Arn"]
        self.allow(statements())

    def allow(self, allowed: list[Statement]) -> None:
        document = json.dumps({"Version": "2012-10-17", "Statement": allowed})
        self._iam.put_role_policy(RoleName="cloudformation", PolicyName="deploying", PolicyDocument=document)

    def forbid(self, action: str) -> None:
        self.allow(
            [one | {"Action": sorted(actions(one) - {action})} for one in statements() if actions(one) != {action}]
        )

    def delete(self) -> None:
        self._iam.delete_role_policy(RoleName="cloudformation", PolicyName="deploying")
        self._iam.delete_role(RoleName="cloudformation")


@pytest.fixture
def role(aws: LocalAws) -> Iterator[Role]:
    """Create the role, and check after the test that no stack and no resource is left."""
    before = aws.leftovers()
    made = Role(aws)
    yield made
    made.allow([{"Effect": "Allow", "Action": "*", "Resource": "*"}])
    aws.wait_for_rotations()
    aws.destroy("Mail")
    made.delete()
    assert aws.leftovers() == before


def app(*, changed: bool = False) -> cdk.App:
    """Return an app with the document's stack. With ``changed``, every resource is updated."""
    app = cdk.App(analytics_reporting=False)
    stack = cdk.Stack(app, "Mail", env=cdk.Environment(account=ACCOUNT, region=REGION))
    made = SecureSesSmtpUser(
        stack,
        "Mailer",
        identity="example.com",
        from_address="billing@example.com" if changed else "noreply@example.com",
        allowed_cidrs=["203.0.113.0/24"],
        rotation_interval=cdk.Duration.days(20 if changed else 30),
    )
    cdk.CfnOutput(stack, "Secret", value=made.secret.secret_arn)
    if changed:
        cdk.Tags.of(stack).add("team", "mail")
        invocation = made.issuer.node.find_child("Invocation")
        assert isinstance(invocation, cdk.CfnResource)
        invocation.add_property_override("MaximumEventAgeInSeconds", 240)
    return app


def test_the_documents_permissions_suffice_for_a_stack(aws: LocalAws, role: Role) -> None:
    """The stack is deployed, updated, rotated and destroyed, and every permission is used."""
    secret = aws.deploy(app(), role=role.arn)["Secret"]
    aws.deploy(app(changed=True), role=role.arn)
    aws.wait_for_rotations()
    aws.acting_as(role.arn, "secretsmanager").rotate_secret(SecretId=secret)
    aws.wait_for_rotations()
    value = aws.value(secret)
    assert aws.login(value["username"], value["password"])
    aws.destroy("Mail")
    allowed = set().union(*map(actions, statements()))
    assert aws.asked_of(role.arn) == allowed


@pytest.mark.parametrize(
    "action",
    [
        "iam:AddUserToGroup",
        "iam:PassRole",
        "lambda:InvokeFunction",
        "s3:GetObject",
        "secretsmanager:RotateSecret",
        "ssm:GetParameters",
    ],
)
def test_without_a_permission_the_deployment_fails(aws: LocalAws, role: Role, action: str) -> None:
    role.forbid(action)
    with pytest.raises(DeploymentFailed, match=f"is not authorized to perform: {action} on resource"):
        aws.deploy(app(), role=role.arn)


def test_they_deploy_the_template_without_those_for_the_cdk(aws: LocalAws, role: Role) -> None:
    role.allow([one for one in statements() if one["Sid"] not in {"Bootstrap", "Assets"}])
    for address, days in (("noreply@example.com", "30"), ("billing@example.com", "20")):
        networks = {"Identity": "example.com", "AllowedCidrs": "203.0.113.0/24"}
        aws.create("Mail", template(), networks | {"FromAddresses": address, "RotationDays": days}, role=role.arn)
    aws.wait_for_rotations()
    aws.destroy("Mail")


def test_the_document_fits_into_a_managed_policy() -> None:
    assert len("".join(DOCUMENT.read_text(encoding="utf-8").split())) <= MANAGED_POLICY_LIMIT
