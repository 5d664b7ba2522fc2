"""Checks of KMS keys."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, cast

import jsii
from aws_cdk import aws_kms as kms
from constructs import IValidation

from .refusal import check_construct, refusal
from .tokens import is_token

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import CfnElement, Stack


@jsii.implements(IValidation)
class CircleCheck:
    """A check that refuses a key whose policy refers to resources that are created after the key.

    CloudFormation would report the circular dependency only at deployment, without the key and a remedy.
    """

    def __init__(self, prop: str, key: kms.IKey, stack: Stack, after: Sequence[CfnElement]) -> None:
        """Create the check.

        Args:
            prop: The property that the key was given for.
            key: The key.
            stack: The stack of the resources.
            after: The resources that are created after the key.
        """
        self._prop = prop
        self._key = key
        self._stack = stack
        self._after = after

    def validate(self) -> list[str]:
        """Return the error message, if there is one."""
        around = (self._key.node.default_child, self._key.node.scope)
        policies = [one.key_policy for one in around if isinstance(one, kms.CfnKey)]
        text = json.dumps(self._stack.resolve(policies))
        names = self._stack.resolve([one.logical_id for one in self._after])
        if not re.search(rf"[\"{{](?:{'|'.join(names)})[\"}}.]", text):  # Ref and Fn::GetAtt, or in a text of Fn::Sub
            return []
        rule = "not refer to the user or its secret in its policy, because both are created after the key"
        remedy = "grant nothing to the user, which only sends mail; use `grant_read` for a role that reads the secret"
        return [str(refusal(self._prop, rule, self._key.node.path, remedy))]


def key_behind(prop: str, given: kms.IKey | None) -> kms.IKey | None:
    """Return the key that an alias refers to. A key is returned unchanged.

    A policy statement must name a key. A statement that names an alias has no effect
    (https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html).

    Args:
        prop: The property.
        given: A key, an alias, or None.

    Raises:
        ValueError: It is not a construct, or it is an imported alias, whose key is not known.
    """
    check_construct(prop, given, "kms.IKey", "key_arn")
    if not hasattr(given, "alias_name"):
        return given
    alias = cast("kms.IAlias", given)
    try:
        return alias.alias_target_key
    except RuntimeError:
        rule = "be a key, or an alias created in this app, because IAM policies name keys and not aliases"
        raise refusal(prop, rule, alias.alias_name, "import the key: kms.Key.from_key_arn(…)") from None


def check_key_region(prop: str, key: kms.IKey | None, region: str) -> None:
    """Check that a key is in the region where it is used. None passes.

    Raises:
        ValueError: It is in another region, so Secrets Manager and Lambda cannot use it
            (https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html).
    """
    if key is None:
        return
    place = key.env.region
    if place != region and not is_token(place) and not is_token(region):
        remedy = "give a key in that region: kms.Key.from_key_arn(…)"
        raise refusal(prop, f"be in {region}", f"a key in {place}", remedy)
