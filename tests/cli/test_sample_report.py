"""The sample report in the documentation, compared with the output of the command."""

from local_aws.aws import LocalAws
from tests.cli.command import Command
from tests.cli.sample_report import PAGE, page


def test_the_sample_report_is_what_verify_prints(aws: LocalAws, plain: Command) -> None:
    """If this fails, run `python -m tests.cli.sample_report`."""
    assert PAGE.read_text(encoding="utf-8") == page(aws, plain)
