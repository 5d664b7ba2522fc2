"""Custom resources: limits of responses, failed creation, rollback and re-creation."""
# ruff: noqa: SLF001

import json
from collections.abc import Awaitable, Callable

from ministack.core.responses import new_uuid, now_iso
from ministack.services import cloudformation
from ministack.services.cloudformation import provisioners

from local_aws.shapes import Anything, Json, Resource

LONGEST_RESPONSE = 4096
_answered: dict[tuple[str, str], str] = {}


def deliver_response(original: Callable[[str, Json], bool], token: str, response: Json) -> bool:
    """Deliver a response. A response of more than 4,096 bytes is a failure. Others set the physical id."""
    if len(json.dumps(response, separators=(",", ":"))) > LONGEST_RESPONSE:
        response = {"Status": "FAILED", "Reason": "Response object is too long."}
    elif physical_id := response.get("PhysicalResourceId"):
        _answered[response.get("StackId", ""), response.get("LogicalResourceId", "")] = physical_id
    return original(token, response)


def create(original: Callable[..., Resource], logical_id: str, *args: Anything) -> Resource:
    """Add a custom resource to its stack, even if its Create failed."""
    props, stack_name, *resource_type = args
    stack = cloudformation._stacks[stack_name]
    resource = stack["StackId"], logical_id
    _answered.pop(resource, None)
    try:
        return original(logical_id, *args)
    except (RuntimeError, TimeoutError):
        stack["_resources"][logical_id] = {
            "PhysicalResourceId": _answered.get(resource, f"{stack_name}-{logical_id}-{new_uuid()[:8]}"),
            "ResourceType": resource_type[0] if resource_type else "AWS::CloudFormation::CustomResource",
            "ResourceStatus": "CREATE_FAILED",
            "LogicalResourceId": logical_id,
            "Properties": props,
            "Attributes": {},
            "Timestamp": now_iso(),
        }
        raise


def update(
    original: Callable[..., Resource], physical_id: str, old: Json, new: Json, *args: Anything, **named: Anything
) -> Resource:
    """Update a custom resource. Its service token cannot be changed."""
    if old.get("ServiceToken") != new.get("ServiceToken"):
        raise ValueError("Modifying service token is not allowed.")
    return original(physical_id, old, new, *args, **named)


def make_anew(  # noqa: PLR0913, PLR0917 - ministack's own arguments
    original: Callable[..., Resource],
    resource_type: str,
    physical_id: str,
    old: Json,
    new: Json,
    stack_name: str,
    logical_id: str,
    *args: Anything,
) -> Resource:
    """Create a custom resource again after its Create failed, and delete the failed one.

    See https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-failure-options.html
    """
    if cloudformation._stacks[stack_name]["_resources"].get(logical_id, {}).get("ResourceStatus") == "CREATE_FAILED":
        made: Resource = provisioners._custom_resource_create(logical_id, new, stack_name, resource_type)
        return made
    return original(resource_type, physical_id, old, new, stack_name, logical_id, *args)


async def roll_back(
    original: Callable[..., Awaitable[None]], name: str, stack_id: str, stack: Json, operation: Json, *args: Anything
) -> None:
    """Roll back. A failed Create is followed by a Delete with its physical id, or with a generated one."""
    failed = operation.get("failed_logical_id")
    if stack["_resources"].get(failed, {}).get("ResourceStatus") == "CREATE_FAILED":
        operation["created"].append(failed)
    await original(name, stack_id, stack, operation, *args)
