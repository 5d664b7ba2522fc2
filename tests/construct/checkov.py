"""What checkov says of a template, in an environment of its own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple


class Report(NamedTuple):
    """How many checks a template passed, and the ids of those that it failed."""

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
