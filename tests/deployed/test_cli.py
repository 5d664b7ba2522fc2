"""One pass with the real CDK CLI, from `app.py` as people deploy it."""

import os
import subprocess
import sys
from pathlib import Path

from local_aws.aws import LocalAws

ROOT = Path(__file__).parents[2]
SHOWN_AT_LEAST = 10
"""Lines of the demo in the README, which leaves the others out."""


def test_the_demo_deploys_uses_renews_and_destroys() -> None:
    done = subprocess.run([sys.executable, "-m", "demo"], cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    shown = iter(done.stdout.splitlines())
    told = [
        line for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines() if line.startswith(("▸", "  ✓"))
    ]
    assert len(told) > SHOWN_AT_LEAST
    assert [line for line in told if line not in shown] == []  # the iterator goes on, so their order counts too


def test_the_example_values_cannot_be_deployed(aws: LocalAws, tmp_path: Path) -> None:
    env = os.environ | {"CDK_OUTDIR": str(tmp_path), "CDK_CONTEXT_JSON": "{}"}
    subprocess.run([sys.executable, "app.py"], cwd=ROOT, env=env, check=True)
    before = aws.leftovers()
    aws.bootstrap()
    done = aws.cdk("deploy", "--require-approval", "never", app=tmp_path)
    assert done.returncode
    assert "PassIdentityFromAddressAndAllowedCidrsAsContext" in done.stdout + done.stderr
    assert aws.leftovers() == before
