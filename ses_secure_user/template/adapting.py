"""What a synthesized template needs to stand alone: the code inside, and conditions around what may not be given."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ses_secure_user.endpoint import BLOCKED_PORT, SMTP_PORTS

from .parameters import GROUPS

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = dict[str, Any]

_CHECKED = ("Identity", "FromAddresses", "AllowedCidrs")
"""What the function checks of the parameters, since no pattern can."""

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
        template: What the CDK synthesized of the stack.
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
    """A value that is there if a parameter is given."""
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


def _is(name: str, value: object) -> Json:
    return {"Fn::Equals": [{"Ref": name}, str(value)]}


_RULES = {
    "Origin": {
        "Assertions": [
            {
                "Assert": {"Fn::Not": [{"Fn::And": [_is("AllowedCidrs", ""), _is("AllowedVpcEndpoints", "")]}]},
                "AssertDescription": "AllowedCidrs must not be empty, unless AllowedVpcEndpoints is given; name the"
                " public networks that mail is sent from",
            }
        ]
    },
    "Port": {
        "Assertions": [
            {
                "Assert": {"Fn::Not": [_is("SmtpPort", BLOCKED_PORT)]},
                "AssertDescription": "SmtpPort must be one that Lambda may open, to test the login; write 587",
            }
        ]
    },
    "RegionalPort": {
        "RuleCondition": _is("SmtpHost", ""),
        "Assertions": [
            {
                "Assert": {"Fn::Contains": [[str(port) for port in SMTP_PORTS], {"Ref": "SmtpPort"}]},
                "AssertDescription": f"SmtpPort must be one that SES offers: {', '.join(map(str, SMTP_PORTS))}",
            }
        ],
    },
}

_INTERFACE = {
    "AWS::CloudFormation::Interface": {
        "ParameterGroups": [
            {"Label": {"default": label}, "Parameters": [one.name for one in group]} for label, group in GROUPS.items()
        ]
    }
}
"""How the console asks for the parameters
(https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-interface.html).
"""
