"""Differences between machines: the make of macOS, line ends and default encodings."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TARGETS = sorted(
    re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)[0].split()
)


@pytest.mark.parametrize("target", TARGETS)
def test_the_make_of_macos_finds_each_command(target: str) -> None:
    """Version 3.81 searches for a command in its own initial PATH, unless the line requires a shell."""
    started_with = [one for one in os.environ["PATH"].split(os.pathsep) if not one.startswith(sys.prefix)]
    env = os.environ | {"PATH": os.pathsep.join(started_with), "MAKEFLAGS": ""}
    command = ["make", "--dry-run", "--always-make", f"PYTHON={sys.executable}", target]

    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, encoding="utf-8", check=False)

    assert done.returncode == 0, done.stderr
    lines = done.stdout.replace("\\\n", "").splitlines()
    assert lines
    installed = {path.name for path in Path(sys.prefix, "bin").iterdir()}
    assert [line for line in lines if line.split()[0] in installed] == []


def test_a_clone_has_the_same_bytes_everywhere(tmp_path: Path) -> None:
    """Otherwise the hash of the function's code would change in CloudFormation and Terraform."""
    origin, clone = tmp_path / "origin", tmp_path / "clone"
    names = [".gitattributes", "terraform/modules/issuer/issuer.zip"]
    names += [str(path.relative_to(ROOT)) for path in (ROOT / "ses_secure_user/functions/issuer").glob("*.py")]
    for name in names:
        (origin / name).parent.mkdir(parents=True, exist_ok=True)
        (origin / name).write_bytes((ROOT / name).read_bytes())
    git("init", "--quiet", str(origin))
    git("-C", str(origin), "add", ".")
    git("-C", str(origin), "-c", "user.name=n", "-c", "user.email=n@example.com", "commit", "--quiet", "-m", "All")

    git("clone", "--quiet", "-c", "core.autocrlf=true", "-c", "core.eol=crlf", str(origin), str(clone))

    assert [name for name in names if (clone / name).read_bytes() != (ROOT / name).read_bytes()] == []


def git(*arguments: str) -> None:
    env = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", *arguments], env=env, check=True)


def test_text_is_read_and_written_as_utf_8() -> None:
    """The default encoding on Windows is different."""
    folders = ("ses_secure_user", "tests", "local_aws", "bench", "examples", "terraform", "release", "docs")
    sources = [*ROOT.glob("*.py"), *(path for one in folders for path in (ROOT / one).rglob("*.py"))]
    sources = [path for path in sources if "node_modules" not in path.parts]

    found = [f"{path.relative_to(ROOT)}:{line}" for path in sources for line in _defaults(path)]

    assert len(sources) > 200
    assert found == []


def _defaults(path: Path) -> Iterator[int]:
    """Yield the numbers of lines that use the default encoding."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and "encoding" not in (named := {one.arg for one in node.keywords}):
            function = ast.unparse(node.func).rpartition(".")[2]
            positional = [one.value if isinstance(one, ast.Constant) else None for one in node.args]
            if (
                (function == "open" and re.fullmatch("[rwax+t]*", str(positional[0] if positional else "")))
                or (function == "read_text" and not positional)
                or (function == "write_text" and len(positional) == 1)
                or (named & {"text", "universal_newlines"} and ast.unparse(node.func).startswith("subprocess."))
            ):
                yield node.lineno
