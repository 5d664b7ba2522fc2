"""One CloudFormation template for those who write no CDK app: a user with parameters, its function's code inside."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from aws_cdk import App

from .adapting import adapted
from .flatten import flatten
from .stack import TemplateStack

LIMIT = 51_200
"""Bytes of a template that CloudFormation takes without a bucket
(https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html).
"""

ISSUER = (
    "contract",
    "patience",
    "smtp",
    "keys",
    "versions",
    "logins",
    "lifecycle",
    "deployment",
    "rotation",
    "handler",
)
MODULES = (*(f"issuer/{name}" for name in ISSUER), "refusal", "entries", "networks", "template/checking")
"""The function's modules, each after those that it imports from."""

_PACKAGE = Path(__file__).parents[1]


def template() -> str:
    """Write the template.

    Returns:
        JSON of less than `LIMIT` bytes, the same to the byte for the same versions of this package and aws-cdk-lib.
    """
    with TemporaryDirectory() as folder:
        app = App(outdir=folder, analytics_reporting=False)
        stack = TemplateStack(app, "Template")
        synthesized = app.synth().get_stack_by_name(stack.stack_name).template
    return json.dumps(adapted(synthesized, code()), separators=(",", ":"), ensure_ascii=False) + "\n"


def code() -> str:
    """Write the function's code as one file, whose handler is ``index.checked``."""
    return flatten([_PACKAGE / f"{name}.py" for name in MODULES], "checked")
