"""Acknowledgments of cdk-nag findings, for versions 2 and 3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Acknowledgment, Validations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import CfnResource

_RULE, _FINDING = "AwsSolutions-IAM5", "Resource::*"


def acknowledge_any_resource(policy: CfnResource, reasons: Sequence[str]) -> None:
    """Acknowledge that a policy allows actions on any resource.

    cdk-nag 3 reads acknowledgments of the CDK, and cdk-nag 2 reads the metadata of the resource
    (https://github.com/cdklabs/cdk-nag/tree/v2.38.2#suppressing-a-rule). cdk-nag is not imported.

    Args:
        policy: The policy.
        reasons: The reasons, one for each kind of action. Without reasons, nothing is acknowledged.
    """
    if not reasons:
        return
    identifier = f"AwsSolutions::{_RULE}[{_FINDING}]"
    Validations.of(policy).acknowledge(*(Acknowledgment(id=identifier, reason=one) for one in reasons))
    suppressed = [{"reason": one, "id": _RULE, "applies_to": [_FINDING]} for one in reasons]
    policy.add_metadata("cdk_nag", {"rules_to_suppress": suppressed})
