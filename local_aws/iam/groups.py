"""IAM groups in CloudFormation, which ministack does not support."""
# ruff: noqa: SLF001

import json
from collections.abc import Callable

from ministack.services import iam
from ministack.services.cloudformation import provisioners

from local_aws.shapes import Action, Answer, Json, Resource


def delete_group(original: Action, request: Json) -> Answer:
    """Delete a group. Refuse a group that has members or policies."""
    name = iam._p(request, "GroupName")
    group = iam._groups.get(name, {})
    if group.get("Users") or group.get("AttachedPolicies") or iam._group_inline_policies.get(name):
        answer: Answer = iam._error(409, "DeleteConflict", "Cannot delete entity, must empty it first.", ns="iam")
        return answer
    return original(request)


def _create(logical_id: str, props: Json, stack_name: str) -> Resource:
    name = props.get("GroupName") or provisioners._physical_name(stack_name, logical_id)
    _call(iam._create_group, GroupName=name, Path=props.get("Path", "/"))
    _change_policies(name, {}, props)
    return name, {"Arn": iam._groups[name]["Arn"]}


def _update(name: str, old: Json, new: Json, stack_name: str, logical_id: str) -> Resource:
    if new.get("GroupName") != old.get("GroupName"):
        return _create(logical_id, new, stack_name)
    _change_policies(name, old, new)
    return name, {"Arn": iam._groups[name]["Arn"]}


def _delete(name: str, props: Json) -> None:
    if name in iam._groups:
        _change_policies(name, props, {})
        _call(iam._IAM_HANDLERS["DeleteGroup"], GroupName=name)


def _change_policies(group: str, old: Json, new: Json) -> None:
    before, after = (set(props.get("ManagedPolicyArns", [])) for props in (old, new))
    for arn in before - after:
        _call(iam._detach_group_policy, GroupName=group, PolicyArn=arn)
    for arn in after - before:
        _call(iam._attach_group_policy, GroupName=group, PolicyArn=arn)
    for policy in old.get("Policies", []):
        _call(iam._delete_group_policy, GroupName=group, PolicyName=policy["PolicyName"])
    for policy in new.get("Policies", []):
        document = json.dumps(policy["PolicyDocument"])
        _call(iam._put_group_policy, GroupName=group, PolicyName=policy["PolicyName"], PolicyDocument=document)


def _call(action: Callable[[Json], Answer], **request: str) -> None:
    status, _, body = action(request)
    if status != 200:
        raise ValueError(body.decode())


GROUP = {"create": _create, "update": _update, "update_with_logical_id": True, "delete": _delete}
