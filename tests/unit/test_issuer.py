"""The issuer as a construct of its own: what it is given, and who may share it."""

import inspect
import json
import re
from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Annotations, Match, Template

from ses_secure_user import CredentialIssuer
from ses_secure_user.credential_issuer import IssuerProperties
from tests.unit.users import user

HERE = cdk.Environment(account="111122223333", region="eu-west-1")
MANAGED_POLICY_LIMIT = 6144
KEY = "arn:aws:kms:eu-west-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef"


@pytest.fixture
def app() -> cdk.App:
    return cdk.App(analytics_reporting=False, context={"aws:cdk:disable-asset-staging": True})


@pytest.fixture
def stack(app: cdk.App) -> cdk.Stack:
    return cdk.Stack(app, "Stack", env=HERE)


def resources(stack: cdk.Stack, type_name: str) -> list[dict[str, Any]]:
    return [one["Properties"] for one in Template.from_stack(stack).find_resources(type_name).values()]


def function(stack: cdk.Stack) -> dict[str, Any]:
    (found,) = resources(stack, "AWS::Lambda::Function")
    return found


def grants(stack: cdk.Stack) -> dict[str, str]:
    """What the issuer's role may do on what, as text."""
    statements = [
        statement
        for one in resources(stack, "AWS::IAM::ManagedPolicy")
        if "Roles" in one
        for statement in one["PolicyDocument"]["Statement"]
    ]
    return {action: json.dumps(one["Resource"]) for one in statements for action in one["Action"]}


def test_every_property_is_documented_with_its_default() -> None:
    signature = inspect.signature(CredentialIssuer.__init__)
    text = (inspect.getdoc(CredentialIssuer.__init__) or "").partition("Args:\n")[2].partition("Raises:")[0]
    documented = dict(re.findall(r"^ {4}(\w+): (.*?)(?=^ {4}\w+: |\Z)", text, re.DOTALL | re.MULTILINE))
    assert list(documented) == list(signature.parameters)[1:]
    optional = [name for name, one in signature.parameters.items() if one.default is not one.empty]
    assert [name for name in optional if "Default: " not in " ".join(documented[name].split())] == []


def test_the_role_may_touch_its_users_and_secrets_alone(stack: cdk.Stack) -> None:
    user(stack)
    granted = grants(stack)
    assert sorted(granted) == [
        "iam:CreateAccessKey",
        "iam:DeleteAccessKey",
        "iam:ListAccessKeys",
        "iam:ListUserTags",
        "iam:TagUser",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetSecretValue",
        "secretsmanager:PutSecretValue",
        "secretsmanager:TagResource",
        "secretsmanager:UpdateSecretVersionStage",
    ]
    assert [resource for resource in granted.values() if "*" in resource] == []


def test_the_role_may_set_its_own_tags_and_no_others(stack: cdk.Stack) -> None:
    """It marks a user as revoked, and a secret with what the login is made from."""
    user(stack)
    statements = [s for one in resources(stack, "AWS::IAM::ManagedPolicy") for s in one["PolicyDocument"]["Statement"]]
    for action, condition in (
        ("iam:TagUser", {"ForAllValues:StringEquals": {"aws:TagKeys": "ses-secure-user:revoked"}}),
        ("secretsmanager:TagResource", {"ForAllValues:StringLike": {"aws:TagKeys": "ses-secure-user:*"}}),
    ):
        (tagging,) = (one for one in statements if action in one.get("Action", ()))
        assert tagging["Condition"] == condition


def test_secrets_manager_of_this_account_alone_may_invoke_it(stack: cdk.Stack) -> None:
    user(stack)
    (permission,) = resources(stack, "AWS::Lambda::Permission")
    assert permission["Principal"] == "secretsmanager.amazonaws.com"
    assert permission["SourceAccount"] == "111122223333"


def test_its_own_key_encrypts_the_log_group_and_lets_logs_use_it(stack: cdk.Stack) -> None:
    CredentialIssuer(stack, "Issuer", encryption_key=kms.Key(stack, "Key"), log_retention=logs.RetentionDays.TWO_YEARS)
    (group,), (key,) = resources(stack, "AWS::Logs::LogGroup"), resources(stack, "AWS::KMS::Key")
    assert "KmsKeyId" in group
    assert group["RetentionInDays"] == 731
    assert '"Service": "logs.eu-west-1.amazonaws.com"' in json.dumps(key)
    assert "KmsKeyArn" in function(stack)


def test_configured_in_place_it_keeps_its_logical_ids(app: cdk.App) -> None:
    """CloudFormation changes a function's properties, but not which function serves a deployed user."""

    default, configured = cdk.Stack(app, "Default", env=HERE), cdk.Stack(app, "Configured", env=HERE)
    CredentialIssuer.of(configured, reserved_concurrent_executions=10, tracing=lambda_.Tracing.ACTIVE)
    user(default)
    user(configured)
    assert function(default) != function(configured)
    before, after = (Template.from_stack(one).to_json()["Resources"] for one in (default, configured))
    assert before.keys() == after.keys()
    credentials = [name for name in before if before[name]["Type"] == "Custom::SesSmtpCredential"]
    assert [before[name] for name in credentials] == [after[name] for name in credentials]


def test_it_is_configured_once_before_the_first_user(stack: cdk.Stack) -> None:
    configured = CredentialIssuer.of(stack, reserved_concurrent_executions=10)
    assert user(stack).issuer is configured
    assert CredentialIssuer.of(configured) is configured
    with pytest.raises(ValueError, match="configured once") as refusal:
        CredentialIssuer.of(stack, reserved_concurrent_executions=20)
    assert str(refusal.value) == (
        "`CredentialIssuer.of` must be configured once, before the stack's first user, got"
        " reserved_concurrent_executions; move the call up to the first user"
    )


def test_it_can_be_configured_with_each_of_its_properties() -> None:
    own = inspect.signature(CredentialIssuer.__init__).parameters.values()
    expected = {one.name: one.annotation for one in own if one.kind is one.KEYWORD_ONLY}
    assert {name: one.__forward_arg__ for name, one in IssuerProperties.__annotations__.items()} == expected


def test_in_a_vpc_it_is_private_and_lets_out_https_and_smtp(stack: cdk.Stack) -> None:
    CredentialIssuer(stack, "Issuer", vpc=ec2.Vpc(stack, "Vpc", max_azs=2))
    assert len(function(stack)["VpcConfig"]["SubnetIds"]) == 2
    assert "Private" in json.dumps(function(stack)["VpcConfig"]["SubnetIds"])
    (group,) = resources(stack, "AWS::EC2::SecurityGroup")
    assert [rule["FromPort"] for rule in group["SecurityGroupEgress"]] == [443, 465, 587, 2465, 2587]


def test_lambda_attaches_it_to_its_vpc_and_its_own_code_may_not(stack: cdk.Stack) -> None:
    """Calls of the code alone carry the key; the service's own have none, so the Deny leaves them."""
    CredentialIssuer(stack, "Issuer", vpc=ec2.Vpc(stack, "Vpc", max_azs=2))
    (basics,) = resources(stack, "AWS::IAM::ManagedPolicy")
    allowed, denied = (one for one in basics["PolicyDocument"]["Statement"] if "ec2:" in json.dumps(one))
    assert (allowed["Effect"], allowed["Resource"]) == ("Allow", ["*"])
    assert "ec2:DeleteNetworkInterface" in allowed["Action"]
    assert denied == allowed | {"Effect": "Deny", "Condition": {"Null": {"lambda:SourceFunctionArn": "false"}}}


def test_in_a_vpc_it_takes_the_subnets_and_groups_it_is_given(stack: cdk.Stack) -> None:
    vpc = ec2.Vpc(stack, "Vpc", max_azs=2)
    CredentialIssuer(
        stack,
        "Issuer",
        vpc=vpc,
        vpc_subnets=ec2.SubnetSelection(subnets=vpc.private_subnets[:1]),
        security_groups=[ec2.SecurityGroup.from_security_group_id(stack, "Group", "sg-0123456789abcdef0")],
    )
    assert len(function(stack)["VpcConfig"]["SubnetIds"]) == 1
    assert function(stack)["VpcConfig"]["SecurityGroupIds"] == ["sg-0123456789abcdef0"]
    assert resources(stack, "AWS::EC2::SecurityGroup") == []


def test_a_given_role_gets_the_policies_for_logs_and_users_alone(stack: cdk.Stack) -> None:
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    issuer = CredentialIssuer(stack, "Issuer", role=role, vpc=ec2.Vpc(stack, "Vpc"), tracing=lambda_.Tracing.ACTIVE)
    user(stack, issuer=issuer)
    assert len([one for one in resources(stack, "AWS::IAM::Role") if "lambda" in json.dumps(one)]) == 1
    assert [action for action in grants(stack) if action.startswith(("ec2:", "xray:"))] == []
    assert "iam:CreateAccessKey" in grants(stack)


def test_subnets_that_are_imported_by_their_id_are_taken(stack: cdk.Stack) -> None:
    subnet = ec2.Subnet.from_subnet_id(stack, "Subnet", "subnet-0123456789abcdef0")
    CredentialIssuer(stack, "Issuer", vpc=ec2.Vpc(stack, "Vpc"), vpc_subnets=ec2.SubnetSelection(subnets=[subnet]))
    assert function(stack)["VpcConfig"]["SubnetIds"] == ["subnet-0123456789abcdef0"]


def by_type(_stack: cdk.Stack) -> ec2.SubnetSelection:
    return ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC)


def by_name(stack: cdk.Stack) -> ec2.SubnetSelection:
    return ec2.SubnetSelection(subnets=vpc_of(stack).public_subnets)


def vpc_of(stack: cdk.Stack) -> ec2.Vpc:
    found = stack.node.try_find_child("Vpc") or ec2.Vpc(stack, "Vpc", max_azs=2)
    assert isinstance(found, ec2.Vpc)
    return found


@pytest.mark.parametrize("select", [by_type, by_name])
def test_public_subnets_are_refused(stack: cdk.Stack, select: Callable[[cdk.Stack], ec2.SubnetSelection]) -> None:
    vpc = vpc_of(stack)
    with pytest.raises(ValueError, match="`vpc_subnets`") as refusal:
        CredentialIssuer(stack, "Issuer", vpc=vpc, vpc_subnets=select(stack))
    assert str(refusal.value) == (
        "`vpc_subnets` must be private, since a function has no public address and so no way out of a public subnet,"
        " got public ones; choose subnets that are routed to a NAT gateway"
    )
    assert stack.node.try_find_child("Issuer") is None


def test_a_vpc_without_a_way_out_is_refused_in_the_cdks_words(stack: cdk.Stack) -> None:
    subnets = [ec2.SubnetConfiguration(name="Public", subnet_type=ec2.SubnetType.PUBLIC)]
    vpc = ec2.Vpc(stack, "Vpc", max_azs=2, subnet_configuration=subnets)
    with pytest.raises(ValueError, match="`vpc_subnets`") as refusal:
        CredentialIssuer(stack, "Issuer", vpc=vpc)
    assert str(refusal.value) == (
        "`vpc_subnets` must be subnets that the VPC has, got There are no 'Private' subnet groups in this VPC. Available"
        " types: Public; choose others, or give the VPC private subnets with a way out"
    )


def test_dead_letters_go_to_the_queue(stack: cdk.Stack) -> None:
    queue = sqs.Queue(stack, "Letters", encryption_master_key=kms.Key(stack, "Key"))
    CredentialIssuer(stack, "Issuer", dead_letter_queue=queue)
    assert "DeadLetterConfig" in function(stack)
    assert {"sqs:SendMessage", "kms:GenerateDataKey"} <= grants(stack).keys()


def test_the_queues_key_is_used_through_the_queue_alone(stack: cdk.Stack) -> None:
    queue = sqs.Queue(stack, "Letters", encryption_master_key=kms.Key(stack, "Key"))
    CredentialIssuer(stack, "Issuer", dead_letter_queue=queue)
    (basics,) = resources(stack, "AWS::IAM::ManagedPolicy")
    (use,) = (one for one in basics["PolicyDocument"]["Statement"] if "kms:Decrypt" in one["Action"])
    assert use["Condition"] == {"StringEquals": {"kms:ViaService": "sqs.eu-west-1.amazonaws.com"}}


def test_a_fifo_queue_is_refused(stack: cdk.Stack) -> None:
    queue = sqs.Queue(stack, "Letters", fifo=True)
    with pytest.raises(ValueError, match="`dead_letter_queue`") as refusal:
        CredentialIssuer(stack, "Issuer", dead_letter_queue=queue)
    assert str(refusal.value) == (
        "`dead_letter_queue` must be a standard queue, since Lambda sends to no other, got FIFO;"
        " write one such as sqs.Queue(self, …) without fifo"
    )


def test_tracing_concurrency_and_runtime_are_the_functions(stack: cdk.Stack) -> None:
    CredentialIssuer(
        stack,
        "Issuer",
        tracing=lambda_.Tracing.ACTIVE,
        reserved_concurrent_executions=10,
        runtime=lambda_.Runtime.PYTHON_3_13,
    )
    made = function(stack)
    assert (made["TracingConfig"], made["ReservedConcurrentExecutions"]) == ({"Mode": "Active"}, 10)
    assert made["Runtime"] == "python3.13"
    assert grants(stack)["xray:PutTraceSegments"] == '["*"]'


def test_low_concurrency_draws_a_warning(stack: cdk.Stack) -> None:
    CredentialIssuer(stack, "Issuer", reserved_concurrent_executions=1)
    found = Annotations.from_stack(stack).find_warning("*", Match.any_value())
    assert ["ses-secure-user:lowConcurrency" in str(one.entry.data) for one in found] == [True]


def test_a_failed_rotation_sets_off_the_alarm(stack: cdk.Stack) -> None:
    CredentialIssuer(stack, "Issuer", alarm_topic=sns.Topic(stack, "Topic"))
    (alarm,) = resources(stack, "AWS::CloudWatch::Alarm")
    assert (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"]) == ("AWS/Lambda", "Errors", "Sum")
    assert alarm["Threshold"] == 1
    assert alarm["TreatMissingData"] == "notBreaching"
    assert len(alarm["AlarmActions"]) == 1


def test_the_metric_can_be_had_from_a_user_too(stack: cdk.Stack) -> None:
    metric = user(stack).metric_rotation_failures(period=cdk.Duration.hours(1))
    assert metric.metric_name == "Errors"
    assert metric.period.to_hours() == 1
    with pytest.raises(ValueError, match="`period` must be a Duration, got 300"):
        user(stack, "Other").metric_rotation_failures(period=300)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        (
            {"vpc_subnets": ec2.SubnetSelection()},
            "`vpc_subnets` must come with `vpc`, got no `vpc`; name the VPC, or leave it out",
        ),
        (
            {"vpc_subnets": ["subnet-0123456789abcdef0"]},
            "`vpc_subnets` must be a SubnetSelection, got ['subnet-0123456789abcdef0']; write one such as ec2.SubnetSelection(subnet_group_name=…)",
        ),
        (
            {"security_groups": []},
            "`security_groups` must come with `vpc`, got no `vpc`; name the VPC, or leave it out",
        ),
        (
            {"security_groups": ["sg-0123456789abcdef0"]},
            "`security_groups` must be a list of ec2.ISecurityGroup, got ['sg-0123456789abcdef0']; write one such as [ec2.SecurityGroup.from_security_group_id(…)]",
        ),
        (
            {"security_groups": [None]},
            "`security_groups` must be a list of ec2.ISecurityGroup, got [None]; write one such as [ec2.SecurityGroup.from_security_group_id(…)]",
        ),
        (
            {"security_groups": "sg-0123456789abcdef0"},
            "`security_groups` must be a list of ec2.ISecurityGroup, got 'sg-0123456789abcdef0'; write one such as [ec2.SecurityGroup.from_security_group_id(…)]",
        ),
        (
            {"reserved_concurrent_executions": 0},
            "`reserved_concurrent_executions` must be a whole number, at least 1, got 0; leave it out for no limit",
        ),
        (
            {"reserved_concurrent_executions": "10"},
            "`reserved_concurrent_executions` must be a whole number, at least 1, got '10'; leave it out for no limit",
        ),
        (
            {"reserved_concurrent_executions": True},
            "`reserved_concurrent_executions` must be a whole number, at least 1, got True; leave it out for no limit",
        ),
        (
            {"vpc": "vpc-0123456789abcdef0"},
            "`vpc` must be a construct of type ec2.IVpc, got 'vpc-0123456789abcdef0'; make or import one, and give that",
        ),
        (
            {"alarm_topic": "arn:aws:sns:eu-west-1:111122223333:alarms"},
            "`alarm_topic` must be a construct of type sns.ITopic, got 'arn:aws:sns:eu-west-1:111122223333:alarms'; make or import one, and give that",
        ),
        (
            {"log_retention": None},
            "`log_retention` must be a RetentionDays, got None; write one such as logs.RetentionDays.ONE_YEAR",
        ),
        (
            {"log_retention": 365},
            "`log_retention` must be a RetentionDays, got 365; write one such as logs.RetentionDays.ONE_YEAR",
        ),
        (
            {"tracing": "Active"},
            "`tracing` must be a Tracing, got 'Active'; write one such as lambda_.Tracing.ACTIVE",
        ),
        (
            {"runtime": "python3.13"},
            "`runtime` must be a Runtime, got 'python3.13'; write one such as lambda_.Runtime.PYTHON_3_14",
        ),
        (
            {"runtime": lambda_.Runtime.NODEJS_22_X},
            "`runtime` must be Python 3.11 or later, got nodejs22.x; write one such as Runtime.PYTHON_3_14",
        ),
        (
            {"runtime": lambda_.Runtime.PYTHON_3_10},
            "`runtime` must be Python 3.11 or later, got python3.10; write one such as Runtime.PYTHON_3_14",
        ),
    ],
)
def test_a_wrong_property_is_refused(stack: cdk.Stack, properties: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match="must") as refusal:
        CredentialIssuer(stack, "Issuer", **properties)
    assert str(refusal.value) == message
    assert stack.node.children == []


def test_users_of_another_stack_share_it_and_keep_their_policy(app: cdk.App, stack: cdk.Stack) -> None:
    """A policy in the issuer's stack that names their users would make the two stacks depend on each other."""
    other = cdk.Stack(app, "Other", env=HERE)
    issuer = CredentialIssuer(stack, "Issuer")
    user(other, "First", issuer=issuer)
    user(other, "Second", issuer=issuer)
    app.synth()
    assert [one.node.path for one in other.dependencies] == ["Stack"]
    assert stack.dependencies == []
    assert resources(other, "AWS::Lambda::Function") == []
    assert "iam:CreateAccessKey" in grants(other)
    assert "iam:CreateAccessKey" not in grants(stack)


@pytest.mark.parametrize(
    ("env", "message"),
    [
        (
            cdk.Environment(account="111122223333", region="us-east-1"),
            "`issuer` must be in the user's region us-east-1, got eu-west-1; CloudFormation calls no function elsewhere: make an issuer for each region",
        ),
        (
            cdk.Environment(account="444455556666", region="eu-west-1"),
            "`issuer` must be in the user's account 444455556666, got 111122223333; CloudFormation calls no function elsewhere: make an issuer for each account",
        ),
    ],
)
def test_users_elsewhere_cannot_share_it(app: cdk.App, stack: cdk.Stack, env: cdk.Environment, message: str) -> None:
    issuer, other = CredentialIssuer(stack, "Issuer"), cdk.Stack(app, "Other", env=env)
    with pytest.raises(ValueError, match="issuer") as refusal:
        user(other, issuer=issuer)
    assert str(refusal.value) == message
    assert other.node.children == []


def test_the_fifth_stack_of_an_issuer_warns_the_ninth_is_refused(app: cdk.App, stack: cdk.Stack) -> None:
    """A role has ten policies: the issuer's own, one of each stack, and another while a stack's users change."""
    issuer = CredentialIssuer(stack, "Issuer")
    warned = []
    for number in range(1, 9):
        user(cdk.Stack(app, f"Users{number}", env=HERE), issuer=issuer)
        warned.append(len(issuer.node.metadata) > 0)
    assert warned == [False] * 4 + [True] * 4
    with pytest.raises(ValueError, match="`issuer`") as refusal:
        user(cdk.Stack(app, "Users9", env=HERE), issuer=issuer)
    assert str(refusal.value) == (
        "`issuer` must serve as many users as fit into the 10 policies of a role, and can be replaced there, got 9"
        " policies for the users of 9 stacks; make another CredentialIssuer for Users9"
    )
    found = Annotations.from_stack(stack).find_warning("*", Match.any_value())
    assert len([one for one in found if "ses-secure-user:manyStacks" in str(one.entry.data)]) == 1


@pytest.mark.parametrize("encrypted", [False, True])
def test_the_policies_of_eighty_users_fit_into_a_role(stack: cdk.Stack, *, encrypted: bool) -> None:
    """Each stays below its limit, and all are few enough to be replaced at once."""
    key = kms.Key.from_key_arn(stack, "Key", KEY) if encrypted else None
    for number in range(80):
        user(stack, f"User{number:02}", encryption_key=key)
    template = Template.from_stack(stack)
    policies = [
        one for one in template.find_resources("AWS::IAM::ManagedPolicy").values() if "Roles" in one["Properties"]
    ]
    longest = {"User": 64, "Secret": len("User00Secret01234567-012345678901") + len("-AbCdEf")}
    for one in policies:
        text = json.dumps(one["Properties"]["PolicyDocument"], separators=(",", ":"))
        text = re.sub(
            r'\{"Fn::GetAtt":\["User\d\dUser\w+","Arn"\]\}',
            f'"arn:aws:iam::111122223333:user/{"x" * longest["User"]}"',
            text,
        )
        text = re.sub(
            r'\{"Ref":"User\d\dSecret\w+"\}',
            f'"arn:aws:secretsmanager:eu-west-1:111122223333:secret:{"x" * longest["Secret"]}"',
            text,
        )
        assert "Ref" not in text
        assert len(text) <= MANAGED_POLICY_LIMIT
    assert 2 * (len(policies) - 1) + 1 <= 10
    assert len(template.to_json()["Resources"]) <= 500


def test_tags_flow_to_every_resource_that_takes_tags(stack: cdk.Stack) -> None:
    user(stack)
    cdk.Tags.of(stack).add("team", "mail")
    tagged = {
        one["Type"]: {"Key": "team", "Value": "mail"} in one["Properties"].get("Tags", [])
        for one in Template.from_stack(stack).to_json()["Resources"].values()
    }
    assert {name for name, is_tagged in tagged.items() if is_tagged} == {
        "AWS::IAM::Role",
        "AWS::IAM::User",
        "AWS::Lambda::Function",
        "AWS::Logs::LogGroup",
        "AWS::SecretsManager::Secret",
    }
