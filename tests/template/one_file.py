"""A pytest plugin that puts the template's one file in the place of the issuer's modules.

Whatever imports one of them then gets the file's module, which has all their names.
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
