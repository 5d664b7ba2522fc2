"""The command line, run in this process against the local AWS, with a clock and a public address set by the test."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aws_cdk as cdk
from click.testing import CliRunner, Result

from local_aws.aws import LocalAws
from ses_secure_user.cli.main import cli
from ses_secure_user.cli.outside import Outside
from tests.cases.users import stack_of, user

INSIDE, ELSEWHERE = "203.0.113.7", "198.51.100.99"
ENDPOINT = "vpce-0123456789abcdef0"


@dataclass
class Command:
    """The command and the login that it is run on.

    Attributes:
        aws: The local AWS.
        secret: The ARN of the secret.
        user: The name of the user.
        address: The public address of the machine.
        now: The current time.
        slept: The seconds of each wait.
        meanwhile: Called with the seconds of each wait.
    """

    aws: LocalAws
    secret: str = ""
    user: str = ""
    address: str = INSIDE
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    slept: list[float] = field(default_factory=list)
    meanwhile: Callable[[float], object] = lambda _: None

    def run(self, *arguments: str, env: dict[str, str] | None = None) -> Result:
        outside = Outside(clock=lambda: 0.0, sleep=self._sleep, now=lambda: self.now, address=lambda: self.address)
        variables = self.aws.env | {"SSL_CERT_FILE": str(self.aws.ca_file), "COLUMNS": "200"} | (env or {})
        with self.aws.in_place_of_ses():
            return CliRunner().invoke(cli, arguments, obj=outside, env=variables)

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.meanwhile(seconds)

    def verify(self, *options: str) -> dict[str, Any]:
        """Run `verify`, and return its JSON with the exit code added."""
        done = self.run("verify", self.secret, "--json", *options)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.output
        return {**json.loads(done.stdout), "exit": done.exit_code}

    def verdicts(self, *options: str) -> dict[str, str]:
        return verdicts(self.verify(*options))

    def broken(self, *options: str) -> set[str]:
        """Return the names of the broken claims, and check the exit code."""
        report = self.verify(*options)
        found = {one["name"] for one in report.get("claims", []) if one["verdict"] == "broken"}
        assert report["exit"] == (1 if found else 0), report
        return found


def verdicts(report: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["verdict"] for one in report.get("claims", [])}


def evidence(report: dict[str, Any], name: str) -> str:
    return next(str(one["evidence"]) for one in report.get("claims", []) if one["name"] == name)


@contextmanager
def deployed(aws: LocalAws, stack_name: str, **properties: Any) -> Iterator[Command]:  # noqa: ANN401 - any property
    """Deploy a stack with one user, and return the command for it."""
    app = cdk.App(analytics_reporting=False)
    stack = stack_of(app, stack_name)
    mailer = user(stack, **properties)
    cdk.CfnOutput(stack, "Secret", value=mailer.secret.secret_arn)
    cdk.CfnOutput(stack, "User", value=mailer.user.user_name)
    outputs = aws.deploy(app)
    aws.wait_for_rotations()
    try:
        yield Command(aws, outputs["Secret"], outputs["User"])
    finally:
        aws.wait_for_rotations()
        aws.destroy(stack_name)
