"""One CloudFormation template for those who write no CDK app: a user with parameters, its function's code inside."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from aws_cdk import App

from .adapting import adapted
from .flatten import flatten
from .stack import TemplateStack

_PACKAGE = Path(__file__).parents[1]
_MODULES = (
    *(
        f"issuer/{name}"
        for name in (
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
    ),
    "refusal",
    "entries",
    "networks",
    "template/checking",
)
"""The function's modules, each after those that it imports from."""


def template() -> str:
    """Write the template.

    Returns:
        JSON of less than 51,200 bytes, which CloudFormation takes without a bucket, and the same to the byte for the
        same versions of this package and aws-cdk-lib
        (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html).
    """
    with TemporaryDirectory() as folder:
        app = App(outdir=folder, analytics_reporting=False)
        stack = TemplateStack(app, "Template")
        synthesized = app.synth().get_stack_by_name(stack.stack_name).template
    return json.dumps(adapted(synthesized, code()), separators=(",", ":"), ensure_ascii=False) + "\n"


def code() -> str:
    """Write the function's code as one file, whose handler is ``index.checked``."""
    return flatten([_PACKAGE / f"{name}.py" for name in _MODULES], "checked")
