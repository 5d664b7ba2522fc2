"""Resolution of a template's parameters and intrinsic functions. Unknown functions are an error."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

Json = dict[str, Any]

PSEUDO = {
    "AWS::AccountId": "111122223333",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::URLSuffix": "amazonaws.com",
}
NOTHING = object()


class Resolver:
    """A template with one set of parameter values."""

    def __init__(self, template: Json, given: dict[str, str]) -> None:
        self.template = template
        defaults = {name: one.get("Default") for name, one in template.get("Parameters", {}).items()}
        self.values = PSEUDO | {name: str(value) for name, value in (defaults | given).items() if value is not None}

    def resources(self) -> Json:
        """The resources that would be created, without their conditions."""
        return {
            name: self.value({key: part for key, part in one.items() if key != "Condition"})
            for name, one in self.template["Resources"].items()
            if "Condition" not in one or self.holds({"Condition": one["Condition"]})
        }

    def broken_rules(self) -> list[str]:
        """The descriptions of the assertions that fail."""
        return [
            assertion["AssertDescription"]
            for rule in self.template.get("Rules", {}).values()
            if self.holds(rule.get("RuleCondition", {"Fn::Equals": ["", ""]}))
            for assertion in rule["Assertions"]
            if not self.holds(assertion["Assert"])
        ]

    def holds(self, condition: Json) -> bool:
        ((function, argument),) = condition.items()
        return CONDITIONS[function](self, argument)

    def value(self, part: Any) -> Any:  # noqa: ANN401 - any part of a template
        if isinstance(part, list):
            return [one for one in map(self.value, part) if one is not NOTHING]
        if not isinstance(part, dict):
            return part
        if len(part) == 1:
            ((function, argument),) = part.items()
            if function in FUNCTIONS:
                return FUNCTIONS[function](self, argument)
            assert not function.startswith("Fn::"), function
        made = {name: self.value(one) for name, one in part.items()}
        return {name: one for name, one in made.items() if one is not NOTHING}

    def _ref(self, name: str) -> object:
        return NOTHING if name == "AWS::NoValue" else self.values.get(name, f"<{name}>")

    def _sub(self, text: str) -> str:
        return re.sub(r"\$\{([^!}]+)\}", lambda found: str(self._ref(found[1])), text)

    def _if(self, argument: list[Any]) -> object:
        condition, then, otherwise = argument
        return self.value(then if self.holds({"Condition": condition}) else otherwise)


FUNCTIONS: dict[str, Callable[[Resolver, Any], object]] = {
    "Ref": lambda self, name: self._ref(name),
    "Fn::GetAtt": lambda _, argument: f"<{'.'.join(argument)}>",
    "Fn::If": lambda self, argument: self._if(argument),
    "Fn::Join": lambda self, argument: argument[0].join(self.value(argument[1])),
    "Fn::Split": lambda self, argument: self.value(argument[1]).split(argument[0]),
    "Fn::Select": lambda self, argument: self.value(argument[1])[int(argument[0])],
    "Fn::Sub": lambda self, text: self._sub(text),
}
CONDITIONS: dict[str, Callable[[Resolver, Any], bool]] = {
    "Condition": lambda self, name: self.holds(self.template["Conditions"][name]),
    "Fn::And": lambda self, parts: all(map(self.holds, parts)),
    "Fn::Contains": lambda self, argument: self.value(argument[1]) in argument[0],
    "Fn::Equals": lambda self, argument: self.value(argument[0]) == self.value(argument[1]),
    "Fn::Not": lambda self, parts: not self.holds(parts[0]),
    "Fn::Or": lambda self, parts: any(map(self.holds, parts)),
}
