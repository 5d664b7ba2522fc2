"""The function's code as one file: its content equals the modules, and it passes their tests."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ses_secure_user.template import code
from ses_secure_user.template.flatten import flatten
from tests.summary import LINES

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "ses_secure_user"
EVENTS = ("test_answers", "test_by_hand", "test_deployments", "test_forged", "test_rotations")


def left_out(file: str, text: str) -> str:
    """Return the lines of a module that are missing below its heading, and check the order of the others."""
    kept = [line for line in text.splitlines() if line]
    missing = []
    for line in (PACKAGE / file).read_text(encoding="utf-8").splitlines():
        if line and line == next(iter(kept), None):
            del kept[0]
        elif line:
            missing.append(line)
    assert kept == []
    return "\n".join(missing)


def is_own_import_or_types(node: ast.stmt) -> bool:
    if isinstance(node, ast.If):
        return ast.unparse(node.test) == "TYPE_CHECKING"
    is_own = isinstance(node, ast.ImportFrom) and (node.level > 0 or str(node.module).startswith("ses_secure_user."))
    return is_own or ast.unparse(node) == "from __future__ import annotations"


def test_it_contains_the_modules_unchanged() -> None:
    start, *parts = re.split(r"^# --- (\S+) -+$", code(), flags=re.MULTILINE)

    assert start.strip() == "from __future__ import annotations"
    assert set(parts[::2]) >= {
        f"functions/issuer/{path.name}" for path in (PACKAGE / "functions" / "issuer").glob("[!_]*.py")
    }
    for file, text in zip(parts[::2], parts[1::2], strict=True):
        assert all(map(is_own_import_or_types, ast.parse(left_out(file, text)).body))


def test_it_imports_only_the_sdk_of_the_runtime(tmp_path: Path) -> None:
    tree = ast.parse(code())
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    modules |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    (tmp_path / "index.py").write_text(code(), encoding="utf-8")
    script = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import index; print(index.checked.__module__)"

    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script], capture_output=True, encoding="utf-8", check=False
    )

    assert done.stdout == "index\n", done.stderr
    assert {name.partition(".")[0] for name in modules} <= sys.stdlib_module_names | {"boto3", "botocore"}


def test_it_passes_the_tests_of_single_events() -> None:
    """The life cycle tests run again with the single file instead of the issuer's modules."""
    files = [f"tests/lifecycle/{name}.py" for name in EVENTS]
    command = [sys.executable, "-m", "pytest", "-p", "tests.template.one_file", "-q", *files]
    env = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}

    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False, env=env)

    passed = re.search(r"(\d+) passed", done.stdout)
    assert done.returncode == 0, done.stdout
    assert passed
    assert int(passed[1]) > 100
    LINES["template"].append(f"{passed[1]} tests of single events pass with its one file")


def written_as_one(folder: Path, **sources: str) -> str:
    for name, source in sources.items():
        (folder / f"{name}.py").write_text(source, encoding="utf-8")
    return flatten(folder, folder / f"{[*sources][-1]}.py")


def test_modules_follow_those_they_import_from(tmp_path: Path) -> None:
    one = '"""Doc."""\n\nfrom __future__ import annotations\n\nimport json\n\nLEFT = json.dumps(1)  # why\n'
    two = "from typing import TYPE_CHECKING\n\nfrom .one import LEFT\n\nif TYPE_CHECKING:\n    import os\n\n\nRIGHT = LEFT\n"
    three = "from .two import RIGHT\nfrom .one import LEFT\n\nBOTH = LEFT + RIGHT\n"

    written = written_as_one(tmp_path, one=one, two=two, three=three)

    lines = [line for line in written.splitlines() if line]
    assert [re.sub(" -+$", "", line) for line in lines] == [
        "from __future__ import annotations",
        "# --- one.py",
        '"""Doc."""',
        "import json",
        "LEFT = json.dumps(1)  # why",
        "# --- two.py",
        "from typing import TYPE_CHECKING",
        "RIGHT = LEFT",
        "# --- three.py",
        "BOTH = LEFT + RIGHT",
    ]


NEEDED = "from .one import A\n"


@pytest.mark.parametrize(
    ("sources", "said"),
    [
        ({"one": "A = 1\n", "two": NEEDED + "A = 2\n"}, "two.py defines A differently from a module before it"),
        ({"one": "A: int = 1\n", "two": NEEDED + "B = A = 2\n"}, "two.py defines A differently"),
        ({"one": "import json\nA = 1\n", "two": NEEDED + "json = 2\n"}, "two.py defines json differently"),
        ({"one": "import json as A\n", "two": NEEDED + "import re as A\n"}, "two.py defines A differently"),
        ({"one": "from a import A\n", "two": NEEDED + "from b import A\n"}, "two.py defines A differently"),
        ({"one": "def A(): ...\n", "two": NEEDED + "def A(): return 1\n"}, "two.py defines A differently"),
        ({"one": "A = 1\n", "two": "from .one import A as B\n"}, "two.py imports A under another name"),
    ],
)
def test_a_name_with_two_definitions_is_refused(sources: dict[str, str], said: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        written_as_one(tmp_path, **sources)


def test_a_name_can_be_defined_twice_in_the_same_way(tmp_path: Path) -> None:
    source = "import json\nLOGGER = json.dumps(1)\n"

    written = written_as_one(tmp_path, one=source, two=f"from .one import json\n{source}")

    assert written.count("LOGGER = json.dumps(1)") == 2
