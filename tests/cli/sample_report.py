"""The sample report in the documentation. Run `python -m tests.cli.sample_report` to write it."""

import re
from pathlib import Path

from local_aws.aws import LocalAws, verified_aws
from tests.cli.command import ELSEWHERE, INSIDE, Command, deployed

PAGE = Path(__file__).parents[2] / "docs" / "sample-report.md"
HEAD = """# A sample report

`ses-secure-user verify` on one user, from an allowed network and from elsewhere: [what it proves](proof.md). It comes from
the local AWS of this repository, not from an account of AWS. Names, key ids and dates are replaced. For a pipeline the
same is written as JSON (`--json`) and JUnit (`--junit`), to be sent on as a page (`--html`).
"""


def page(aws: LocalAws, command: Command) -> str:
    """Return the page for a user as deployed."""
    text = HEAD
    for title, option, address in (
        ("From an allowed network", "--inside", INSIDE),
        ("From elsewhere", "--outside", ELSEWHERE),
    ):
        aws.send_from(address)
        done = command.run("verify", command.secret, option, env={"COLUMNS": "100"})
        text += (
            f"\n## {title}\n\n```console\n$ ses-secure-user verify SECRET {option}\n{_same(done.output, command)}```\n"
        )
    return text


def _same(output: str, command: Command) -> str:
    """Replace the values in an output that change with each run."""
    secret = re.sub(r"-\w{6}$", "", command.secret.rpartition(":")[2])
    for once, always in (
        (re.escape(secret), "Mail-MailerSecret"),
        (re.escape(command.user), "Mail-MailerUser"),
        (r"(?<=^rotated by: ).*", "Mail-IssuerFunction"),
        (r"…\w{4}\b", "…WXYZ"),
        (r"\d{4}-\d\d-\d\d", "YYYY-MM-DD"),
        (r" +$", ""),
    ):
        output = re.sub(once, always, output, flags=re.MULTILINE)
    return output


if __name__ == "__main__":
    with verified_aws() as running, deployed(running, "Mail") as user:
        PAGE.write_text(page(running, user), encoding="utf-8")
