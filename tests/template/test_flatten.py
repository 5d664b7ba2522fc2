"""The function's code as one file: it is what the modules are, and does what they do."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ses_secure_user.template import MODULES, code
from ses_secure_user.template.flatten import flatten
from tests.summary import LINES

ROOT = Path(__file__).parents[2]
EVENTS = ("test_answers", "test_by_hand", "test_deletions", "test_deployments", "test_rotations")


class Bare(ast.NodeTransformer):
    """Takes from a module what need not be in the file."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        return None if isinstance(node.value, ast.Constant) else self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)


def bare(source: str) -> dict[str, str]:
    """The functions and classes of a source, without docstrings and types."""
    made = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            stripped = Bare().visit(node)
            stripped.body = [one for one in stripped.body if not isinstance(one, ast.Pass)]
            made[node.name] = ast.dump(stripped)
    return made


def test_it_has_the_modules_functions_and_classes_as_they_are() -> None:
    sources: dict[str, str] = {}
    for name in MODULES:
        sources |= bare((ROOT / "ses_secure_user" / f"{name}.py").read_text())

    kept = bare(code())

    assert {name for name in kept if kept[name] != sources[name]} == set()
    assert sources.keys() - kept.keys() == {"Context", "check_class", "check_construct", "wide_networks"}


def test_it_imports_the_runtimes_sdk_alone(tmp_path: Path) -> None:
    tree = ast.parse(code())
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    modules |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    (tmp_path / "index.py").write_text(code())
    script = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import index; print(index.checked.__module__)"

    done = subprocess.run([sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, check=False)

    assert done.stdout == "index\n", done.stderr
    assert {name.partition(".")[0] for name in modules} <= sys.stdlib_module_names | {"boto3", "botocore"}


def test_it_has_neither_docstring_nor_comment() -> None:
    assert not re.search(r'"""|^ *#', code(), re.MULTILINE)


def test_it_passes_the_tests_of_single_events() -> None:
    """The tests of the life cycle, run once more with the file in the place of the issuer's modules."""
    files = [f"tests/lifecycle/{name}.py" for name in EVENTS]
    command = [sys.executable, "-m", "pytest", "-p", "tests.template.one_file", "-q", *files]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    passed = re.search(r"(\d+) passed", done.stdout)
    assert done.returncode == 0, done.stdout
    assert passed
    assert int(passed[1]) > 100
    LINES["template"].append(f"{passed[1]} tests of single events pass with its one file")


def modules(folder: Path, **sources: str) -> list[Path]:
    for name, source in sources.items():
        (folder / f"{name}.py").write_text(source)
    return [folder / f"{name}.py" for name in sources]


def test_what_nothing_needs_falls_away(tmp_path: Path) -> None:
    one = '"""Doc."""\nimport json\nimport os\nLEFT = json.dumps(1)  # why\ndef out() -> None:\n    return os.sep\n'
    two = 'from .one import LEFT\ndef run(event: dict) -> str:\n    """Doc."""\n    return LEFT + event["a"]\n'

    written = flatten(modules(tmp_path, one=one, two=two), "run")

    assert written == (
        'from __future__ import annotations\nimport json\nLEFT = json.dumps(1)\ndef run(event):\n return LEFT + event["a"]\n'
    )


def test_a_body_of_a_docstring_is_left_empty(tmp_path: Path) -> None:
    (path,) = modules(tmp_path, one='class Gone(Exception):\n    """Doc."""\n')

    assert flatten([path], "Gone").endswith("class Gone(Exception):\n pass\n")


@pytest.mark.parametrize(
    ("sources", "said"),
    [
        ({"one": "A = 1\n", "two": "A = 2\n"}, "two.py gives A another meaning than a module before it"),
        ({"one": "import json\n", "two": "json = 2\n"}, "two.py gives json another meaning"),
        ({"one": "def a(): ...\n", "two": "def a(): return 1\n"}, "two.py gives a another meaning"),
        ({"one": "from .two import A\n", "two": "A = 1\n"}, "one.py imports from two, which is not before it"),
        ({"one": "from ses_secure_user.two import A\n"}, "one.py imports from two, which is not before it"),
        ({"one": "import json as A\n"}, "one.py imports json under another name"),
    ],
)
def test_a_name_of_two_meanings_is_refused(sources: dict[str, str], said: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        flatten(modules(tmp_path, **sources), "A")
