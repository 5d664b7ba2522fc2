"""The policies in a plan, which equal the construct's policies for the same cases."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk.assertions import Template

from local_aws.aws import ACCOUNT, REGION
from ses_secure_user import CredentialIssuer, SecureSesSmtpUser
from ses_secure_user.restrictions.policy import policy_document
from ses_secure_user.restrictions.restrict import restrict
from tests.cases.refusals import GIVEN
from tests.terraform.cases import accepted, as_inputs
from tests.terraform.working import MODULE, literal, resources

if TYPE_CHECKING:
    from local_aws.aws import LocalAws
    from tests.terraform.conftest import Make
    from tests.terraform.working import Json

ISSUER = {
    "function_name": "issuer",
    "function_arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:issuer",
    "role_name": "issuer",
    "verify_login": True,
}
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-0000-0000-0000-000000000001"
COPY = KEY.replace(REGION, "eu-west-1")
SECRET = "arn:secret"


def statements(document: Json | str) -> list[Json]:
    """Return the statements in a normal form: sorted lists, and lists of one entry as that entry."""
    parsed = json.loads(document) if isinstance(document, str) else document
    return [normal(one) for one in parsed["Statement"]]


def normal(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, list):
        return normal(value[0]) if len(value) == 1 else sorted(value, key=str)
    return {key: normal(one) for key, one in value.items()} if isinstance(value, dict) else value


@pytest.fixture(scope="module")
def planned(make: Make, aws: LocalAws) -> list[Json]:
    """Return the policy document of each case, from one plan."""
    working = make(aws.env)
    working.write(
        {
            "module": {
                f"case_{number}": {"source": str(MODULE), "name": f"case-{number}", "issuer": ISSUER}
                | literal(as_inputs(properties))
                for number, properties in enumerate(accepted())
            }
        }
    )
    working.init()
    values = working.planned()["planned_values"]["root_module"]
    found = {one["address"]: one["values"] for one in resources(values) if one["type"] == "aws_iam_policy"}
    by_case = {re.sub(r"\..*", "", address.removeprefix("module.case_")): one for address, one in found.items()}
    return [by_case[str(number)] for number in range(len(accepted()))]


@pytest.mark.parametrize("number", range(len(accepted())))
def test_the_policy_of_a_user_equals_the_constructs(planned: list[Json], number: int) -> None:
    expected = policy_document(restrict(**accepted()[number]), partition="aws", region=REGION, account=ACCOUNT)

    found = statements(planned[number]["policy"])

    by_sid = {one["Sid"]: one for one in statements(expected)}
    assert {one["Sid"]: one for one in found} == by_sid
    assert len(found) == len(by_sid)


@pytest.fixture(scope="module")
def construct() -> Json:
    """Return the resources of a construct with keys, replicas, a VPC and tracing."""
    app = cdk.App(analytics_reporting=False, context={"aws:cdk:disable-asset-staging": True})
    stack = cdk.Stack(app, "Stack", env=cdk.Environment(account=ACCOUNT, region=REGION))
    copy = kms.Key.from_key_arn(stack, "Copy", COPY)
    mailer = SecureSesSmtpUser(
        stack,
        "Mailer",
        **GIVEN,
        encryption_key=kms.Key.from_key_arn(stack, "Key", KEY),
        replica_regions=[secretsmanager.ReplicaRegion(region="eu-west-1", encryption_key=copy)],
        user_name="chosen",
        issuer=CredentialIssuer(stack, "Issuer"),
    )
    mailer.grant_verify(iam.Role(stack, "Reader", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com")))
    return dict(Template.from_stack(stack).to_json()["Resources"])


def of_role(construct: Json, needle: str) -> list[Json]:
    """Return the statements of the policy of a role that contains a text."""
    (document,) = (
        one["Properties"]["PolicyDocument"]
        for one in construct.values()
        if "Roles" in one.get("Properties", {}) and needle in json.dumps(one)
    )
    return [masked(one) for one in statements(document)]


def masked(statement: Json) -> Json:
    """Return a statement without the ARNs that are known only at deployment."""
    is_key = "arn:aws:kms" in json.dumps(statement)
    return {
        key: one for key, one in statement.items() if key not in {"Resource", "Sid"} or (is_key and key == "Resource")
    }


@pytest.fixture(scope="module")
def applied(make: Make, aws: LocalAws) -> Json:
    """Return the policies and outputs of the same configuration in Terraform, from a plan with chosen names."""
    working = make(aws.env)
    given = {"encryption_key": KEY, "replica_regions": [{"region": "eu-west-1", "encryption_key": COPY}]}
    inputs = {name: [value] if isinstance(value, str) else value for name, value in GIVEN.items()}
    working.write(
        {
            "module": {"mailer": {"source": str(MODULE), "name": "mail", **inputs, **given}},
            "output": {one: {"value": f"${{module.mailer.{one}}}"} for one in ("grant_read", "grant_verify")},
        }
    )
    working.init()
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    working.write(
        {
            "module": {"mailer": {"source": str(MODULE), "name": "mail", **inputs, **given, "encryption_key": key}},
            "output": {one: {"value": f"${{module.mailer.{one}}}"} for one in ("grant_read", "grant_verify")},
        }
    )
    outputs = working.apply()
    state = json.loads(json.dumps(working.state()).replace(key, KEY))
    working.destroy()
    found = {one["type"] + "." + one["name"]: one["values"] for one in resources(state["values"]["root_module"])}
    return found | {name: value.replace(key, KEY) for name, value in outputs.items()}


def test_the_policy_of_the_role_equals_the_constructs(applied: Json, construct: Json) -> None:
    found = [masked(one) for one in statements(applied["aws_iam_role_policy.access"]["policy"])]
    assert found == of_role(construct, "iam:CreateAccessKey")
    assert "*" not in {one["Resource"] for one in statements(applied["aws_iam_role_policy.access"]["policy"])}


def test_the_other_policy_of_the_role_equals_the_constructs(applied: Json, construct: Json) -> None:
    found = [masked(one) for one in statements(applied["aws_iam_role_policy.basics"]["policy"])]
    assert found == of_role(construct, "logs:PutLogEvents")


def test_the_trust_policy_equals_the_constructs(applied: Json, construct: Json) -> None:
    expected = next(
        one["Properties"]["AssumeRolePolicyDocument"]
        for name, one in construct.items()
        if one["Type"] == "AWS::IAM::Role" and name.startswith("Issuer")
    )
    assert statements(applied["aws_iam_role.this"]["assume_role_policy"]) == statements(expected)


def test_the_grants_equal_the_constructs(applied: Json, construct: Json) -> None:
    """The construct writes all of them into one policy, and the CDK merges some of them."""
    granted = of_role(construct, "iam:SimulatePrincipalPolicy")

    read, verify = ([masked(one) for one in statements(applied[name])] for name in ("grant_read", "grant_verify"))

    assert actions(verify) == actions(granted)
    assert verify[: len(read)] == read
    assert actions(read) == {"secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret", "kms:Decrypt"}


def actions(found: list[Json]) -> set[str]:
    return {
        action for one in found for action in ([one["Action"]] if isinstance(one["Action"], str) else one["Action"])
    }


def test_the_function_equals_the_constructs(applied: Json, construct: Json) -> None:
    """The runtime is excluded, because older providers do not support it."""
    function = applied["aws_lambda_function.this"]
    expected = next(one["Properties"] for one in construct.values() if one["Type"] == "AWS::Lambda::Function")
    names = ("description", "handler", "architectures", "memory_size", "timeout")
    assert {name: function[name] for name in names} == {name: expected[camel(name)] for name in names}
    logging = expected["LoggingConfig"]
    assert {name: function["logging_config"][0][name] for name in ("log_format", "application_log_level")} == {
        "log_format": logging["LogFormat"],
        "application_log_level": logging["ApplicationLogLevel"],
    }


def camel(name: str) -> str:
    return name.title().replace("_", "")
