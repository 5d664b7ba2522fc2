"""Helpers for CDK tokens and stacks. Results are cached, because each jsii call crosses a process boundary."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

from aws_cdk import Stack, Token
from aws_cdk.region_info import RegionInfo

from ses_secure_user.restrictions.marks import is_marked

if TYPE_CHECKING:
    from constructs import Construct


class Place(NamedTuple):
    """The account, region and partition of a stack. Each may be a token."""

    account: str
    region: str
    partition: str


_PLACES: WeakKeyDictionary[Stack, Place] = WeakKeyDictionary()


def place_of(stack: Stack) -> Place:
    """Return the stack's account, region and partition. The partition of a known region is written out."""
    place = _PLACES.get(stack)
    if place is None:
        region = stack.region
        partition = None if is_token(region) else RegionInfo.get(region).partition
        place = _PLACES[stack] = Place(stack.account, region, partition or stack.partition)
    return place


def stack_of(scope: Construct) -> Stack:
    """Return the stack of a scope."""
    return scope if isinstance(scope, Stack) else Stack.of(scope)


def is_token(value: object) -> bool:
    """Return whether a string or number is a token."""
    if isinstance(value, int | float):
        return value < 0 and Token.is_unresolved(value)  # the CDK marks numbers as large negative ones
    return is_marked(value)
