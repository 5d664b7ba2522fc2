"""Checks of a template with checkov, which runs in its own environment."""

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple


class Report(NamedTuple):
    """The number of passed checks, and the ids of failed checks."""

    passed: int
    failed: set[str]


def checked(template: str, folder: Path) -> Report:
    file = folder / "template.json"
    file.write_text(template, encoding="utf-8")
    checkov = Path(sys.prefix, "checkov", "bin", "checkov")
    options = ["--framework", "cloudformation", "--output", "json", "--skip-download"]

    done = subprocess.run([checkov, "--file", file, *options], capture_output=True, encoding="utf-8", check=False)

    report = json.loads(done.stdout)
    return Report(report["summary"]["passed"], {one["check_id"] for one in report["results"]["failed_checks"]})
