"""The start of the command line, which needs neither the CDK nor Node.js."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import ses_secure_user
from ses_secure_user.restrictions.rows import PURPOSES

ROOT = Path(__file__).parents[2]
WITHOUT = "import sys; sys.modules.update(dict.fromkeys({names!r})); "
RUN = "import runpy; sys.argv = ['ses-secure-user', {argument!r}]; runpy.run_module('ses_secure_user', run_name='__main__')"


def python(code: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=ROOT, env=os.environ | env, capture_output=True, encoding="utf-8", check=False)


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_it_starts_without_the_cdk_and_without_node(argument: str) -> None:
    without = WITHOUT.format(names=["aws_cdk", "jsii", "constructs"])
    done = python(without + RUN.format(argument=argument), PATH="", JSII_NODE="/nowhere")
    assert done.returncode == 0, done.stderr
    assert "ses-secure-user" in done.stdout


@pytest.mark.parametrize("name", ["boto3", "click", "jinja2", "rich"])
def test_without_the_extra_the_error_names_it(name: str) -> None:
    done = python(WITHOUT.format(names=[name]) + RUN.format(argument="--help"))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"{name} is missing: install this package with its extra `cli`\n"


@pytest.mark.parametrize("arguments", [["--help"], ["verify", "--help"], ["audit", "--help"], ["template"]])
def test_it_starts_without_modules_that_windows_lacks(arguments: list[str]) -> None:
    """Characters that a Windows code page lacks are printed too."""
    modules = WITHOUT.format(names=["fcntl", "grp", "pwd", "resource", "termios", "tty"])
    functions = "import os; [delattr(os, name) for name in ('fork', 'getuid', 'geteuid', 'killpg', 'setsid')]; "
    run = RUN.replace("{argument!r}", "*{arguments!r}").format(arguments=arguments)
    done = python(modules + functions + run, PYTHONIOENCODING="cp1252")
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_a_verdict_is_printed_where_the_code_page_lacks_it() -> None:
    script = "import sys; sys.argv = ['x', '--help']\nfrom ses_secure_user import __main__ as it\n"
    script += "try: it.main()\nexcept SystemExit: print('✓')"
    done = python(script, PYTHONIOENCODING="cp1252")
    assert done.stdout.endswith("✓\n"), done.stderr


def test_importing_the_package_imports_nothing_else() -> None:
    done = python("import sys, ses_secure_user; print([m for m in ('aws_cdk', 'jsii', 'boto3') if m in sys.modules])")
    assert done.stdout.strip() == "[]", done.stderr


def test_the_constructs_are_imported_on_first_access() -> None:
    done = python("from ses_secure_user import *; print(SecureSesSmtpUser.__name__, CredentialIssuer.__name__)")
    assert done.stdout.split() == ["SecureSesSmtpUser", "CredentialIssuer"], done.stderr
    assert {*ses_secure_user.__all__} <= {*dir(ses_secure_user)}
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = ses_secure_user.nothing


def test_every_claim_is_documented() -> None:
    sources = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "ses_secure_user" / "cli").rglob("*_claims.py")
    )
    names = set(re.findall(r'Claim\(f?"([\w-]+)', sources)) - {"other-"} | {f"other-{row.claim}" for row in PURPOSES}
    pages = "".join((ROOT / "docs" / page).read_text(encoding="utf-8") for page in ("proof.md", "rotation.md"))
    documented = set(re.findall(r"`([\w-]+)…?`", pages))
    assert {"login-current", "network-", "rotation-stuck"} < names
    assert names - documented == set()


def test_the_command_line_does_not_import_the_construct() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "ses_secure_user" / "cli").rglob("*.py")]
    imports = {line.strip() for text in sources for line in text.splitlines() if re.match(r"\s*(from|import) ", line)}
    outward = {line for line in imports if re.search(r"ses_secure_user(?!\.cli)|aws_cdk|constructs", line)}
    assert {re.sub(r" import .*", "", line) for line in outward} == {
        "from ses_secure_user",
        "from ses_secure_user.functions.issuer.contract",
        "from ses_secure_user.functions.issuer.journal",
        "from ses_secure_user.functions.issuer.smtp",
        "from ses_secure_user.functions.issuer.versions",
        "from ses_secure_user.login.key_age",
        "from ses_secure_user.restrictions.moments",
        "from ses_secure_user.restrictions.networks",
        "from ses_secure_user.restrictions.reading",
        "from ses_secure_user.restrictions.rows",
        "from ses_secure_user.template",
    }
