"""Checks of templates with checkov, which runs in its own environment."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple


class Report(NamedTuple):
    """The number of passed checks, and the ids of failed checks."""

    passed: int
    failed: set[str]


def checked(templates: Mapping[str, str], folder: Path) -> dict[str, Report]:
    """Check all templates in one run, because checkov is slow to start."""
    for name, template in templates.items():
        (folder / f"{name}.json").write_text(template, encoding="utf-8")
    checkov = Path(sys.prefix, "checkov", "bin", "checkov")
    options = ["--framework", "cloudformation", "--output", "json", "--skip-download"]

    done = subprocess.run(
        [checkov, "--directory", folder, *options], capture_output=True, encoding="utf-8", check=False
    )

    results = json.loads(done.stdout)["results"]

    def of(name: str, outcome: str) -> list[str]:
        return [one["check_id"] for one in results[f"{outcome}_checks"] if Path(one["file_path"]).stem == name]

    return {name: Report(len(of(name, "passed")), set(of(name, "failed"))) for name in templates}
