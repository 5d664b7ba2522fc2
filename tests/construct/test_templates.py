"""The complete template of each common shape, and its findings in cfn-lint."""

import json
import re
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template
from cfnlint.api import lint
from cfnlint.config import ManualArgs
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from tests.cases.shapes import SHAPES, made


def template(stack: cdk.Stack) -> dict[str, Any]:
    return dict(Template.from_stack(stack).to_json())


@pytest.mark.parametrize("shape", SHAPES)
def test_the_template_is_as_recorded(shape: str, snapshot: SnapshotAssertion) -> None:
    text = re.sub(r"[0-9a-f]{64}", "ASSET", json.dumps(template(made(shape))))
    assert json.loads(text) == snapshot(name=shape, extension_class=JSONSnapshotExtension)


@pytest.mark.parametrize("shape", SHAPES)
def test_cfn_lint_finds_nothing(shape: str) -> None:
    region = getattr(SHAPES[shape][1], "region", None) or "us-east-1"
    matches = lint(json.dumps(template(made(shape))), config=ManualArgs(regions=[region]))
    assert [f"{match.rule.id} {match.message}" for match in matches] == []
