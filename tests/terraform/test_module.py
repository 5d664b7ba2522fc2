"""The source of the module: its archive, tables, inputs and formatting, and its findings in checkov."""

from __future__ import annotations

import inspect
import io
import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hcl2
import pytest

from ses_secure_user import CredentialIssuer, SecureSesSmtpUser
from ses_secure_user.functions.issuer import contract, networks
from ses_secure_user.login import chosen_names, endpoint, rotation_interval
from ses_secure_user.login.verify_grant import VERIFY_ACTIONS
from terraform.issuer_zip import SOURCE, ZIP, zipped
from tests.terraform.working import MODULE, ROOT, one_line

if TYPE_CHECKING:
    from tests.terraform.conftest import Make
    from tests.terraform.working import Json

ISSUER = MODULE / "modules" / "issuer"
OPTIONS = hcl2.SerializationOptions(strip_string_quotes=True, explicit_blocks=False)
OWN = {"name", "tags", "acknowledged_warnings"}
"""Inputs for which the construct has no property, but its id, the CDK's tags and acknowledgments."""


def parsed(file: Path) -> Json:
    with file.open(encoding="utf-8") as opened:
        return hcl2.load(opened, serialization_options=OPTIONS)


def blocks(folder: Path, file: str, kind: str) -> Json:
    found: Json = {}
    for one in parsed(folder / f"{file}.tf")[kind]:
        found |= one
    return found


def text_of(folder: Path) -> str:
    return "".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.tf")))


def local(name: str) -> str:
    """Return the text of a local value in forms.tf."""
    found = re.search(
        rf"^  {name} += (\[[^\]]*\]|.*)$", (MODULE / "forms.tf").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert found, name
    return found[1]


def test_the_zip_is_made_of_the_functions_code() -> None:
    """After a change of the code, run `python terraform/issuer_zip.py`."""
    assert ZIP.read_bytes() == zipped(SOURCE)


def test_the_zip_is_the_same_on_every_machine() -> None:
    with zipfile.ZipFile(ZIP) as archive:
        entries = archive.infolist()
        assert archive.testzip() is None
    assert [one.filename for one in entries] == sorted(f"issuer/{path.name}" for path in SOURCE.glob("*.py"))
    assert {(one.date_time, one.compress_type, one.create_system, one.external_attr, one.extra) for one in entries} == {
        ((1980, 1, 1, 0, 0, 0), zipfile.ZIP_STORED, 3, 0o100644 << 16, b"")
    }


def test_the_handler_is_imported_from_the_zip(tmp_path: Path) -> None:
    zipfile.ZipFile(io.BytesIO(ZIP.read_bytes())).extractall(tmp_path)
    handler = re.search(r'handler += "(\S+)\.(\w+)"', (ISSUER / "main.tf").read_text(encoding="utf-8"))
    assert handler
    code = f"from {handler[1]} import {handler[2]}"
    subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, '.'); {code}"], cwd=tmp_path, check=True
    )


@pytest.mark.parametrize(
    ("folder", "construct", "not_here", "only_here"),
    [
        pytest.param(MODULE, SecureSesSmtpUser, {"removal_policy"}, OWN, id="user"),
        pytest.param(ISSUER, CredentialIssuer, {"vpc", "dead_letter_queue"}, OWN, id="issuer"),
    ],
)
def test_the_inputs_match_the_constructs_properties(
    folder: Path, construct: type, not_here: set[str], only_here: set[str]
) -> None:
    parameters = set(inspect.signature(vars(construct)["__init__"]).parameters) - {"self", "scope", "construct_id"}
    assert set(blocks(folder, "variables", "variable")) == parameters - not_here | only_here
    page = (ROOT / "docs" / "terraform.md").read_text(encoding="utf-8")
    assert {name for name in not_here if f"`{name}`" not in page} == set()


def test_the_default_interval_matches_the_constructs() -> None:
    parameters = inspect.signature(vars(SecureSesSmtpUser)["__init__"]).parameters
    variables = blocks(MODULE, "variables", "variable")
    assert {name for name, one in variables.items() if "default" not in one} == {"name"} | {
        name for name, one in parameters.items() if one.kind is one.KEYWORD_ONLY and one.default is one.empty
    }
    assert variables["smtp_port"]["default"] == parameters["smtp_port"].default
    assert variables["rotation_interval"]["default"] == f"{rotation_interval.DEFAULT_INTERVAL.to_days():g} days"


def test_the_lists_match_the_constructs() -> None:
    assert set(json.loads(local("smtp_regions").replace(",\n  ]", "]"))) == endpoint.SMTP_REGIONS
    own = json.loads(local("secret_fields"))
    assert own == list(contract.SECRET_FIELDS)
    assert local("named_fields") == f'concat(local.secret_fields, ["{contract.NAMED_FIELDS[-1]}"])'
    assert [*own, contract.NAMED_FIELDS[-1]] == list(contract.NAMED_FIELDS)
    assert json.loads(local("host_suffixes").replace(",\n  ]", "]")) == contract._SUFFIXES.split()  # noqa: SLF001
    assert f"contains([{', '.join(map(str, contract.SMTP_PORTS))}], var.smtp_port)" in text_of(MODULE)
    variables = (MODULE / "variables.tf").read_text(encoding="utf-8")
    for form, _ in chosen_names.CHOSEN.values():
        assert f'"^{form.pattern}$"' in variables


def test_the_reserved_networks_match_the_constructs() -> None:
    """IPv4-mapped networks are excluded, because Terraform reads them as IPv4."""
    found = re.findall(r'\{ name = "([\w-]+)", cidrs = (\[.*\]) \}', text_of(MODULE / "modules" / "networks"))
    theirs = {(cidr, kind) for kind, cidrs in found for cidr in json.loads(cidrs)}
    ours = {(str(network), kind) for network, kind in networks._RESERVED}  # noqa: SLF001
    assert ours - theirs == {("::ffff:0:0/96", "IPv4-mapped")}
    assert theirs <= ours


def test_the_calls_of_verify_are_granted() -> None:
    granted = set(
        re.findall(r'"((?:iam|ses|secretsmanager):\w+)"', (MODULE / "outputs.tf").read_text(encoding="utf-8"))
    )
    assert granted == {action for actions in VERIFY_ACTIONS.values() for action in actions} | {
        "secretsmanager:GetSecretValue",
        "secretsmanager:DescribeSecret",
    }


def table(folder: Path, kind: str) -> str:
    """Return the table of inputs or outputs for a README."""
    blocks_of = blocks(folder, f"{kind}s", kind)
    if kind == "output":
        rows = [f"| `{name}` | {one['description']} |" for name, one in blocks_of.items()]
        return "\n".join(["| output | description |", "|---|---|", *rows])
    rows = [f"| `{name}` | {shown(one)} | {one['description']} |" for name, one in blocks_of.items()]
    return "\n".join(["| input | type, default | description |", "|---|---|---|", *rows]).replace('\\"', '"')


def shown(variable: Json) -> str:
    """Return the type and the default of a variable."""
    kind = re.sub(r"object\(.*", "object", str(variable["type"]).removeprefix("${").removesuffix("}"), flags=re.DOTALL)
    kind += ")" * (kind.count("(") - kind.count(")"))
    if "default" not in variable:
        return f"{kind}, required"
    default: Any = variable["default"]
    return f"{kind}, `{'null' if default == 'null' else json.dumps(default)}`"


@pytest.mark.parametrize("kind", ["variable", "output"])
@pytest.mark.parametrize("folder", [MODULE, ISSUER], ids=["user", "issuer"])
def test_the_tables_of_the_readme_match_the_code(folder: Path, kind: str) -> None:
    assert table(folder, kind) in (folder / "README.md").read_text(encoding="utf-8")


def test_every_warning_can_be_acknowledged() -> None:
    for folder in (MODULE, ISSUER):
        told = blocks(folder, "variables", "variable")["acknowledged_warnings"]["description"]
        used = set(re.findall(r'contains\(var\.acknowledged_warnings, "(\w+)"\)', text_of(folder)))
        assert used == set(told.partition(": ")[2].split(", "))


def test_the_example_sets_inputs_of_the_module() -> None:
    example = parsed(ROOT / "examples" / "terraform" / "main.tf")
    for one in example["module"]:
        for block in one.values():
            inputs = {name for name in block if not name.startswith("__")} - {"source", "for_each"}
            assert inputs <= set(blocks(MODULE, "variables", "variable")) | set(blocks(ISSUER, "variables", "variable"))


def test_the_files_are_formatted(make: Make) -> None:
    done = make().run("fmt", "-check", "-recursive", "-diff", str(MODULE))
    assert done.stdout + done.stderr == ""
    done = make().run("fmt", "-check", "-diff", str(ROOT / "examples" / "terraform"))
    assert done.stdout + done.stderr == ""


@pytest.mark.parametrize("folder", ["terraform", "terraform/modules/issuer", "examples/terraform"])
def test_the_module_is_valid(make: Make, folder: str) -> None:
    working = make()
    shutil.copytree(MODULE, working.folder / "terraform")
    shutil.copytree(ROOT / "examples" / "terraform", working.folder / "examples" / "terraform")
    working.folder = working.folder / folder
    working.init(provider=False)
    assert json.loads(working.run("validate", "-json").stdout)["diagnostics"] == []


def test_the_modules_own_tests_pass(make: Make) -> None:
    working = make()
    shutil.copytree(MODULE, working.folder, dirs_exist_ok=True)
    working.init(provider=False)

    done = working.run("test")

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"Success! \d+ passed, 0 failed", one_line(done.stdout))


def test_checkov_findings_all_have_a_reason() -> None:
    checkov = Path(sys.prefix, "checkov", "bin", "checkov")
    options = ["--framework", "terraform", "--output", "json", "--skip-download"]
    done = subprocess.run(
        [checkov, "--directory", MODULE, *options], capture_output=True, encoding="utf-8", check=False
    )
    results = json.loads(done.stdout)["results"]

    assert results["failed_checks"] == []
    assert results["parsing_errors"] == []
    skipped = {one["check_id"] for one in results["skipped_checks"]}
    page = (ROOT / "docs" / "terraform.md").read_text(encoding="utf-8")
    assert skipped == set(re.findall(r"CKV_AWS_\d+", page))
