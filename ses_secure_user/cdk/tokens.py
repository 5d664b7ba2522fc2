"""What the CDK knows, and what only a deployment will; asked for seldom, since each question leaves the process."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

from aws_cdk import Stack, Token
from aws_cdk.region_info import RegionInfo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import Construct

TOKEN = r"\$\{Token\[[^\]]*\]\}"  # noqa: S105 - the CDK's word for a value known at deployment
LIST_TOKEN = "#{Token["  # noqa: S105 - the CDK's mark of a list that is known at deployment


class Place(NamedTuple):
    """Where a stack is deployed; each part may be a token."""

    account: str
    region: str
    partition: str


_PLACES: WeakKeyDictionary[Stack, Place] = WeakKeyDictionary()


def place_of(stack: Stack) -> Place:
    """The stack's account, region and partition; that of a known region is written out, which is shorter."""
    place = _PLACES.get(stack)
    if place is None:
        region = stack.region
        partition = None if is_token(region) else RegionInfo.get(region).partition
        place = _PLACES[stack] = Place(stack.account, region, partition or stack.partition)
    return place


def stack_of(scope: Construct) -> Stack:
    """The stack that a construct made in this scope belongs to."""
    return scope if isinstance(scope, Stack) else Stack.of(scope)


def is_token(value: object) -> bool:
    """Whether a string or number stands for a value that is known at deployment; their marks are looked for first."""
    marked = "${Token[" in value if isinstance(value, str) else isinstance(value, int | float) and value < 0
    return marked and Token.is_unresolved(value)


def is_list_token(values: Sequence[str]) -> bool:
    """Whether a list of one stands for a list that is known at deployment."""
    return len(values) == 1 and values[0].startswith(LIST_TOKEN) and Token.is_unresolved(list(values))


def literals(values: tuple[str, ...]) -> tuple[str, ...]:
    """Leave out what is known only at deployment."""
    return () if is_list_token(values) else tuple(value for value in values if not is_token(value))
