"""The first words of docstrings: a verb for a public function, and never a question word."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
QUESTION = re.compile(r"(What|Where|Whether|How|Who|Why|When)\b")
VERB = re.compile(r"(?!(The|A|An)\b)[A-Z][a-z]+\b")
"""The pattern cannot distinguish a verb from a noun. It excludes articles and lower-case words."""

Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def test_no_docstring_begins_with_a_question_word() -> None:
    found = list(_docstrings())

    assert len(found) > 400
    assert [f"{place}: {text}" for place, _, text in found if QUESTION.match(text)] == []


def test_a_public_functions_docstring_begins_with_a_verb() -> None:
    found = [(place, text) for place, node, text in _docstrings() if _is_public_function(node)]

    assert len(found) > 200
    assert [f"{place}: {text}" for place, text in found if not VERB.match(text)] == []


def _docstrings() -> Iterator[tuple[str, Documented, str]]:
    for path in sorted((ROOT / "ses_secure_user").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, Documented) and (text := ast.get_docstring(node)):
                yield f"{path.relative_to(ROOT)}:{node.body[0].lineno}", node, text.splitlines()[0]


def _is_public_function(node: Documented) -> bool:
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
        return False
    return not {"property", "cached_property"} & {ast.unparse(one).rpartition(".")[2] for one in node.decorator_list}
