"""Completion of a synthesized template: the code inside, and conditions around optional parameters."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .parameters import GROUPS

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = dict[str, Any]

_CHECKED = ("Identity", "FromAddresses", "AllowedCidrs")
"""The parameters that the function checks, since no pattern can say all of it."""

_WHOLE = "statement"
_PURPOSE = {"ForAllValues:StringLike": "AllowedRecipients", "Null": "AllowedRecipients"}
_PARTS = {
    "SendFromNetworks": {_WHOLE: "AllowedCidrs"} | _PURPOSE,
    "SendThroughEndpoints": {_WHOLE: "AllowedVpcEndpoints"} | _PURPOSE,
    "DenyOtherRecipients": {_WHOLE: "AllowedRecipients"},
    "DenyUnknownRecipients": {_WHOLE: "AllowedRecipients"},
    "DenyOtherOrigins": {"NotIpAddress": "AllowedCidrs", "StringNotEquals": "AllowedVpcEndpoints"},
}
"""The statements, and operators in them, that are there if a parameter is given."""

_OPTIONAL_RESOURCES = ("ConfigurationSet", "SandboxRecipient")


def adapted(template: Json, code: str) -> Json:
    """Complete a synthesized template, in which every parameter is used as if it were given.

    Args:
        template: The CDK's template of the stack.
        code: The function's code.
    """
    resources = template["Resources"]
    function, alarm, secret, schedule, credential = (
        _only(resources, kind)
        for kind in (
            "AWS::Lambda::Function",
            "AWS::CloudWatch::Alarm",
            "AWS::SecretsManager::Secret",
            "AWS::SecretsManager::RotationSchedule",
            "Custom::SesSmtpCredential",
        )
    )
    function["Properties"] |= {"Code": {"ZipFile": code}, "Handler": "index.checked"}
    alarm["Condition"] = "HasAlarmTopic"
    secret["Properties"]["KmsKeyId"] = _given("EncryptionKey", secret["Properties"]["KmsKeyId"])
    schedule["Properties"]["RotationRules"] = {"ScheduleExpression": {"Fn::Sub": "rate(${RotationDays} days)"}}
    credential["Properties"]["Restrictions"] = {name: {"Ref": name} for name in _CHECKED}
    for policy in _of_type(resources, "AWS::IAM::ManagedPolicy"):
        document = policy["Properties"]["PolicyDocument"]
        document["Statement"] = [_statement(one) for one in document["Statement"]]
    return template | {"Rules": _RULES, "Metadata": _INTERFACE}


def _of_type(resources: Json, kind: str) -> Iterator[Json]:
    return (one for one in resources.values() if one["Type"] == kind)


def _only(resources: Json, kind: str) -> Json:
    (one,) = _of_type(resources, kind)
    return one


def _given(name: str, value: object) -> Json:
    """Make a value that is there only if a parameter is given."""
    return {"Fn::If": [f"Has{name}", value, {"Ref": "AWS::NoValue"}]}


def _statement(statement: Json) -> Json:
    parts = _PARTS.get(statement.get("Sid", ""), {})
    for list_name in {"Resource", "NotResource"} & statement.keys():
        if isinstance(statement[list_name], list):
            statement[list_name] = [_resource(one) for one in statement[list_name]]
    conditions = statement.get("Condition", {})
    for operator in parts.keys() & conditions.keys():
        conditions[operator] = _given(parts[operator], conditions[operator])
    if _mentions(statement, "EncryptionKey"):
        return _given("EncryptionKey", statement)
    return _given(parts[_WHOLE], statement) if _WHOLE in parts else statement


def _resource(resource: object) -> object:
    return next((_given(name, resource) for name in _OPTIONAL_RESOURCES if _mentions(resource, name)), resource)


def _mentions(value: object, name: str) -> bool:
    return json.dumps({"Ref": name}) in json.dumps(value)


def _is_empty(name: str) -> Json:
    return {"Fn::Equals": [{"Ref": name}, ""]}


_RULES = {
    "Origin": {
        "Assertions": [
            {
                "Assert": {"Fn::Not": [{"Fn::And": [_is_empty("AllowedCidrs"), _is_empty("AllowedVpcEndpoints")]}]},
                "AssertDescription": "AllowedCidrs must not be empty, unless AllowedVpcEndpoints is given; name the"
                " public networks that mail is sent from",
            }
        ]
    },
}

_INTERFACE = {
    "AWS::CloudFormation::Interface": {
        "ParameterGroups": [
            {"Label": {"default": label}, "Parameters": [one.name for one in group]} for label, group in GROUPS.items()
        ]
    }
}
"""The order in which the console asks for the parameters
(https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-interface.html).
"""
