"""Requests to the IAM policy simulator about single mails.

The simulator evaluates the user's policies, groups, permissions boundary and organization, and a resource policy that
is passed to it. It does not know which condition keys SES sets
(https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ses_secure_user.restrictions.rows import ACTION, ORIGINS, ROWS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from types_boto3_iam import IAMClient
    from types_boto3_iam.type_defs import (
        ContextEntryTypeDef,
        SimulatePolicyResponseTypeDef,
        SimulatePrincipalPolicyRequestTypeDef,
    )

EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@dataclass(frozen=True, kw_only=True, slots=True)
class Send:
    """A mail, as SES presents it to IAM.

    Attributes:
        resources: The ARNs of the identity and of the configuration set, if one is used.
        told: The values of condition keys, by the property that restricts each. SES does not set a key without a value.
        further: The types, as IAM names them, and the values of other condition keys, by name.
        action: The action. Default: ``ses:SendRawEmail``.
    """

    resources: tuple[str, ...]
    told: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    further: Mapping[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    action: str = ACTION

    def but(self, **told: str | tuple[str, ...]) -> Send:
        """Return this mail with other values for some properties."""
        changed = {prop: (value,) if isinstance(value, str) else value for prop, value in told.items()}
        return replace(self, told={**self.told, **changed})

    def come(self, **told: str) -> Send:
        """Return this mail from one other origin."""
        return self.but(**{row.prop: () for row in ORIGINS} | told)

    @property
    def context(self) -> list[ContextEntryTypeDef]:
        """The condition keys of the request. SES requires TLS, and each request names its region."""
        told = [(row.key, row.told_as, self.told.get(row.prop, ())) for row in ROWS if row.key]
        always = [("aws:SecureTransport", "boolean", ("true",)), ("aws:RequestedRegion", "string", (self.region,))]
        keys = (*always, *told, *((name, kind, values) for name, (kind, values) in self.further.items()))
        return [
            {"ContextKeyName": name, "ContextKeyType": kind, "ContextKeyValues": list(values)}  # type: ignore[typeddict-item]
            for name, kind, values in keys
            if values
        ]

    @property
    def region(self) -> str:
        """The region of the endpoint and the identity."""
        return self.resources[0].split(":")[3]

    @property
    def origin(self) -> str:
        """The origin of the mail."""
        return " and ".join(one for row in ORIGINS for one in self.told.get(row.prop, ()))


@dataclass(frozen=True, slots=True)
class Answer:
    """A decision of the policy simulator.

    Attributes:
        allowed: True if the request is allowed.
        missing: The condition keys that policies name and the request did not have, for any action.
    """

    allowed: bool
    missing: frozenset[str]


@dataclass(frozen=True, slots=True)
class Simulator:
    """The decisions that IAM would make for one user.

    Attributes:
        iam: The client.
        user_arn: The ARN of the user.
        resource_policies: The policies of identities, by the ARN of the identity.
    """

    iam: IAMClient
    user_arn: str
    resource_policies: Mapping[str, Sequence[Mapping[str, Any]]]

    def allows(self, send: Send, *, granted: bool = False) -> bool:
        """Return whether the user may send this mail.

        Args:
            send: The mail.
            granted: If True, add a policy of the user and one of the identity that allow everything, so that only
                explicit denials are left. Default: False.
        """
        return all(self._answer(send, arn, granted=granted).allowed for arn in send.resources)

    def answer(self, send: Send) -> Answer:
        """Return the decision about the first resource of this mail, and the condition keys that were missing."""
        return self._answer(send, send.resources[0], granted=False)

    def allowed_actions(self, actions: Sequence[str], context: Sequence[ContextEntryTypeDef] = ()) -> list[str]:
        """Return the actions that the user may perform on some resource without a condition.

        Args:
            actions: The actions.
            context: The condition keys of every request of the user.
        """
        answer = self.iam.simulate_principal_policy(
            PolicySourceArn=self.user_arn, ActionNames=list(actions), ContextEntries=list(context)
        )
        return [one["EvalActionName"] for one in answer["EvaluationResults"] if one["EvalDecision"] == "allowed"]

    def _answer(self, send: Send, arn: str, *, granted: bool) -> Answer:
        policies = list(self.resource_policies.get(arn, ()))
        policies += [self._grant(send.action, arn)] if granted else []
        request: SimulatePrincipalPolicyRequestTypeDef = {
            "PolicySourceArn": self.user_arn,
            "ActionNames": [send.action],
            "ResourceArns": [arn],
            "ContextEntries": send.context,
        }
        if granted:
            request["PolicyInputList"] = [json.dumps(EVERYTHING)]
        if policies:
            request["ResourcePolicy"] = json.dumps(_merged(policies))
        return _of_resource(self.iam.simulate_principal_policy(**request), arn)

    def _grant(self, action: str, arn: str) -> dict[str, Any]:
        statement = {"Effect": "Allow", "Principal": {"AWS": self.user_arn}, "Action": action, "Resource": arn}
        return {"Version": "2012-10-17", "Statement": [statement]}


def _merged(policies: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Merge the policies of an identity. Sids are removed, because they may not be unique.

    An identity can have 20 policies, and the simulator accepts one.
    """
    found = (one for policy in policies for one in _statements(policy))
    return {"Version": "2012-10-17", "Statement": [{k: v for k, v in one.items() if k != "Sid"} for one in found]}


def _statements(policy: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    statement = policy["Statement"]
    return statement if isinstance(statement, list) else [statement]


def _of_resource(answer: SimulatePolicyResponseTypeDef, arn: str) -> Answer:
    """Return the decision about the resource itself. The outer result may be about an ARN pattern."""
    (result,) = answer["EvaluationResults"]
    for one in result.get("ResourceSpecificResults", []):
        if one["EvalResourceName"] == arn:
            missing = {*one.get("MissingContextValues", []), *result.get("MissingContextValues", [])}
            return Answer(one["EvalResourceDecision"] == "allowed", frozenset(missing))
    return Answer(result["EvalDecision"] == "allowed", frozenset(result.get("MissingContextValues", [])))
