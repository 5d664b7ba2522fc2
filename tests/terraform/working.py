"""A Terraform configuration in its own folder, and the program that runs it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.summary import LINES

if TYPE_CHECKING:
    from collections.abc import Mapping

Json = dict[str, Any]

ROOT = Path(__file__).parents[2]
MODULE = ROOT / "terraform"
PROGRAMS = {"terraform": "terraform", "tofu": "opentofu"}
"""The programs, each with a part of the name of its provider registry."""

PROVIDER = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  region                  = "us-east-1"
  skip_metadata_api_check = true
}
"""
CHANGED = 2
"""The exit code of a plan with changes."""


def missing(program: str) -> str:
    """Return the reason why a program cannot run, or an empty text."""
    plugins = os.environ.get("TERRAFORM_PLUGINS")
    if not shutil.which(program):
        return f"{program} is not installed"
    if not plugins:
        return "TERRAFORM_PLUGINS names no folder with the AWS provider"
    hosts = [path.name for path in Path(plugins).iterdir() if (path / "hashicorp" / "aws").exists()]
    return "" if any(PROGRAMS[program] in host for host in hosts) else f"{plugins} has no AWS provider for {program}"


def note(program: str, reason: str) -> None:
    """Add the reason why a program did not run to the summary, once."""
    line = f"{program} did not run: {reason}"
    if line not in LINES["terraform"]:
        LINES["terraform"].append(line)


class Terraform:
    """A configuration, and the program that applies it."""

    def __init__(self, program: str, folder: Path, env: Mapping[str, str]) -> None:
        self.folder, self._program = folder, program
        settings = folder / "settings"
        settings.touch()
        own = {"CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": str(settings), "TF_IN_AUTOMATION": "1"}
        self._env = {**env, **own, "PATH": os.environ["PATH"]}

    def write(self, configuration: Json, name: str = "main") -> None:
        """Write a file of the configuration. Texts are literal unless they are marked as expressions."""
        (self.folder / f"{name}.tf.json").write_text(json.dumps(configuration, ensure_ascii=False), encoding="utf-8")

    def init(self, *, provider: bool = True) -> None:
        """Install modules and the provider."""
        if provider:
            (self.folder / "provider.tf").write_text(PROVIDER, encoding="utf-8")
        done = self.run("init", f"-plugin-dir={os.environ['TERRAFORM_PLUGINS']}")
        assert done.returncode == 0, done.stderr

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command."""
        command, *options = arguments
        return subprocess.run(
            [self._program, command, *options]
            if command == "state"
            else [self._program, command, "-no-color", *options],
            cwd=self.folder,
            env=self._env,
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=300,
        )

    def apply(self) -> dict[str, Any]:
        """Apply the configuration, and return its outputs."""
        done = self.run("apply", "-auto-approve")
        assert done.returncode == 0, done.stderr
        return {name: one["value"] for name, one in json.loads(self.run("output", "-json").stdout).items()}

    def refused(self) -> str:
        """Apply the configuration, which must fail, and return the reason as one line."""
        done = self.run("apply", "-auto-approve")
        assert done.returncode == 1, done.stdout
        return one_line(done.stderr)

    def is_planned(self) -> bool:
        """Return whether a plan has changes."""
        done = self.run("plan", "-detailed-exitcode")
        assert done.returncode in {0, CHANGED}, done.stderr
        return done.returncode == CHANGED

    def planned(self) -> Json:
        """Plan, and return the plan as JSON. The plan file is kept."""
        done = self.run("plan", "-out=plan")
        assert done.returncode == 0, done.stderr
        return dict(json.loads(self.run("show", "-json", "plan").stdout))

    def state(self) -> Json:
        """Return the state as JSON."""
        return dict(json.loads(self.run("show", "-json").stdout))

    def destroy(self) -> None:
        """Destroy all resources."""
        done = self.run("destroy", "-auto-approve")
        assert done.returncode == 0, done.stderr

    def written(self) -> str:
        """Return all files that the program wrote as text, such as states, plans and locks. Archives are unpacked."""
        found = []
        for path in sorted(self.folder.glob("*")):
            if path.is_file() and path.name != "provider.tf":
                shutil.copy(path, self.folder / "read.zip")
                found.append(path.read_bytes())
                unpacked = self.folder / "unpacked"
                if path.read_bytes()[:2] == b"PK":
                    shutil.unpack_archive(self.folder / "read.zip", unpacked)
                    found += [one.read_bytes() for one in unpacked.rglob("*") if one.is_file()]
        return b"\n".join(found).decode(errors="replace")


def one_line(text: str) -> str:
    """Return a diagnostic without its frame and line breaks."""
    return " ".join(text.replace("│", " ").split())


def resources(module: Json) -> list[Json]:
    """Return the resources of a module in a plan or state, including those of its child modules."""
    found: list[Json] = list(module.get("resources", []))
    for child in module.get("child_modules", []):
        found += resources(child)
    return found


def literal(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Escape the texts of a value so that Terraform uses them literally."""
    if isinstance(value, str):
        return value.replace("${", "$${").replace("%{", "%%{")
    if isinstance(value, list | tuple):
        return [literal(one) for one in value]
    return {key: literal(one) for key, one in value.items()} if isinstance(value, dict) else value
