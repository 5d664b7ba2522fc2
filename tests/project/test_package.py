"""The distributions: the wheel, the function's asset in it, `app.py`, and pinned requirements."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

import ses_secure_user
from tests.cases.shapes import IRELAND, SHAPES, made, minimal

ROOT = Path(__file__).parents[2]
FUNCTIONS = ROOT / "ses_secure_user" / "functions"
ISSUER = {str(path.relative_to(FUNCTIONS)) for path in (FUNCTIONS / "issuer").glob("*.py")}
CONTEXT = {
    "identity": "example.com",
    "from_address": "noreply@example.com,billing@example.com",
    "allowed_cidrs": "203.0.113.0/24, 198.51.100.7",
}


def run(*command: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, env=os.environ | env, capture_output=True, encoding="utf-8", check=False)


def built(source: Path, folder: Path) -> dict[str, Path]:
    """Build the wheel and the source distribution of a tree, and return them by file extension."""
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(source)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    return {path.suffix: path for path in folder.iterdir()}


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return built(ROOT, tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="module")
def wheel(distributions: dict[str, Path]) -> Path:
    return distributions[".whl"]


@pytest.fixture(scope="module")
def asset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the function's asset."""
    folder = tmp_path_factory.mktemp("assembly")
    app = cdk.App(analytics_reporting=False, outdir=str(folder))
    minimal(cdk.Stack(app, "Stack", env=IRELAND))
    app.synth()
    (found,) = folder.glob("asset.*")
    return found


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_the_asset_contains_only_the_issuer(asset: Path) -> None:
    assert files(asset) == ISSUER


def test_the_asset_can_be_imported_alone(asset: Path) -> None:
    script = f"import sys; sys.path.insert(0, {str(asset)!r}); import issuer.handler; print(issuer.handler.__file__)"
    done = run(sys.executable, "-I", "-c", script)
    assert (done.returncode, done.stdout.strip()) == (0, f"{asset}/issuer/handler.py"), done.stderr


@pytest.mark.parametrize("name", sorted(ISSUER))
def test_the_function_imports_only_what_lambda_has(name: str) -> None:
    """It may import the standard library, the SDK of the runtime and, relatively, its own modules."""
    tree = ast.parse((FUNCTIONS / name).read_text(encoding="utf-8"))
    typing_only = {node for one in ast.walk(tree) if isinstance(one, ast.If) for node in ast.walk(one)}
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import) and node not in typing_only]
    froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node not in typing_only]
    absolute = [alias.name for node in imports for alias in node.names] + [
        str(one.module) for one in froms if not one.level
    ]
    assert {module.partition(".")[0] for module in absolute} <= sys.stdlib_module_names | {"boto3", "botocore"}
    assert {one.level for one in froms} <= {0, 1}


def test_the_wheel_contains_the_package_with_the_function(wheel: Path) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    package = ROOT / "ses_secure_user"
    expected = {f"ses_secure_user/{name}" for name in files(package) if "__pycache__" not in name}
    assert names == expected
    assert names >= {f"ses_secure_user/functions/{name}" for name in ISSUER} | {"ses_secure_user/py.typed"}


def test_the_source_distribution_is_complete(distributions: dict[str, Path]) -> None:
    with tarfile.open(distributions[".gz"]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    folders = {name.partition("/")[0] for name in names if "/" in name}
    assert folders == {"docs", "examples", "scanners", "ses_secure_user", "terraform"}
    texts = {"CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "SECURITY.md", "pyproject.toml"}
    assert {name for name in names if "/" not in name} == texts | {"PKG-INFO", ".gitignore"}


def test_the_description_on_an_index_has_no_relative_links(wheel: Path) -> None:
    (name,) = (name for name in zipfile.ZipFile(wheel).namelist() if name.endswith("/METADATA"))
    description = zipfile.ZipFile(wheel).read(name).decode().partition("\n\n")[2]
    assert "the only From addresses" in description
    assert re.findall(r"\]\((?!https://)[^)]*\)", description) == []
    assert set(re.findall(r" \(`([^`]+)`\)", description)) >= {"docs/clients.md", "examples/", "LICENSE"}


def test_builds_are_reproducible(distributions: dict[str, Path], tmp_path: Path) -> None:
    shutil.copytree(ROOT, tmp_path / "tree", ignore=shutil.ignore_patterns(".*", "node_modules", "cdk.out"))
    shutil.rmtree(tmp_path / "tree" / "tests")
    shutil.copy(ROOT / ".gitignore", tmp_path / "tree")
    for path in (tmp_path / "tree").rglob("*"):
        os.utime(path, (0, 0))
    again = built(tmp_path / "tree", tmp_path / "out")
    assert {ending: path.read_bytes() for ending, path in again.items()} == {
        ending: path.read_bytes() for ending, path in distributions.items()
    }


def test_an_app_elsewhere_synthesizes_from_the_installed_wheel(wheel: Path, tmp_path: Path) -> None:
    site, app = tmp_path / "site", tmp_path / "app.py"
    zipfile.ZipFile(wheel).extractall(site)  # noqa: S202 - built by this test
    app.write_text(
        "import aws_cdk as cdk, ses_secure_user\n"
        f"assert ses_secure_user.__file__.startswith({str(site)!r}), ses_secure_user.__file__\n"
        f"app = cdk.App(outdir={str(tmp_path / 'out')!r})\n"
        "stack = cdk.Stack(app, 'Mail')\n"
        "for name in ('Orders', 'Alerts'):\n"
        "    ses_secure_user.SecureSesSmtpUser(stack, name, identity='example.com',\n"
        "        from_address='noreply@example.com', allowed_cidrs=['203.0.113.0/24'])\n"
        "app.synth()\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, str(app)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(site), "CDK_VALIDATION": "false"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (found,) = (tmp_path / "out").glob("asset.*")
    assert files(found) == ISSUER


def test_the_wheel_has_the_version_of_the_package(wheel: Path) -> None:
    assert wheel.name == f"ses_secure_user-{ses_secure_user.__version__}-py3-none-any.whl"


REQUIREMENTS = {
    "deploy": ROOT / "requirements.txt",
    "dev": ROOT / "requirements-dev.txt",
    "node": ROOT / "requirements-node.txt",
    "release": ROOT / "requirements-release.txt",
    "checkov": ROOT / "tests" / "construct" / "requirements-checkov.txt",
    "floor": ROOT / "tests" / "project" / "requirements-floor.txt",
}
"""The requirements file of each dependency group."""


def pinned(path: Path) -> dict[str, str]:
    """Return the versions in a requirements file, and check that it has hashes and names no index."""
    entry = r"([\w-]+)(?:\[[\w,-]+\])?==([\w.]+)(?: ; [^\\]+)?(?: \\\n    --hash=sha256:\w{64})+\n"
    lines = "".join(
        line for line in path.read_text(encoding="utf-8").splitlines(keepends=True) if not line.startswith("#")
    )
    assert re.fullmatch(f"(?:{entry})+", lines), f"{path.name} has other lines than pins with hashes"
    return dict(re.findall(f"^{entry}", lines, re.MULTILINE))


def asked_for(group: str) -> set[str]:
    """Return the packages in a dependency group, with the package's own dependencies if these are pinned too."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project, groups = settings["project"], settings["dependency-groups"]
    asked = {
        "dev": [
            *groups["dev"][1:],
            *groups["node"],
            *project["dependencies"],
            *project["optional-dependencies"]["cli"],
        ],
        "deploy": project["dependencies"],
    }
    return {name for one in asked.get(group) or groups[group] for name in re.findall(r"^[\w-]+", one)}


@pytest.mark.parametrize("group", REQUIREMENTS)
def test_installed_packages_are_pinned_by_hash(group: str) -> None:
    assert set(pinned(REQUIREMENTS[group])) >= asked_for(group)


@pytest.mark.parametrize("group", ["deploy", "node"])
def test_tested_versions_are_the_deployed_ones(group: str) -> None:
    tested, deployed = pinned(REQUIREMENTS["dev"]), pinned(REQUIREMENTS[group])
    assert deployed == {name: tested[name] for name in deployed}


@pytest.mark.parametrize("folder", ["", "local_aws/iam"])
def test_npm_packages_are_pinned_by_hash(folder: str) -> None:
    asked = json.loads((ROOT / folder / "package.json").read_text(encoding="utf-8"))["dependencies"]
    locked = json.loads((ROOT / folder / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    del locked[""]
    assert {name: locked[f"node_modules/{name}"]["version"] for name in asked} == asked
    assert [name for name, one in locked.items() if not one["integrity"].startswith("sha512-")] == []
    assert [name for name, one in locked.items() if "resolved" in one or one.get("hasInstallScript")] == []


def test_only_a_package_of_aws_deploys() -> None:
    """The CDK CLI runs with the permissions of an administrator. It has no dependencies."""
    locked = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert locked.keys() == {"", "node_modules/aws-cdk"}


def test_every_requirements_file_is_installed_with_hashes() -> None:
    """`make requirements` updates each file, and `make` installs only packages in these files."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    files = {str(path.relative_to(ROOT)) for path in REQUIREMENTS.values()}
    assert set(re.findall(r"--output-file (\S+\.txt)", makefile)) == files
    assert re.findall(r"^INSTALL := install .*--require-hashes --only-binary :all:$", makefile, re.MULTILINE)
    installing = [line for line in makefile.splitlines() if re.search(r"\b(install|npm)\b", line) and line[0] != "#"]
    known = r"^INSTALL|uv pip install|npm ci --ignore-scripts|npm audit$"
    assert [line for line in installing if not re.search(known, line)] == []


def test_the_workflow_pins_each_action_to_a_commit() -> None:
    """A tag can be moved. The version next to the commit is for maintainers."""
    text = (ROOT / "docs" / "github-workflow.yml").read_text(encoding="utf-8")
    used = re.findall(r"uses: (.*)", text)
    assert used
    assert [one for one in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one)] == []


def test_the_workflow_has_read_permission_only() -> None:
    text = (ROOT / "docs" / "github-workflow.yml").read_text(encoding="utf-8")
    assert re.findall(r"permissions:(.*)\n(.*)", text) == [(" {}", "concurrency:"), ("", "      contents: read")]
    assert text.count("persist-credentials: false") == text.count("actions/checkout@") == 1
    assert "${{ secrets" not in text


def test_the_workflow_runs_the_required_checks() -> None:
    text = (ROOT / "docs" / "github-workflow.yml").read_text(encoding="utf-8")
    assert re.findall(r"run: (.*)", text) == ["make test"]
    tested = re.findall(r"3\.\d+", re.findall(r"python: (.*)", text)[0])
    classifiers = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["classifiers"]
    supported = re.findall(r"Python :: (3\.\d+)", "\n".join(classifiers))
    assert tested == [supported[0], supported[-1]]


def lowest() -> dict[str, str]:
    """Return the lowest supported version of each dependency."""
    dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    return dict(re.findall(r"^([\w-]+)>=([\d.]+),", "\n".join(dependencies), re.MULTILINE))


def test_every_shape_is_the_same_with_the_lowest_versions(tmp_path: Path) -> None:
    floors = pinned(ROOT / "tests" / "project" / "requirements-floor.txt")
    assert {name: floors[name].removesuffix(".0") for name in lowest()} == lowest()
    script = tmp_path / "shapes.py"
    script.write_text(
        "import json, sys\n"
        "from aws_cdk.assertions import Template\n"
        "from tests.cases.shapes import SHAPES, made\n"
        "json.dump({name: Template.from_stack(made(name)).to_json() for name in SHAPES}, sys.stdout)\n",
        encoding="utf-8",
    )
    floor = str(Path(sys.prefix, "floor", "bin", "python"))
    then = run(floor, str(script), PYTHONPATH=str(ROOT), CDK_VALIDATION="false")
    assert then.returncode == 0, then.stderr
    assert json.loads(then.stdout) == {name: Template.from_stack(made(name)).to_json() for name in SHAPES}


def synthesized(tmp_path: Path, context: dict[str, str], **env: str) -> dict[str, dict[str, Any]]:
    done = run(sys.executable, "app.py", CDK_OUTDIR=str(tmp_path), CDK_CONTEXT_JSON=json.dumps(context), **env)
    assert done.returncode == 0, done.stderr
    return dict(json.loads((tmp_path / "SesSecureUser.template.json").read_text(encoding="utf-8")))


def test_the_app_creates_the_user_of_the_context(tmp_path: Path) -> None:
    template = synthesized(tmp_path, CONTEXT | {"smtp_port": "587", "user_name": "mailer"})
    assert set(template["Outputs"]) == {"SecretArn", "SmtpHost", "SmtpPort", "UserName"}
    text = json.dumps(template)
    assert '"ses:FromAddress": ["noreply@example.com", "billing@example.com"]' in text
    assert '"aws:SourceIp": ["198.51.100.7/32", "203.0.113.0/24"]' in text
    assert '"Port": "587"' in text
    assert '"UserName": "mailer"' in text


def test_without_context_the_app_cannot_be_deployed(tmp_path: Path) -> None:
    parameters = synthesized(tmp_path, {}, CDK_VALIDATION="false")["Parameters"]
    (name,) = set(parameters) - {"BootstrapVersion"}
    assert name.startswith("ExampleValuesCannotBeDeployed")
    assert parameters[name]["AllowedPattern"] == "(?!)"
    assert "Default" not in parameters[name]


def test_a_port_that_is_not_a_number_is_refused(tmp_path: Path) -> None:
    context = json.dumps(CONTEXT | {"smtp_port": "abc"})
    done = run(sys.executable, "app.py", CDK_OUTDIR=str(tmp_path), CDK_CONTEXT_JSON=context)
    assert done.returncode
    assert done.stderr.endswith(
        "ValueError: `smtp_port` must be one that SES offers, got 'abc'; write one of 25, 465, 587, 2465, 2587\n"
    )


def test_an_incomplete_context_is_refused(tmp_path: Path) -> None:
    done = run(sys.executable, "app.py", CDK_OUTDIR=str(tmp_path), CDK_CONTEXT_JSON='{"identity": "example.com"}')
    assert done.returncode
    assert (
        "context must have identity and from_address and allowed_cidrs, got identity; "
        "add -c from_address=noreply@example.com -c allowed_cidrs=203.0.113.0/24"
    ) in done.stderr
