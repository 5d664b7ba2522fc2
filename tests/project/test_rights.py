"""docs/rights.md, which lists exactly the permissions in the templates."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Template

from ses_secure_user import CredentialIssuer, LeakAlarm, SecureSesSmtpUser, SendsAlarm
from ses_secure_user.template import template
from tests.cases.shapes import SHAPES, STRICT, everything, made

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "rights.md").read_text(encoding="utf-8")
VIRGINIA = cdk.Environment(account="111122223333", region="us-east-1")
POLICIES = ("PolicyDocument", "KeyPolicy", "ResourcePolicy", "AssumeRolePolicyDocument")
SERVICES = {
    "cloudwatch": "CloudWatch",
    "events": "EventBridge",
    "lambda": "Lambda",
    "logs": "CloudWatch Logs",
    "secretsmanager": "Secrets Manager",
}
KINDS = {
    "AWS::IAM::Group": "the group",
    "AWS::IAM::ManagedPolicy": "the policy",
    "AWS::IAM::Role": "the function's role",
    "AWS::IAM::User": "the user",
    "AWS::Lambda::Function": "the function",
    "AWS::Logs::LogGroup": "the log group",
    "AWS::SNS::Topic": "the topic",
    "AWS::SQS::Queue": "the queue",
    "AWS::SecretsManager::Secret": "the secret",
    "AWS::SES::ConfigurationSet": "the configuration set",
    "AWS::SES::EmailIdentity": "the identities",
    "Custom::SesSmtpCredential": "the secret",
}
KEYS = {
    "FunctionKey": "the function's key",
    "QueueKey": "the queue's key",
    "SecretKey": "the secret's key",
    "Key": "a key",
}
LITERALS = {
    ":configuration-set/": "the configuration set",
    ":identity/": "the identities",
    ":secret:": "the secret",
    "aws:kms:eu-central-1": "the replica's key",
}

Json = dict[str, Any]


class Right(NamedTuple):
    """A permission, in the words of the page."""

    who: str
    actions: frozenset[str]
    on: frozenset[str]
    where: frozenset[str]


def everybody(stack: cdk.Stack) -> None:
    """Add constructs in which every possible principal has permissions."""
    vpc = ec2.Vpc.from_vpc_attributes(
        stack, "Vpc", vpc_id="vpc-01234567", availability_zones=["us-east-1a"], private_subnet_ids=["subnet-01234567"]
    )
    topic = sns.Topic(stack, "Topic")
    issuer = CredentialIssuer(
        stack,
        "Issuer",
        vpc=vpc,
        dead_letter_queue=sqs.Queue(stack, "Queue", encryption_master_key=kms.Key(stack, "QueueKey")),
        encryption_key=kms.Key(stack, "FunctionKey"),
        alarm_topic=topic,
        tracing=lambda_.Tracing.ACTIVE,
    )
    replica_key = kms.Key.from_key_arn(
        stack, "ReplicaKey", "arn:aws:kms:eu-central-1:111122223333:key/00000000-0000-0000-0000-000000000003"
    )
    mailer = SecureSesSmtpUser(
        stack,
        "Mailer",
        identity="example.com",
        from_address="noreply@example.com",
        allowed_cidrs=["203.0.113.0/24"],
        configuration_set="sends",
        encryption_key=kms.Key(stack, "SecretKey"),
        replica_regions=[secretsmanager.ReplicaRegion(region="eu-central-1", encryption_key=replica_key)],
        issuer=issuer,
    )
    SendsAlarm(stack, "Sends", user=mailer, per_hour=500, topic=topic)
    LeakAlarm(stack, "Leak", topic=topic)
    mailer.grant_read(iam.Role(stack, "Reader", assumed_by=iam.AnyPrincipal()))
    mailer.grant_read(iam.ArnPrincipal("arn:aws:iam::222233334444:role/application"))
    mailer.grant_verify(iam.Role(stack, "Prover", assumed_by=iam.AnyPrincipal()))


def synthesized(make: Callable[[cdk.Stack], None]) -> Json:
    stack = cdk.Stack(cdk.App(analytics_reporting=False, context=STRICT), "Stack", env=VIRGINIA)
    make(stack)
    return dict(Template.from_stack(stack).to_json()["Resources"])


def given(resources: Json) -> Iterator[Right]:
    """Yield the permissions in a template, except those that the CDK grants the account on a key."""
    for name, resource in resources.items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Lambda::Permission":
            where = frozenset({"aws:SourceAccount"} & {f"aws:{key}" for key in properties})
            invoker = SERVICES[properties["Principal"].partition(".")[0]]
            yield Right(invoker, frozenset({properties["Action"]}), frozenset({"the function"}), where)
        for document in (properties[key] for key in POLICIES if key in properties):
            for statement in flat(document["Statement"]):
                if who := holder(properties, statement):
                    yield Right(who, actions(statement), on(statement, name, resources), conditions(statement))


def flat(statements: list[Json]) -> list[Json]:
    return [one["Fn::If"][1] if "Fn::If" in one else one for one in statements]


def holder(properties: Json, statement: Json) -> str | None:
    text = json.dumps(statement.get("Principal", properties.get("Roles", "the user")))
    if service := re.search(r'"Service": "(\w+)\.', text):
        return SERVICES[service[1]]
    for part, who in {
        "role/application": "a reader of another account",
        "Reader": "a reader",
        "Prover": "who proves a login",
        "Role": "the function's role",
        "the user": "the user",
    }.items():
        if part in text:
            return who
    return None


def actions(statement: Json) -> frozenset[str]:
    deny = "denied: " if statement["Effect"] == "Deny" else ""
    if "NotAction" in statement:
        return frozenset(f"{deny}all but {one}" for one in listed(statement["NotAction"]))
    return frozenset(f"{deny}{one}" for one in listed(statement["Action"]))


def on(statement: Json, own: str, resources: Json) -> frozenset[str]:
    if "NotResource" in statement:
        return frozenset(f"all but {label(one, own, resources)}" for one in listed(statement["NotResource"]))
    return frozenset(label(one, own, resources) for one in listed(statement.get("Resource", {"Ref": own})))


def label(resource: Any, own: str, resources: Json) -> str:  # noqa: ANN401 - text, or an intrinsic function
    text = json.dumps(resource)
    if text == '"*"':
        return "anything" if resources[own]["Type"] != "AWS::KMS::Key" else label({"Ref": own}, own, resources)
    for name in re.findall(r'"(?:Ref|Fn::GetAtt)": \[?"(\w+)"', text):
        if name in resources:
            kind = resources[name]["Type"]
            return KINDS.get(kind) or next(what for part, what in KEYS.items() if name.startswith(part))
    return next((what for part, what in LITERALS.items() if part in text), text)


def conditions(statement: Json) -> frozenset[str]:
    return frozenset(key for keys in statement.get("Condition", {}).values() for key in keys)


def listed(one: Any) -> list[Any]:  # noqa: ANN401 - one or several
    return one if isinstance(one, list) else [one]


def told(text: str) -> list[Right]:
    """Return the permissions in the tables of the page."""
    rows = re.findall(r"^\| (?!who \||---)(.+?) \| (.+?) \| (.+?) \| (.*?) ?\| .+ \|$", text, re.MULTILINE)
    return [Right(who, words(right), frozenset(on.split(", ")), words(where)) for who, right, on, where in rows]


def words(cell: str) -> frozenset[str]:
    """Return the texts in backticks, with their prefixes."""
    deny = "denied: " if cell.startswith("denied: ") else ""
    return frozenset(f"{deny}{but}{name}" for but, name in re.findall(r"(all but )?`([^`]+)`", cell))


@pytest.fixture(scope="module")
def rights() -> set[Right]:
    """Return all permissions: the user's with every restriction, and the others' in a stack with all principals."""
    of_the_user = {one for one in given(synthesized(everything)) if one.who == "the user"}
    return of_the_user | {one for one in given(synthesized(everybody)) if one.who != "the user"}


def test_the_page_lists_exactly_the_permissions(rights: set[Right]) -> None:
    page = {one for one in told(PAGE) if one.who not in {"CloudFormation", "who audits the account"}}
    assert page - rights == set()
    assert rights - page == set()


@pytest.mark.parametrize("name", [*SHAPES, "template"])
def test_no_shape_has_more_permissions(name: str) -> None:
    if name == "template":
        resources = json.loads(template())["Resources"]
    else:
        resources = Template.from_stack(made(name)).to_json()["Resources"]

    found = {(right.who, action) for right in given(resources) for action in right.actions}

    assert len(found) > 10
    assert found - {(right.who, action) for right in told(PAGE) for action in right.actions} == set()


def test_the_page_lists_the_deploying_roles_permissions() -> None:
    document = json.loads((DOCS / "deploying-role.json").read_text(encoding="utf-8"))["Statement"]
    found = {
        Right("CloudFormation", actions(one), frozenset({f"`{one['Resource'].split(':', 5)[5]}`"}), conditions(one))
        for one in document
    }
    assert {one for one in told(PAGE) if one.who == "CloudFormation"} == found


def test_the_page_lists_the_permissions_of_audit() -> None:
    needed = (DOCS / "proof.md").read_text(encoding="utf-8").rpartition("\nIt needs ")[2]
    (audit,) = (one for one in told(PAGE) if one.who == "who audits the account")
    assert audit.actions == words(needed)
