"""The reference, which is built from docstrings and contains all public names."""

import html
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import ses_secure_user
from ses_secure_user.cli.main import cli

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Build the page as `make reference` does, in a temporary folder."""
    (command,) = re.findall(
        r"^\t\.venv/bin/(python -m sphinx .*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
    )
    _, *arguments, _ = command.split()
    folder = tmp_path_factory.mktemp("reference")
    done = subprocess.run(
        [sys.executable, *arguments, str(folder)], cwd=ROOT, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    return html.unescape((folder / "index.html").read_text(encoding="utf-8"))


def members(name: str) -> set[str]:
    """Return the public members that a class itself defines."""
    return {member for member in vars(getattr(ses_secure_user, name)) if not member.startswith("_")}


@pytest.mark.parametrize("name", ses_secure_user.__all__)
def test_the_reference_has_every_public_member(page: str, name: str) -> None:
    documented = set(re.findall(rf'id="(ses_secure_user\.{name}[\w.]*)"', page))
    assert documented >= {f"ses_secure_user.{name}"} | {f"ses_secure_user.{name}.{one}" for one in members(name)}


@pytest.mark.parametrize("name", [one for one in ses_secure_user.__all__ if not one.endswith("Properties")])
def test_the_reference_has_every_property(page: str, name: str) -> None:
    part = page.partition(f'id="ses_secure_user.{name}.__init__"')[2].partition('class="py class"')[0]
    _, *properties = inspect.signature(getattr(ses_secure_user, name).__init__).parameters
    assert re.findall(r"<strong>(\w+)</strong> \W ", part)[: len(properties)] == properties


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_the_reference_has_every_option(page: str, name: str) -> None:
    options = {option for one in cli.commands[name].params for option in one.opts if option.startswith("--")}
    part = page.partition(f'id="ses-secure-user-{name}"')[2].partition("<section")[0]
    assert set(re.findall(r'<span class="pre">(--[\w-]+)</span>', part)) >= options
