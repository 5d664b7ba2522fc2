"""Completion of a synthesized template: inline code, and conditions for optional parameters."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ses_secure_user.restrictions.rows import ORIGINS, PURPOSES

from .parameters import GROUPS

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = dict[str, Any]

_CHECKED = ("Identity", "FromAddresses")
"""The parameters that the function checks, because a pattern cannot express all rules. It always checks the
networks."""

_OPTIONAL = {
    one.restricts: one.name for group in GROUPS.values() for one in group if one.restricts and one.default is not None
}
"""The names of optional parameters, by restriction."""

_KEYS = {row.key: _OPTIONAL[row.prop] for row in (*PURPOSES, *ORIGINS) if row.prop in _OPTIONAL}
_WHOLE = {
    **{row.allow: _OPTIONAL[row.prop] for row in ORIGINS},
    **{sid: _OPTIONAL[row.prop] for row in PURPOSES if row.prop in _OPTIONAL for sid in row.denials(())},
}
"""The statements that depend on one parameter, by statement id."""

_OPTIONAL_RESOURCES = ("ConfigurationSet", "SandboxRecipient")


def adapted(template: Json, code: str) -> Json:
    """Complete a synthesized template that uses all parameters unconditionally.

    Args:
        template: The template that the CDK synthesized for the stack.
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
        document["Statement"] = [_statement(one, template["Conditions"]) for one in document["Statement"]]
    return template | {"Rules": _RULES, "Metadata": _INTERFACE}


def _of_type(resources: Json, kind: str) -> Iterator[Json]:
    return (one for one in resources.values() if one["Type"] == kind)


def _only(resources: Json, kind: str) -> Json:
    (one,) = _of_type(resources, kind)
    return one


def _given(name: str, value: object) -> Json:
    """Return a value that is omitted if a parameter is empty."""
    return {"Fn::If": [f"Has{name}", value, {"Ref": "AWS::NoValue"}]}


def _statement(statement: Json, conditions: Json) -> Json:
    whole = _WHOLE.get(statement.get("Sid", ""))
    for list_name in {"Resource", "NotResource"} & statement.keys():
        if isinstance(statement[list_name], list):
            statement[list_name] = [_resource(one) for one in statement[list_name]]
    for operator, keys in statement.get("Condition", {}).items():
        statement["Condition"][operator] = _tests(keys, whole, conditions)
    if _mentions(statement, "EncryptionKey"):
        return _given("EncryptionKey", statement)
    return _given(whole, statement) if whole else statement


def _tests(keys: Json, whole: str | None, conditions: Json) -> Json:
    """Make each test of an operator depend on its parameter, unless the whole statement depends on that parameter."""
    names = {key: name for key in keys if (name := _KEYS.get(key)) and name != whole}
    if len(keys) == 1 and names:
        return _given(next(iter(names.values())), keys)
    tests = {key: _given(names[key], value) if key in names else value for key, value in keys.items()}
    if names.keys() < keys.keys():
        return tests
    has = [f"Has{name}" for name in names.values()]  # an operator without tests is not valid in a policy
    conditions["Or".join(has)] = {"Fn::Or": [{"Condition": one} for one in has]}
    return {"Fn::If": ["Or".join(has), tests, {"Ref": "AWS::NoValue"}]}


def _resource(resource: object) -> object:
    return next((_given(name, resource) for name in _OPTIONAL_RESOURCES if _mentions(resource, name)), resource)


def _mentions(value: object, name: str) -> bool:
    return json.dumps({"Ref": name}) in json.dumps(value)


def _is_empty(name: str) -> Json:
    return {"Fn::Equals": [{"Ref": name}, ""]}


_ORIGINS = [_OPTIONAL[row.prop] for row in ORIGINS]
_RULES = {
    "Origin": {
        "Assertions": [
            {
                "Assert": {"Fn::Not": [{"Fn::And": [_is_empty(name) for name in _ORIGINS]}]},
                "AssertDescription": f"{_ORIGINS[0]} must not be empty, unless {' or '.join(_ORIGINS[1:])} is given;"
                " name the public networks that send mail",
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
"""The groups and order of the parameters in the console
(https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-interface.html).
"""
