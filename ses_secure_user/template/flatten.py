"""A module and the modules that it imports, combined into one file for inline code.

Each module is copied as it is, below a heading with its file name. All names share one namespace, so imports between
the modules are removed. Code for type checkers is removed too.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PACKAGE = __name__.partition(".")[0]
_WIDTH = 120


def flatten(package: Path, entry: Path) -> str:
    """Return a module and the modules that it imports as one text, in order of their imports.

    Args:
        package: The folder of this package.
        entry: The file of the module.

    Raises:
        ValueError: Two modules define a name differently, or a name is imported under another name.
    """
    meanings: dict[str, str] = {}
    written = "from __future__ import annotations\n"
    for path in dict.fromkeys(_needed(package, entry)):
        source, file = path.read_text(encoding="utf-8"), path.relative_to(package).as_posix()
        lines = source.splitlines()
        for node in ast.parse(source).body:
            if _is_dropped(node):
                rows = range(node.lineno - 1, node.end_lineno or node.lineno)
                lines[rows.start : rows.stop] = [""] * len(rows)
            elif twice := [name for name, meaning in _defined(node) if meanings.setdefault(name, meaning) != meaning]:
                raise ValueError(f"{file} defines {twice[0]} differently from a module before it")
        written += "\n".join(["", "", f"# --- {file} ".ljust(_WIDTH, "-"), "", *lines, ""])
    return re.sub(r"\n{3,}", "\n\n\n", written)


def _needed(package: Path, path: Path) -> Iterator[Path]:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and _is_own(node):
            if renamed := [alias.name for alias in node.names if alias.asname]:
                raise ValueError(f"{path.name} imports {renamed[0]} under another name")
            folder = path.parents[node.level - 1] if node.level else package.parent
            yield from _needed(package, folder.joinpath(*str(node.module).split(".")).with_suffix(".py"))
    yield path


def _is_dropped(node: ast.stmt) -> bool:
    """Return whether a statement is removed: an own or future import, or code for type checkers."""
    if isinstance(node, ast.If):
        return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    return isinstance(node, ast.ImportFrom) and (_is_own(node) or node.module == "__future__")


def _is_own(node: ast.ImportFrom) -> bool:
    return node.level > 0 or str(node.module).startswith(f"{_PACKAGE}.")


def _defined(node: ast.stmt) -> Iterator[tuple[str, str]]:
    """Yield the names that a statement defines, each with a text that identifies its definition."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        module = getattr(node, "module", "")
        yield from ((alias.asname or alias.name, f"{module}.{alias.name}") for alias in node.names)
    elif isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name, ast.dump(node)
    else:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        names = (one.id for target in targets if target for one in ast.walk(target) if isinstance(one, ast.Name))
        yield from ((name, ast.dump(node)) for name in names)
