"""The release: the runtime's packages in the bill of materials, and the vulnerability scan."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from release import bill_of_materials

ROOT = Path(__file__).parents[2]
ISSUER = ROOT / "ses_secure_user" / "functions" / "issuer"


@pytest.fixture
def bill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return a bill of materials with the runtime's packages."""
    file = tmp_path / "bill.cdx.json"
    made = {
        "metadata": {"component": {"bom-ref": "root"}},
        "components": [{"name": "boto3", "version": "1.2.3", "bom-ref": "boto3==1.2.3"}],
        "dependencies": [{"ref": "root", "dependsOn": ["boto3==1.2.3"]}, {"ref": "boto3==1.2.3"}],
    }
    file.write_text(json.dumps(made), encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["bill_of_materials", str(file)])
    bill_of_materials.main()
    return dict(json.loads(file.read_text(encoding="utf-8")))


def test_the_bill_names_the_runtimes_packages(bill: dict[str, Any]) -> None:
    """AWS chooses their versions, so the bill has none. Packages of the command line have versions."""
    external = {one["name"]: one.get("version") for one in bill["components"] if one.get("isExternal")}
    imported = "".join(path.read_text(encoding="utf-8") for path in ISSUER.glob("*.py"))
    assert external == dict.fromkeys(re.findall(r"^ *(?:import|from) (boto\w+)", imported, re.MULTILINE))
    assert bill["components"][0]["version"] == "1.2.3"


def test_the_bill_names_the_dependents_of_the_runtime(bill: dict[str, Any]) -> None:
    refs = {one["bom-ref"] for one in bill["components"]}
    depends = {one["ref"]: one.get("dependsOn", []) for one in bill["dependencies"]}
    assert set(depends["root"]) == refs
    assert depends.keys() == refs | {"root"}


def test_pinned_packages_are_scanned_before_a_release() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    scanned = re.findall(r"--requirement (\S+)", makefile.partition("\nscan: ")[2].partition("\n\n")[0])
    assert scanned == ["requirements.txt", "requirements-node.txt", "requirements-dev.txt"]
    assert re.search(r"^SCAN \?= scan\nrelease: clean-tree \$\(SCAN\) ", makefile, re.MULTILINE)
