"""Deployment of `app.py` with the real CDK CLI, as in the demo."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from local_aws.aws import LocalAws

ROOT = Path(__file__).parents[2]
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""The content security policy of the page, with which a browser loads nothing."""
SHOWN_AT_LEAST = 10
"""The README shows more than this number of the demo's lines."""
LINES, COLUMNS = 60, 80


@pytest.fixture(scope="module")
def demo() -> list[str]:
    """Return the lines that the demo prints."""
    done = subprocess.run([sys.executable, "-m", "demo"], cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def test_the_demo_prints_the_lines_of_the_readme(demo: list[str]) -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    told = [line for line in lines if line.startswith(("▸", "  ✓", "  ✗"))]
    shown = iter(demo)
    assert len(told) > SHOWN_AT_LEAST
    assert [line for line in told if line not in shown] == []  # the iterator continues, so the order is checked too


def test_the_demo_fits_on_a_screen(demo: list[str]) -> None:
    assert len(demo) <= LINES
    assert [line for line in demo if len(line) > COLUMNS] == []


def test_the_demo_leaves_one_page(demo: list[str]) -> None:
    """It contains the picture, the deployed policy and the proof, and needs no other file."""
    page = (ROOT / demo[-1]).read_text(encoding="utf-8")
    assert (ROOT / "docs" / "how-it-works.svg").read_text(encoding="utf-8") in page
    assert "DenyOtherOrigins" in page
    assert re.search(r"\d+ proved, \d+ observed", page)
    assert POLICY in page
    assert re.findall(r"(?:href|src|@import|url\((?!#))", page.replace(POLICY, "")) == []


def test_the_example_values_cannot_be_deployed(aws: LocalAws, tmp_path: Path) -> None:
    env = os.environ | {"CDK_OUTDIR": str(tmp_path), "CDK_CONTEXT_JSON": "{}"}
    subprocess.run([sys.executable, "app.py"], cwd=ROOT, env=env, check=True)
    before = aws.leftovers()
    aws.bootstrap()
    done = aws.cdk("deploy", "--require-approval", "never", app=tmp_path)
    assert done.returncode
    assert "PassIdentityFromAddressAndAllowedCidrsAsContext" in done.stdout + done.stderr
    assert aws.leftovers() == before
