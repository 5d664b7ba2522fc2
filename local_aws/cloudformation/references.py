"""References in a template: ministack accepts unknown names, and does not resolve all values in conditions."""
# ruff: noqa: SLF001

from collections.abc import Callable, Iterator
from itertools import chain

from ministack.services.cloudformation import engine

from local_aws.shapes import Anything, Json

ARGUMENTS = {"Fn::And": range(2, 11), "Fn::Or": range(2, 11), "Fn::Not": range(1, 2), "Fn::Equals": range(2, 3)}
"""The number of conditions for each function."""

PSEUDO_PARAMETERS = {
    f"AWS::{name}"
    for name in ("AccountId", "NoValue", "NotificationARNs", "Partition", "Region", "StackId", "StackName", "URLSuffix")
}


def evaluate_conditions(original: Callable[..., dict[str, bool]], template: Json, params: Json) -> dict[str, bool]:
    """Evaluate conditions, with intrinsic functions on parameters and pseudo parameters."""
    conditions: Json = template.get("Conditions", {})
    for name, _ in engine._intrinsic_references(conditions):
        if name not in params.keys() | PSEUDO_PARAMETERS:
            raise ValueError(
                f"Template format error: Unresolved dependencies [{name}]. Cannot reference resources in the "
                "Conditions block of the template"
            )
    resolved = {name: _condition(one, template, params) for name, one in conditions.items()}
    return original({**template, "Conditions": resolved}, params)


def _condition(node: Anything, template: Json, params: Json) -> Json:
    function, arguments = next(iter(node.items())) if isinstance(node, dict) and len(node) == 1 else ("", ())
    if function == "Condition" and arguments in template["Conditions"]:
        return {function: arguments}
    if function not in ARGUMENTS or len(arguments) not in ARGUMENTS[function]:
        raise ValueError(f"Template error: {node} is no condition, or has too few or too many parameters")
    if function == "Fn::Equals":
        mappings = template.get("Mappings", {})
        return {function: [engine._resolve_refs(one, {}, params, {}, mappings, "", "") for one in arguments]}
    return {function: [_condition(one, template, params) for one in arguments]}


def validate(
    original: Callable[..., None], template: Json, conditions: dict[str, bool], params: Json | None = None
) -> None:
    """Validate a template: all names exist, and no resource refers to one whose condition is false."""
    _check_names(template)
    _check_arguments(template.get("Rules", {}))
    if params is not None:
        _check_made(template, conditions)
    original(template, conditions, params)


def _check_arguments(node: Anything) -> None:
    for key, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        if key in ARGUMENTS and len(value) not in ARGUMENTS[key]:
            raise ValueError(f"Template error: {key} has too few or too many parameters")
        _check_arguments(value)


def _check_names(template: Json) -> None:
    resources: Json = template.get("Resources", {})
    known = resources.keys() | template.get("Parameters", {}).keys() | PSEUDO_PARAMETERS
    members = [*resources.values(), *template.get("Outputs", {}).values()]
    for name, attribute in engine._intrinsic_references(members):
        if name not in (resources if attribute else known):
            raise _unresolved(name)
    for name in chain.from_iterable(_needed(one) for one in resources.values()):
        if name not in resources:
            raise _unresolved(name)
    for name in (*_conditions_of(members), *(one["Condition"] for one in members if "Condition" in one)):
        if name not in template.get("Conditions", {}):
            raise ValueError(f"Template format error: Unresolved condition dependency {name}")


def _check_made(template: Json, conditions: dict[str, bool]) -> None:
    resources: Json = template.get("Resources", {})
    unmade = {name for name, one in resources.items() if not _made(one, conditions)}
    for member in (*resources.values(), *template.get("Outputs", {}).values()):
        if _made(member, conditions):
            for name, _ in engine._intrinsic_references(_chosen(member, conditions)):
                if name in unmade:
                    raise _unresolved(name)


def _made(member: Json, conditions: dict[str, bool]) -> bool:
    return conditions.get(member.get("Condition", ""), True)


def _needed(resource: Json) -> list[str]:
    needed = resource.get("DependsOn", [])
    return [needed] if isinstance(needed, str) else needed


def _chosen(node: Anything, conditions: dict[str, bool]) -> Anything:
    """Replace each Fn::If with the value that its condition selects."""
    if isinstance(node, list):
        return [_chosen(one, conditions) for one in node]
    if not isinstance(node, dict):
        return node
    if "Fn::If" in node:
        condition, if_true, if_false = node["Fn::If"]
        return _chosen(if_true if conditions[condition] else if_false, conditions)
    return {key: _chosen(one, conditions) for key, one in node.items()}


def _conditions_of(node: Anything) -> Iterator[str]:
    """Yield the condition of each Fn::If."""
    if isinstance(node, dict):
        if "Fn::If" in node:
            yield node["Fn::If"][0]
        node = list(node.values())
    if isinstance(node, list):
        yield from chain.from_iterable(map(_conditions_of, node))


def _unresolved(name: str) -> ValueError:
    return ValueError(
        f"Template format error: Unresolved resource dependencies [{name}] in the Resources block of the template"
    )


def resolve_outputs(original: Callable[..., tuple[list[Json], Json]], *args: Anything) -> tuple[list[Json], Json]:
    """Resolve outputs. An output must have a value and cannot be AWS::NoValue."""
    outputs, exports = original(*args)
    if any(output["OutputValue"] == str(engine._NO_VALUE) for output in outputs):
        raise ValueError("Template format error: The Value field of every Outputs member must evaluate to a String.")
    return outputs, exports
