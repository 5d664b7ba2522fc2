"""Policy documents that IAM refuses and ministack accepts."""

import json
from collections.abc import Callable, Iterator

from local_aws.shapes import Anything, Json, Resource

LONGEST = 6144
"""The maximum size of a managed policy in characters, without white space."""


def provision(
    original: Callable[..., Resource], type_name: str, logical_id: str, props: Json, stack_name: str
) -> Resource:
    """Create a resource if IAM accepts its policy documents."""
    _check(type_name, props)
    return original(type_name, logical_id, props, stack_name)


def update(
    original: Callable[..., Resource], type_name: str, physical_id: str, old: Json, new: Json, *more: Anything
) -> Resource:
    """Update a resource if IAM accepts its policy documents."""
    _check(type_name, new)
    return original(type_name, physical_id, old, new, *more)


def _check(type_name: str, props: Json) -> None:
    if type_name == "AWS::IAM::ManagedPolicy":
        document = props["PolicyDocument"]
        if any(part in ({}, [], "") for part in _parts(document)):
            raise ValueError("MalformedPolicyDocument: Syntax errors in policy.")
        if len("".join(json.dumps(document, ensure_ascii=False).split())) > LONGEST:
            raise ValueError(f"LimitExceeded: Cannot exceed quota for PolicySize: {LONGEST}")


def _parts(node: Anything) -> Iterator[Anything]:
    yield node
    members = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for member in members:
        yield from _parts(member)
