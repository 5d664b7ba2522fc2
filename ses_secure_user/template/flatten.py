"""Modules written as one file, which a template can hold as text.

What is left runs as before. Docstrings, comments, types of functions and what nothing needs fall away, and so do the
modules' imports of each other, since all names are in one namespace. The statements keep their wording.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_PACKAGE = __name__.partition(".")[0]


@dataclass(frozen=True)
class Definition:
    """What gives names a meaning: a statement, or an import from a module.

    Attributes:
        names: The names.
        meaning: What tells it from another one.
        needs: The names that it needs.
        lines: Its lines.
        module: What it imports from, empty for a module itself; None if it is a statement.
    """

    names: frozenset[str]
    meaning: str
    needs: frozenset[str] = frozenset()
    lines: tuple[str, ...] = ()
    module: str | None = None


def flatten(paths: Sequence[Path], entry: str) -> str:
    """Write modules as one.

    Args:
        paths: Their files, each after those that it imports from.
        entry: The name that all this is for.

    Returns:
        The code, the same by every version of Python.

    Raises:
        ValueError: A name would mean two things, or a module imports from one that is not there before it, or under
            another name.
    """
    definitions: dict[str, Definition] = {}
    for number, path in enumerate(paths):
        source = path.read_text()
        tree = ast.parse(source)
        _check_imports(path, tree, {one.stem for one in paths[:number]})
        for definition in _definitions(source, tree):
            for name in definition.names:
                if definitions.setdefault(name, definition).meaning != definition.meaning:
                    raise ValueError(f"{path.name} gives {name} another meaning than a module before it")
    needed = _needed(definitions, entry)
    kept = [one for one in dict.fromkeys(definitions.values()) if one.names & needed]
    lines = [line for one in kept for line in one.lines]
    return "\n".join(["from __future__ import annotations", *_imports(kept), *lines, ""])


def _imports(kept: Sequence[Definition]) -> list[str]:
    names: dict[str, list[str]] = {}
    for one in kept:
        if one.module is not None:
            names.setdefault(one.module, []).extend(one.names)
    modules = [f"import {name}" for name in sorted(names.pop("", []))]
    return modules + [f"from {module} import {', '.join(sorted(names[module]))}" for module in sorted(names)]


def _needed(definitions: dict[str, Definition], entry: str) -> set[str]:
    """The names that an entry needs, and those need, and so on."""
    needed, waiting = set[str](), [entry]
    while waiting:
        name = waiting.pop()
        if name in definitions and name not in needed:
            needed.add(name)
            waiting += definitions[name].needs
    return needed


def _check_imports(path: Path, tree: ast.Module, known: set[str]) -> None:
    for node in tree.body:
        module = str(getattr(node, "module", "")).rpartition(".")[2]
        if _is_own(node) and module not in known:
            raise ValueError(f"{path.name} imports from {module}, which is not before it")
        if isinstance(node, ast.Import | ast.ImportFrom) and any(alias.asname for alias in node.names):
            raise ValueError(f"{path.name} imports {node.names[0].name} under another name")


def _definitions(source: str, tree: ast.Module) -> Iterator[Definition]:
    lines = _stripped(source, tree)
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = getattr(node, "module", "")
            for alias in [] if _is_own(node) else node.names:
                yield Definition(frozenset({alias.name}), f"{module}.{alias.name}", module=module)
        elif not _is_dropped(node):
            first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])
            text = tuple(line for line in lines[first - 1 : node.end_lineno] if line)
            yield Definition(frozenset(_defined(node)), ast.dump(node), frozenset(_used(node)), text)


def _defined(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    yield from (one.id for target in targets if target for one in ast.walk(target) if isinstance(one, ast.Name))


def _used(node: ast.AST) -> Iterator[str]:
    """The names in a statement that it needs when it runs, so not those of types."""
    for field, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and field not in {"annotation", "returns"}:
                yield from _used(child)
    if isinstance(node, ast.Name):
        yield node.id


def _stripped(source: str, tree: ast.Module) -> list[str]:
    """A module's lines, with what falls away left empty and one space for each level of indentation."""
    lines = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column].rstrip()
    for row, start, end in sorted(_types(tree, lines), reverse=True):
        lines[row - 1] = lines[row - 1][:start] + lines[row - 1][end:]
    for parent in ast.walk(tree):
        body = getattr(parent, "body", None)
        dropped = [node for node in body if _is_dropped(node)] if isinstance(body, list) else []
        for node in dropped:
            lines[node.lineno - 1 : node.end_lineno] = [""] * (node.end_lineno - node.lineno + 1)
        if dropped and dropped == body:
            lines[body[0].lineno - 1] = " " * body[0].col_offset + "pass"
    return [re.sub("^ +", lambda indent: " " * (len(indent[0]) // 4), line) for line in lines]


def _types(tree: ast.Module, lines: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """Where functions have types: row, first and last column; each is within a line, and all before it is ASCII."""
    for node in ast.walk(tree):
        if isinstance(node, ast.arg) and node.annotation:
            yield node.lineno, node.col_offset + len(node.arg), node.annotation.end_col_offset or 0
        elif isinstance(node, ast.FunctionDef) and node.returns:
            row = node.returns.lineno
            yield row, lines[row - 1].index(" ->"), node.returns.end_col_offset or 0


def _is_dropped(node: ast.AST) -> bool:
    """Whether a statement is text, or for types alone."""
    is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return is_text or (isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING")


def _is_own(node: ast.AST) -> bool:
    """Whether a statement imports from this package."""
    return isinstance(node, ast.ImportFrom) and (node.level > 0 or str(node.module).startswith(f"{_PACKAGE}."))
