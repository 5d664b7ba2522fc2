"""The CloudFormation template for users without a CDK app: one user with parameters, and the function's code inline."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from aws_cdk import App

from .adapting import adapted
from .flatten import flatten
from .stack import TemplateStack

_PACKAGE = Path(__file__).parents[1]


def template() -> str:
    """Return the CloudFormation template.

    Returns:
        JSON. It is byte for byte the same for the same versions of this package and aws-cdk-lib.
    """
    with TemporaryDirectory() as folder:
        app = App(outdir=folder, analytics_reporting=False)
        stack = TemplateStack(app, "Template")
        synthesized = app.synth().get_stack_by_name(stack.stack_name).template
    return json.dumps(adapted(synthesized, code()), indent=1, ensure_ascii=False) + "\n"


def code() -> str:
    """Return the function's code as one file. Its handler is ``index.checked``."""
    return flatten(_PACKAGE, _PACKAGE / "template" / "checking.py")
