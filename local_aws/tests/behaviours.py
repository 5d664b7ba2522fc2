"""Behaviors of AWS that ministack lacks. Each function returns True if the local AWS has the behavior."""

import json
from collections.abc import Callable
from functools import cache
from itertools import count
from pathlib import Path

from aws_cdk import App, CfnOutput, CustomResource, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as sm
from botocore.exceptions import ClientError

from local_aws.aws import DeploymentFailed, LocalAws

CODE = lambda_.Code.from_inline((Path(__file__).parent / "probe.py").read_text(encoding="utf-8"))
SECRETS_MANAGER = iam.ServicePrincipal("secretsmanager.amazonaws.com")
POLICY = '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}'
_numbers = count()


def new_stack() -> tuple[App, Stack]:
    app = App()
    return app, Stack(app, f"Behaviour{next(_numbers)}")


@cache
def function(aws: LocalAws, *, permitted: bool = True) -> str:
    """Deploy the probe function, and return its ARN."""
    app, stack = new_stack()
    runtime, minute = lambda_.Runtime.PYTHON_3_14, Duration.minutes(1)
    probe = lambda_.Function(stack, "Probe", code=CODE, handler="index.handler", runtime=runtime, timeout=minute)
    probe.add_to_role_policy(iam.PolicyStatement(actions=["secretsmanager:*"], resources=["*"]))
    if permitted:
        probe.add_permission("Rotation", principal=SECRETS_MANAGER, source_account=stack.account)
    CfnOutput(stack, "Arn", value=probe.function_arn)
    return aws.deploy(app)["Arn"]


def new_secret(aws: LocalAws, **properties: str) -> str:
    arn: str = aws.client("secretsmanager").create_secret(
        Name=f"secret-{next(_numbers)}", SecretString="first", **properties
    )["ARN"]
    return arn


def new_user(aws: LocalAws) -> str:
    name = f"user-{next(_numbers)}"
    aws.client("iam").create_user(UserName=name)
    return name


def refuses(code: str, call: Callable[..., object], **parameters: object) -> bool:
    try:
        call(**parameters)
    except ClientError as error:
        return error.response["Error"]["Code"] == code
    return False


def ref_of_a_secret_is_its_arn(aws: LocalAws) -> bool:
    app, stack = new_stack()
    CfnOutput(stack, "Ref", value=sm.CfnSecret(stack, "Secret", secret_string="value").ref)
    return aws.deploy(app)["Ref"].startswith("arn:")


def a_secret_without_a_value_has_no_version(aws: LocalAws) -> bool:
    return not _versions_of_a_new_secret(aws, f"Empty{next(_numbers)}", "new")


def a_renamed_secret_without_a_value_has_no_version(aws: LocalAws) -> bool:
    stack_name = f"Empty{next(_numbers)}"
    _versions_of_a_new_secret(aws, stack_name, "before")
    return not _versions_of_a_new_secret(aws, stack_name, "after")


def _versions_of_a_new_secret(aws: LocalAws, stack_name: str, secret_name: str) -> dict[str, list[str]]:
    app = App()
    stack = Stack(app, stack_name)
    CfnOutput(stack, "Arn", value=sm.CfnSecret(stack, "Secret", name=secret_name).attr_id)
    return _versions(aws, aws.deploy(app)["Arn"])


def a_secret_created_without_a_value_has_no_version(aws: LocalAws) -> bool:
    secret = aws.client("secretsmanager").create_secret(Name=f"secret-{next(_numbers)}")
    return "VersionId" not in secret and not _versions(aws, secret["ARN"])


def a_secret_is_created_with_its_copies(aws: LocalAws) -> bool:
    return _copies(aws, _with_a_copy(aws)) == ["eu-west-1"]


def copies_of_a_secret_can_be_removed(aws: LocalAws) -> bool:
    secret, api = _with_a_copy(aws), aws.client("secretsmanager")
    api.remove_regions_from_replication(SecretId=secret, RemoveReplicaRegions=["eu-west-1"])
    elsewhere = aws.client("secretsmanager", "eu-west-1")
    gone = refuses("ResourceNotFoundException", elsewhere.describe_secret, SecretId=_name_in(aws, secret))
    return gone and not _copies(aws, secret)


def _with_a_copy(aws: LocalAws) -> str:
    copies = [{"Region": "eu-west-1"}]
    api = aws.client("secretsmanager")
    arn: str = api.create_secret(Name=f"secret-{next(_numbers)}", SecretString="first", AddReplicaRegions=copies)["ARN"]
    return arn


def _copies(aws: LocalAws, secret: str) -> list[str]:
    described = aws.client("secretsmanager").describe_secret(SecretId=secret)
    return [one["Region"] for one in described.get("ReplicationStatus", [])]


def _name_in(aws: LocalAws, secret: str) -> str:
    name: str = aws.client("secretsmanager").describe_secret(SecretId=secret)["Name"]
    return name


def _versions(aws: LocalAws, secret: str) -> dict[str, list[str]]:
    return dict(aws.client("secretsmanager").describe_secret(SecretId=secret).get("VersionIdsToStages", {}))


def a_rotation_schedule_tests_the_function(aws: LocalAws) -> bool:
    app, stack = new_stack()
    secret, rules = new_secret(aws), sm.CfnRotationSchedule.RotationRulesProperty(automatically_after_days=30)
    sm.CfnRotationSchedule(
        stack,
        "Rotation",
        secret_id=secret,
        rotation_lambda_arn=function(aws),
        rotation_rules=rules,
        rotate_immediately_on_update=False,
    )
    aws.deploy(app)
    aws.wait_for_rotations()
    description = aws.client("secretsmanager").describe_secret(SecretId=secret)
    return description["RotationEnabled"] and list(description["VersionIdsToStages"].values()) == [["AWSCURRENT"]]


def a_rotation_schedule_has_whole_days(aws: LocalAws) -> bool:
    return [_scheduled(aws, expression) for expression in ("rate(2 days)", "rate(2.5 days)")] == [True, False]


def _scheduled(aws: LocalAws, expression: str) -> bool:
    app, stack = new_stack()
    rules = sm.CfnRotationSchedule.RotationRulesProperty(schedule_expression=expression)
    sm.CfnRotationSchedule(
        stack, "Rotation", secret_id=new_secret(aws), rotation_lambda_arn=function(aws), rotation_rules=rules
    )
    try:
        aws.deploy(app)
    except DeploymentFailed:
        return False
    aws.wait_for_rotations()
    return True


def a_secret_takes_a_resource_policy(aws: LocalAws) -> bool:
    app, stack = new_stack()
    secret, policy = new_secret(aws), {"Version": "2012-10-17", "Statement": []}
    sm.CfnResourcePolicy(stack, "Policy", secret_id=secret, resource_policy=policy)
    aws.deploy(app)
    return "ResourcePolicy" in aws.client("secretsmanager").get_resource_policy(SecretId=secret)


def rotation_leaves_the_value_to_the_function(aws: LocalAws) -> bool:
    secret, api = new_secret(aws, Description="createSecret"), aws.client("secretsmanager")
    before = api.get_secret_value(SecretId=secret)["VersionId"]
    api.rotate_secret(SecretId=secret, RotationLambdaARN=function(aws))
    return bool(api.get_secret_value(SecretId=secret)["VersionId"] == before)


def rotation_needs_a_permission(aws: LocalAws) -> bool:
    arn, api = function(aws, permitted=False), aws.client("secretsmanager")
    return refuses("AccessDeniedException", api.rotate_secret, SecretId=new_secret(aws), RotationLambdaARN=arn)


def rotation_is_dated(aws: LocalAws) -> bool:
    secret, api = new_secret(aws), aws.client("secretsmanager")
    api.rotate_secret(SecretId=secret, RotationLambdaARN=function(aws))
    aws.wait_for_rotations()
    return "LastRotatedDate" in api.describe_secret(SecretId=secret)


def a_version_keeps_its_value(aws: LocalAws) -> bool:
    version, api = {"SecretId": new_secret(aws), "ClientRequestToken": "a" * 32}, aws.client("secretsmanager")
    for _ in range(2):
        api.put_secret_value(**version, SecretString="one")
    return refuses("ResourceExistsException", api.put_secret_value, **version, SecretString="other")


def the_first_version_is_current(aws: LocalAws) -> bool:
    api = aws.client("secretsmanager")
    secret = api.create_secret(Name=f"secret-{next(_numbers)}")["ARN"]
    api.put_secret_value(SecretId=secret, SecretString="one", VersionStages=["AWSPENDING"])
    return [sorted(labels) for labels in _versions(aws, secret).values()] == [["AWSCURRENT", "AWSPENDING"]]


def a_label_is_on_one_version(aws: LocalAws) -> bool:
    secret, api = new_secret(aws), aws.client("secretsmanager")
    for value in ("one", "other"):
        api.put_secret_value(SecretId=secret, SecretString=value, VersionStages=["AWSPENDING"])
    stages = api.describe_secret(SecretId=secret)["VersionIdsToStages"].values()
    return sum("AWSPENDING" in labels for labels in stages) == 1


def an_unlabelled_version_can_be_read(aws: LocalAws) -> bool:
    secret, api = new_secret(aws), aws.client("secretsmanager")
    versions = [api.put_secret_value(SecretId=secret, SecretString=value)["VersionId"] for value in "abc"]
    listed = api.describe_secret(SecretId=secret)["VersionIdsToStages"]
    readable = not refuses("ResourceNotFoundException", api.get_secret_value, SecretId=secret, VersionId=versions[0])
    return readable and versions[0] not in listed


def a_user_has_two_keys_at_most(aws: LocalAws) -> bool:
    user, api = new_user(aws), aws.client("iam")
    for _ in range(2):
        api.create_access_key(UserName=user)
    return refuses("LimitExceeded", api.create_access_key, UserName=user)


def nobody_has_no_list_of_keys(aws: LocalAws) -> bool:
    return refuses("NoSuchEntity", aws.client("iam").list_access_keys, UserName="nobody")


def a_user_with_a_policy_stays(aws: LocalAws) -> bool:
    user, api = new_user(aws), aws.client("iam")
    api.put_user_policy(UserName=user, PolicyName="own", PolicyDocument=POLICY)
    return refuses("DeleteConflict", api.delete_user, UserName=user)


def a_member_of_a_group_stays(aws: LocalAws) -> bool:
    user, api = new_user(aws), aws.client("iam")
    api.create_group(GroupName=user)
    api.add_user_to_group(GroupName=user, UserName=user)
    return refuses("DeleteConflict", api.delete_user, UserName=user)


def a_group_with_members_stays(aws: LocalAws) -> bool:
    user, api = new_user(aws), aws.client("iam")
    api.create_group(GroupName=user)
    api.add_user_to_group(GroupName=user, UserName=user)
    return refuses("DeleteConflict", api.delete_group, GroupName=user)


def a_group_can_be_deployed(aws: LocalAws) -> bool:
    app, stack = new_stack()
    policy = iam.CfnManagedPolicy(stack, "Policy", policy_document=json.loads(POLICY))
    CfnOutput(stack, "Name", value=iam.CfnGroup(stack, "Group", managed_policy_arns=[policy.ref]).ref)
    group = aws.deploy(app)["Name"]
    return bool(aws.client("iam").list_attached_group_policies(GroupName=group)["AttachedPolicies"])


def a_failed_create_is_deleted(aws: LocalAws) -> bool:
    events = aws.events(_failed(aws, Id="answered", Fails="Create"))
    deleted = [event["PhysicalResourceId"] for event in events if event["ResourceStatus"] == "DELETE_COMPLETE"]
    return deleted == ["answered"]


def a_failed_create_is_made_anew(aws: LocalAws) -> bool:
    """Without rollback, the next deployment creates the resource again and deletes the failed one. It uses the CDK
    CLI."""
    aws.bootstrap()
    name, told = f"Behaviour{next(_numbers)}", []
    for properties in ({"Id": "first", "Fails": "Create"}, {"Id": "second"}):
        app = App()
        CustomResource(Stack(app, name), "Resource", service_token=function(aws), properties=properties)
        told.append(aws.cdk("deploy", "--no-rollback", "--require-approval", "never", app=app).returncode)
    sent = [json.loads(line) for line in aws.logs().splitlines() if name in line and line.startswith('{"RequestType"')]
    events = [(one["RequestType"], one.get("PhysicalResourceId")) for one in sent]
    aws.destroy(name)
    return told == [1, 0] and events == [("Create", None), ("Create", None), ("Delete", "first")]


def a_long_response_is_refused(aws: LocalAws) -> bool:
    return bool(aws.events(_failed(aws, Id="long", Padding="4096")))


def a_custom_resource_keeps_its_function(aws: LocalAws) -> bool:
    name = f"Behaviour{next(_numbers)}"
    for token in (function(aws), function(aws, permitted=False)):
        app = App()
        CustomResource(Stack(app, name), "Resource", service_token=token, properties={"Id": "kept"})
        try:
            aws.deploy(app)
        except DeploymentFailed as error:
            return "Modifying service token is not allowed" in str(error)
    return False


def a_stray_label_stops_a_rotation(aws: LocalAws) -> bool:
    secret, api = new_secret(aws), aws.client("secretsmanager")
    api.rotate_secret(SecretId=secret, RotationLambdaARN=function(aws), RotateImmediately=False)
    aws.wait_for_rotations()
    api.put_secret_value(SecretId=secret, SecretString="stray", VersionStages=["AWSPENDING"])
    return refuses("InvalidRequestException", api.rotate_secret, SecretId=secret)


def _failed(aws: LocalAws, **properties: str) -> str:
    """Deploy a custom resource that must fail, and return the name of its stack."""
    app, stack = new_stack()
    CustomResource(stack, "Resource", service_token=function(aws), properties=properties)
    try:
        aws.deploy(app)
    except DeploymentFailed:
        return stack.stack_name
    raise LookupError(f"{stack.stack_name} did not fail")


def a_stack_acts_with_its_role(aws: LocalAws) -> bool:
    app, stack = new_stack()
    iam.CfnGroup(stack, "Group")
    trust = '{"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}]}'
    role = aws.client("iam").create_role(RoleName=stack.stack_name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    try:
        aws.deploy(app, role=role)
    except DeploymentFailed as refused:
        return "not authorized to perform" in str(refused)
    return False


BEHAVIOURS = (
    ref_of_a_secret_is_its_arn,
    a_secret_without_a_value_has_no_version,
    a_renamed_secret_without_a_value_has_no_version,
    a_secret_created_without_a_value_has_no_version,
    a_secret_is_created_with_its_copies,
    copies_of_a_secret_can_be_removed,
    a_rotation_schedule_tests_the_function,
    a_rotation_schedule_has_whole_days,
    a_secret_takes_a_resource_policy,
    rotation_leaves_the_value_to_the_function,
    rotation_needs_a_permission,
    rotation_is_dated,
    a_version_keeps_its_value,
    the_first_version_is_current,
    a_label_is_on_one_version,
    an_unlabelled_version_can_be_read,
    a_user_has_two_keys_at_most,
    nobody_has_no_list_of_keys,
    a_user_with_a_policy_stays,
    a_member_of_a_group_stays,
    a_group_with_members_stays,
    a_group_can_be_deployed,
    a_failed_create_is_deleted,
    a_failed_create_is_made_anew,
    a_long_response_is_refused,
    a_stack_acts_with_its_role,
    a_custom_resource_keeps_its_function,
    a_stray_label_stops_a_rotation,
)
