"""The parameters of a template: checks that ministack lacks, and CloudFormation's error messages."""

import re
from collections.abc import Callable

from local_aws.shapes import Anything, Json

CONSTRAINTS = {
    "AllowedPattern": {"String", "CommaDelimitedList"},
    "MinLength": {"String"},
    "MaxLength": {"String"},
    "MinValue": {"Number"},
    "MaxValue": {"Number"},
}
"""The types for which each constraint is documented."""

ONLY_PYTHON = re.compile(r"\[(\^?\]|[^\]]*(\[|&&))|\(\?P")
"""Parts of a pattern, without escapes, that Java's regular expressions do not support or treat differently."""

ATTRIBUTES = {*CONSTRAINTS, "AllowedValues", "ConstraintDescription", "Default", "Description", "NoEcho", "Type"}


def resolve(original: Callable[..., Json], template: Json, provided: list[Json], *previous: Json) -> Json:
    """Resolve parameters. All must be declared and have a value, and defaults must satisfy the constraints."""
    declared: Json = template.get("Parameters", {})
    given = [entry["Key"] for entry in provided]
    if unknown := [name for name in given if name not in declared]:
        raise ValueError(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    if missing := [name for name, one in declared.items() if name not in given and "Default" not in one]:
        raise ValueError(f"Parameters: [{', '.join(missing)}] must have values")
    for name, one in declared.items():
        _check_declaration(name, one)
        if "Default" in one and not one["Type"].startswith("AWS::"):
            _resolve(original, {name: one}, [])
    return _resolve(original, declared, provided, *previous)


def _resolve(original: Callable[..., Json], declared: Json, provided: list[Json], *previous: Json) -> Json:
    """Resolve parameters, and check AllowedValues for each member of a list."""
    others = {
        name: {key: value for key, value in one.items() if key != "AllowedValues"} for name, one in declared.items()
    }
    resolved = original({"Parameters": others}, provided, *previous)
    for name, one in declared.items():
        allowed = [str(value) for value in one.get("AllowedValues", [])]
        if allowed and not set(_members(one["Type"], resolved[name]["Value"])) <= set(allowed):
            raise describe(None, name, one, "must be one of AllowedValues")
    return resolved


def _check_declaration(name: str, one: Json) -> None:
    if not (name.isascii() and name.isalnum()):
        raise ValueError(f"Template format error: Parameter name {name} is non alphanumeric.")
    if "Type" not in one:
        raise ValueError("Template format error: Every Parameters object must contain a Type member.")
    if unknown := set(one) - ATTRIBUTES:
        raise ValueError(f"Invalid template parameter property '{min(unknown)}'")
    for constraint, types in CONSTRAINTS.items():
        if constraint in one and one["Type"] not in types:
            raise ValueError(f"Template format error: {constraint} of parameter {name} is not for {one['Type']}")


def check_constraints(original: Callable[..., None], name: str, one: Json, type_name: str, value: str) -> None:
    """Check a pattern as Java does, and that a number consists of digits."""
    if type_name == "Number" and not re.fullmatch(r"[-+.\deE]+", value, re.ASCII):
        raise describe(None, name, one, "must be a number")
    pattern = _compiled(name, one.get("AllowedPattern", "(?s:.*)"))
    if not all(pattern.fullmatch(member) for member in _members(type_name, value)):
        raise describe(None, name, one, f"must match pattern {one['AllowedPattern']}")
    original(name, {key: value for key, value in one.items() if key != "AllowedPattern"}, type_name, value)


def _compiled(name: str, pattern: str) -> re.Pattern[str]:
    """Compile a pattern. In Java \\d matches ASCII only, and a set has no bare bracket, and && only as an operator."""
    if ONLY_PYTHON.search(re.sub(r"\\.", "", pattern)):
        raise ValueError(f"Template format error: AllowedPattern of parameter {name} is another one in Java")
    return re.compile(pattern, re.ASCII)


def _members(type_name: str, value: str) -> list[str]:
    return [member.strip() for member in value.split(",")] if type_name == "CommaDelimitedList" else [value]


def describe(_original: Anything, name: str, one: Json, reason: str) -> ValueError:
    """Return the error of a parameter. A ConstraintDescription replaces CloudFormation's own message."""
    if description := one.get("ConstraintDescription"):
        return ValueError(f"Parameter {name} failed to satisfy constraint: {description}")
    return ValueError(f"Parameter '{name}' {reason}")
