"""CloudFormation's execution role, which ministack ignores.

Before an operation on a resource, the calls of its handler are judged. The schema of the type in the CloudFormation
registry lists them under `handlers`. The calls to read a resource count with those to create it if a template refers to
its ARN. Calls for features that no template here uses, such as inline policies, are left out.
"""
# ruff: noqa: SLF001

from collections.abc import Callable, Iterator

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.services.cloudformation import helpers

from local_aws import journal
from local_aws.shapes import Action, Answer, Anything, Json, Resource

CALLS = {
    "AWS::IAM::User": {
        "also": "iam:GetUser",
        "create": "iam:CreateUser iam:TagUser iam:GetLoginProfile iam:ListGroupsForUser iam:ListAttachedUserPolicies"
        " iam:ListUserPolicies",
        "update": "iam:PutUserPermissionsBoundary iam:TagUser iam:UntagUser iam:ListUserTags",
        "delete": "iam:DeleteUser iam:ListAccessKeys iam:ListGroupsForUser iam:ListAttachedUserPolicies"
        " iam:ListUserPolicies",
    },
    "AWS::IAM::Group": {
        "also": "iam:GetGroup",
        "create": "iam:CreateGroup iam:AttachGroupPolicy",
        "update": "iam:AttachGroupPolicy iam:DetachGroupPolicy",
        "delete": "iam:DeleteGroup iam:DetachGroupPolicy iam:ListAttachedGroupPolicies iam:ListGroupPolicies",
    },
    "AWS::IAM::ManagedPolicy": {
        "also": "iam:GetPolicy",
        "create": "iam:CreatePolicy",
        "update": "iam:CreatePolicyVersion iam:DeletePolicyVersion iam:GetPolicyVersion iam:ListPolicyVersions",
        "delete": "iam:DeletePolicy iam:DeletePolicyVersion iam:ListEntitiesForPolicy iam:ListPolicyVersions",
    },
    "AWS::IAM::Role": {
        "also": "iam:GetRole",
        "create": "iam:CreateRole iam:TagRole iam:ListAttachedRolePolicies iam:ListRolePolicies",
        "update": "iam:TagRole iam:UntagRole",
        "delete": "iam:DeleteRole iam:ListAttachedRolePolicies iam:ListRolePolicies",
    },
    "AWS::SecretsManager::Secret": {
        "also": "secretsmanager:DescribeSecret",
        "create": "secretsmanager:CreateSecret secretsmanager:TagResource",
        "update": "secretsmanager:UpdateSecret secretsmanager:TagResource secretsmanager:UntagResource",
        "delete": "secretsmanager:DeleteSecret",
    },
    "AWS::Lambda::Function": {
        "also": "lambda:GetFunction",
        "create": "lambda:CreateFunction lambda:TagResource lambda:GetFunctionCodeSigningConfig"
        " lambda:GetFunctionRecursionConfig lambda:GetRuntimeManagementConfig",
        "update": "lambda:UpdateFunctionCode lambda:UpdateFunctionConfiguration lambda:ListTags lambda:TagResource"
        " lambda:UntagResource",
        "delete": "lambda:DeleteFunction",
    },
    "AWS::Logs::LogGroup": {
        "also": "",
        "create": "logs:CreateLogGroup logs:PutRetentionPolicy logs:TagResource logs:ListTagsForResource"
        " logs:GetDataProtectionPolicy",
        "update": "logs:PutRetentionPolicy logs:TagResource logs:UntagResource logs:ListTagsForResource",
        "delete": "logs:DeleteLogGroup",
    },
}
"""The actions on the resource itself, by type and operation. `also` applies to all operations."""

ON_FUNCTIONS = {
    "AWS::Lambda::Permission": {
        "create": "lambda:AddPermission lambda:GetPolicy",
        "update": "lambda:AddPermission lambda:RemovePermission lambda:GetPolicy",
        "delete": "lambda:RemovePermission lambda:GetPolicy",
    },
    "AWS::Lambda::EventInvokeConfig": {
        "create": "lambda:PutFunctionEventInvokeConfig lambda:GetFunctionEventInvokeConfig",
        "update": "lambda:UpdateFunctionEventInvokeConfig lambda:GetFunctionEventInvokeConfig",
        "delete": "lambda:DeleteFunctionEventInvokeConfig lambda:GetFunctionEventInvokeConfig",
    },
}
ON_SECRETS = {
    "create": "secretsmanager:RotateSecret secretsmanager:DescribeSecret",
    "update": "secretsmanager:RotateSecret secretsmanager:DescribeSecret",
    "delete": "secretsmanager:CancelRotateSecret secretsmanager:DescribeSecret",
}
ON_GROUPS = {"create": "iam:AddUserToGroup", "update": "iam:AddUserToGroup", "delete": "iam:RemoveUserFromGroup"}
ON_ROLES = {"create": "iam:AttachRolePolicy", "update": "iam:AttachRolePolicy", "delete": "iam:DetachRolePolicy"}

_roles: dict[str, str] = {}
"""The execution roles, by stack."""


def create_stack(original: Action, request: Json) -> Answer:
    """Create a stack, and store its role for this and all later operations."""
    _roles.pop(helpers._p(request, "StackName"), None)
    return update_stack(original, request)


def update_stack(original: Action, request: Json) -> Answer:
    """Update a stack, and store another role if it is given. Both calls read the bootstrap version for templates of the
    CDK."""
    stack_name, role = helpers._p(request, "StackName"), helpers._p(request, "RoleARN")
    if role:
        _roles[stack_name] = role
    try:
        if stack_name in _roles and "/cdk-" in helpers._p(request, "TemplateURL"):
            _ask(stack_name, "ssm:GetParameters", _arn("ssm", "parameter/cdk-bootstrap/hnb659fds/version"))
    except PermissionError as refused:
        answer: Answer = helpers._error("ValidationError", str(refused))
        return answer
    return original(request)


def provision(
    original: Callable[..., Resource], type_name: str, logical_id: str, props: Json, stack_name: str
) -> Resource:
    """Create a resource if the stack's role has the permissions."""
    _judge(stack_name, type_name, logical_id, props, "create")
    return original(type_name, logical_id, props, stack_name)


def update(  # noqa: PLR0913, PLR0917 - as ministack calls it
    original: Callable[..., Resource],
    type_name: str,
    physical_id: str,
    old: Json,
    new: Json,
    stack_name: str,
    logical_id: str,
    *more: Anything,
) -> Resource:
    """Update a resource if the stack's role has the permissions."""
    if old != new:
        _judge(stack_name, type_name, logical_id, new, "update")
    return original(type_name, physical_id, old, new, stack_name, logical_id, *more)


def delete(  # noqa: PLR0913, PLR0917 - as ministack calls it
    original: Callable[..., None], type_name: str, physical_id: str, props: Json, stack_name: str, logical_id: str
) -> None:
    """Delete a resource if the stack's role has the permissions."""
    _judge(stack_name, type_name, logical_id, props, "delete")
    original(type_name, physical_id, props, stack_name, logical_id)


def _judge(stack_name: str, type_name: str, logical_id: str, props: Json, operation: str) -> None:
    if stack_name in _roles:
        for actions, resource in _calls(stack_name, type_name, logical_id, props, operation):
            for action in actions.split():
                _ask(stack_name, action, resource)


def _calls(stack_name: str, type_name: str, logical_id: str, props: Json, operation: str) -> Iterator[tuple[str, str]]:
    """Yield the actions and their resources. An unknown type is an error, so that every type is judged."""
    if type_name.startswith("Custom::"):
        yield "lambda:InvokeFunction", props["ServiceToken"]
        return
    if type_name == "AWS::SecretsManager::RotationSchedule":
        yield ON_SECRETS[operation], props["SecretId"]
        return
    if type_name in ON_FUNCTIONS:
        yield ON_FUNCTIONS[type_name][operation], _function_arn(props["FunctionName"])
        return
    yield (
        f"{CALLS[type_name]['also']} {CALLS[type_name][operation]}",
        _own_arn(stack_name, type_name, logical_id, props),
    )
    if type_name == "AWS::Lambda::Function" and operation != "delete":
        yield "iam:PassRole", props["Role"]
        if "S3Key" in props["Code"]:
            yield "s3:GetObject", f"arn:aws:s3:::{props['Code']['S3Bucket']}/{props['Code']['S3Key']}"
    if type_name == "AWS::Logs::LogGroup":
        yield "logs:DescribeLogGroups logs:DescribeIndexPolicies", _arn("logs", "log-group:*")
    for group in props.get("Groups", []):
        yield ON_GROUPS[operation], f"arn:aws:iam::{get_account_id()}:group/{group}"
    for role in props.get("Roles", []):
        yield ON_ROLES[operation], f"arn:aws:iam::{get_account_id()}:role/{role}"


def _own_arn(stack_name: str, type_name: str, logical_id: str, props: Json) -> str:
    """Return the ARN that ministack will give a resource. CloudFormation does not add the stack's name to a secret's
    name."""
    name, account = f"{stack_name}-{logical_id}-0123456789AB", get_account_id()
    return {
        "AWS::IAM::User": f"arn:aws:iam::{account}:user{props.get('Path', '/')}{name}",
        "AWS::IAM::Group": f"arn:aws:iam::{account}:group/{name}",
        "AWS::IAM::ManagedPolicy": f"arn:aws:iam::{account}:policy/{name}",
        "AWS::IAM::Role": f"arn:aws:iam::{account}:role/{name}",
        "AWS::SecretsManager::Secret": _arn("secretsmanager", f"secret:{name}-AbCdEf"),
        "AWS::Logs::LogGroup": _arn("logs", f"log-group:{name}"),
    }.get(type_name, _arn("lambda", f"function:{name}"))


def _function_arn(name: str) -> str:
    return name if name.startswith("arn:") else _arn("lambda", f"function:{name}")


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{get_region()}:{get_account_id()}:{resource}"


def _ask(stack_name: str, action: str, resource: str) -> None:
    role = _roles[stack_name]
    journal.record(kind="asked", role=role, action=action)
    context = iam_evaluator.EvalContext(
        principal_arn=role,
        principal_type="AssumedRole",
        principal_account=get_account_id(),
        action=action,
        resource_arn=resource,
        region=get_region(),
        service_context={"iam:passedtoservice": "lambda.amazonaws.com"} if action == "iam:PassRole" else {},
    )
    policies = iam_evaluator._gather_role_policies(role.rpartition("/")[2], get_account_id())
    if iam_evaluator.evaluate(context, policies).decision != "Allow":
        raise PermissionError(f"User: {role} is not authorized to perform: {action} on resource: {resource}")
