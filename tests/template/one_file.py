"""A pytest plugin that replaces the issuer's modules with the template's single file.

An import of any of these modules then returns the module of that file, which has all their names.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import ses_secure_user.functions.issuer
from ses_secure_user.template import code


def install() -> None:
    one = ModuleType("ses_secure_user.functions.issuer.index")
    sys.modules[one.__name__] = one
    exec(compile(code(), "index.py", "exec"), vars(one))  # noqa: S102 - what is deployed
    for path in Path(ses_secure_user.functions.issuer.__path__[0]).glob("[!_]*.py"):
        sys.modules[f"ses_secure_user.functions.issuer.{path.stem}"] = one
        setattr(ses_secure_user.functions.issuer, path.stem, one)


install()
