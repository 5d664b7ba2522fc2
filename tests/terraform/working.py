"""A Terraform configuration in a folder of its own, run by the real program."""

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
"""Each program, and what the host that it takes providers from has in its name."""

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
"""The exit code of a plan that is not empty."""


def missing(program: str) -> str:
    """Why a program cannot run here; empty if it can."""
    plugins = os.environ.get("TERRAFORM_PLUGINS")
    if not shutil.which(program):
        return f"{program} is not installed"
    if not plugins:
        return "TERRAFORM_PLUGINS names no folder with the AWS provider"
    hosts = [path.name for path in Path(plugins).iterdir() if (path / "hashicorp" / "aws").exists()]
    return "" if any(PROGRAMS[program] in host for host in hosts) else f"{plugins} has no AWS provider for {program}"


def note(program: str, reason: str) -> None:
    """Tell at the end of the run why a program did not run, once."""
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
        """Write a file of the configuration; what is in its texts is literal, but for what is marked as an expression."""
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
        """Apply the configuration, and give its outputs."""
        done = self.run("apply", "-auto-approve")
        assert done.returncode == 0, done.stderr
        return {name: one["value"] for name, one in json.loads(self.run("output", "-json").stdout).items()}

    def refused(self) -> str:
        """Apply the configuration, which fails, and give the reason as one line."""
        done = self.run("apply", "-auto-approve")
        assert done.returncode == 1, done.stdout
        return one_line(done.stderr)

    def is_planned(self) -> bool:
        """Whether a plan has anything to change."""
        done = self.run("plan", "-detailed-exitcode")
        assert done.returncode in {0, CHANGED}, done.stderr
        return done.returncode == CHANGED

    def planned(self) -> Json:
        """Plan, and give the plan as JSON; the plan's file stays."""
        done = self.run("plan", "-out=plan")
        assert done.returncode == 0, done.stderr
        return dict(json.loads(self.run("show", "-json", "plan").stdout))

    def state(self) -> Json:
        """Give the state as JSON."""
        return dict(json.loads(self.run("show", "-json").stdout))

    def destroy(self) -> None:
        """Destroy all that was applied."""
        done = self.run("destroy", "-auto-approve")
        assert done.returncode == 0, done.stderr

    def written(self) -> str:
        """All that the program wrote: states, plans, locks, as text and, where a file is an archive, unpacked."""
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
    """A diagnostic without its frame and its line breaks."""
    return " ".join(text.replace("│", " ").split())


def resources(module: Json) -> list[Json]:
    """Give the resources of a module's values in a plan or a state, with those of the modules in it."""
    found: list[Json] = list(module.get("resources", []))
    for child in module.get("child_modules", []):
        found += resources(child)
    return found


def literal(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Write a value so that Terraform takes its texts as they are."""
    if isinstance(value, str):
        return value.replace("${", "$${").replace("%{", "%%{")
    if isinstance(value, list | tuple):
        return [literal(one) for one in value]
    return {key: literal(one) for key, one in value.items()} if isinstance(value, dict) else value
