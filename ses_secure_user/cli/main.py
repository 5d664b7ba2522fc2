"""The commands of the command line and their options."""

from __future__ import annotations

import sys
from datetime import timedelta
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ses_secure_user import __version__

from .audit.audit import PERMISSIONS, audited_keys
from .audit.report import audit_json, audit_lines, audit_page
from .errors import explained
from .outputs import NotJudged, Outputs, Report, reporting
from .outside import Aws, Outside, region_of
from .report import claims_json
from .revoke.leak import KEY_ID
from .revoke.report import revoke_lines, revoke_page
from .revoke.revoke import Options as RevokeOptions
from .revoke.revoke import revoke as ended_leak
from .verify.known import Expected
from .verify.proof import GRANT, Options, rows_of, trial_of
from .verify.report import about, verify_lines, verify_page
from .verify.rotation_claims import parse_interval

if TYPE_CHECKING:
    from .claims import Row

profile = click.option("--profile", metavar="NAME", help="The profile of the AWS configuration.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ses-secure-user")
def cli() -> None:
    """Prove that SMTP logins of Amazon SES are worth nothing to a thief, and revoke a leaked login."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _interval(text: str | None) -> timedelta | None:
    """Parse the value of an option as a rotation interval."""
    found = parse_interval(text or "")
    if text is not None and not found:
        raise click.BadParameter("write an interval such as '30 days' or '12 hours'")
    return found


@cli.command()
@click.argument("secret")
@click.option("--inside", is_flag=True, help="Mail from this machine is allowed. Default: determined by its address.")
@click.option("--outside", is_flag=True, help="Mail from this machine is not allowed.")
@click.option("--recipient", metavar="ADDRESS", help="An allowed recipient, if recipients are restricted.")
@click.option("--expect-boundary", metavar="ARN", help="The permissions boundary that your organization requires.")
@click.option(
    "--expect-interval",
    metavar="INTERVAL",
    callback=lambda _context, _option, text: _interval(text),
    help="The rotation interval, such as '30 days' or '12 hours'. Default: any interval up to 45 days.",
)
@click.option("--region", metavar="NAME", help="The secret's region, if SECRET is not an ARN.")
@profile
@reporting
@click.pass_context
def verify(  # noqa: PLR0913 - one argument for each option
    context: click.Context,
    *,
    secret: str,
    inside: bool,
    outside: bool,
    recipient: str | None,
    expect_boundary: str | None,
    expect_interval: timedelta | None,
    region: str | None,
    profile: str | None,
    outputs: Outputs,
) -> None:
    """Prove that the login in SECRET (a name or an ARN) is restricted as its policy says.

    Sends requests to SES, IAM and Secrets Manager. The exit code is 0 if every claim is proved, 1 if a claim is broken,
    and 2 if a claim cannot be judged. Only the owner can read the files it writes.
    """
    if inside and outside:
        raise click.UsageError("use --inside or --outside, not both")
    expected = Expected(boundary=expect_boundary, interval=expect_interval)
    options = Options(secret, inside if inside or outside else None, recipient, expected)
    rows: list[Row] = []
    asked_from = context.ensure_object(Outside)
    with outputs.judging() as progress:
        with explained(GRANT):
            aws = Aws(profile, region_of(secret) or region)
        tried = trial_of(aws, asked_from, options)
        for row in rows_of(tried):
            progress(row.text)
            rows.append(row)
    report = Report(
        rows=rows,
        json=claims_json(about(tried), rows),
        lines=lambda width: verify_lines(tried, rows, width),
        page=verify_page(tried, rows),
    )
    context.exit(outputs.report(report))


@cli.command()
@click.option(
    "--region", "regions", metavar="NAME", multiple=True, help="Search only this region for identities; repeatable."
)
@profile
@reporting
@click.pass_context
def audit(context: click.Context, *, regions: tuple[str, ...], profile: str | None, outputs: Outputs) -> None:
    """Show the impact of a leak of each access key that may send mail, the worst first, and its replacement.

    The exit code is 0 if every key is worth nothing from outside, 1 if a key is not, and 2 if a key cannot be judged.
    Only the owner can read the files it writes.
    """
    now = context.ensure_object(Outside).now()
    with outputs.judging() as progress, explained(PERMISSIONS):
        aws = Aws(profile, regions[0] if regions else None)
        keys = audited_keys(aws, regions or aws.ses_regions(), now, progress)
    report = Report(
        rows=[one.row for one in keys],
        json=audit_json(keys, now),
        lines=lambda width: audit_lines(keys, now, width),
        page=audit_page(keys, now),
    )
    context.exit(outputs.report(report))


@cli.command()
@click.argument("leaked", metavar="SECRET|KEY-ID")
@click.option(
    "--key", "end", metavar="END", help="The last characters of the leaked key's id. Default: the current login's key."
)
@click.option("--now", "at_once", is_flag=True, help="Delete the key before another login is issued: senders fail.")
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    metavar="MINUTES",
    help="The time for applications to read the new login before the old one ends. Default: a later run ends it.",
)
@click.option("--yes", "is_meant", is_flag=True, help="Run the steps. Default: show the steps.")
@click.option("--region", metavar="NAME", help="The secret's region, if neither an ARN nor a key id is given.")
@profile
@reporting
@click.pass_context
def revoke(  # noqa: PLR0913 - one argument for each option
    context: click.Context,
    *,
    leaked: str,
    end: str | None,
    at_once: bool,
    wait: float | None,
    is_meant: bool,
    region: str | None,
    profile: str | None,
    outputs: Outputs,
) -> None:
    """Revoke a leaked login, and prove that SES refuses it: the current login of SECRET, or the one of KEY-ID.

    Rotates the secret and, after --wait, rotates it again, which deletes the leaked key. An interrupted run can be
    repeated safely. The exit code is 0 if the key is deleted and SES refuses its login. It is 1 if SES accepts that
    login or if no login is valid. It is 2 if the key still exists or the result cannot be judged. Only the owner can
    read the files it writes.
    """
    if at_once and wait is not None:
        raise click.UsageError("use --now or --wait, not both")
    if end is not None and (KEY_ID.fullmatch(leaked) or not end):
        raise click.UsageError("--key takes the last characters of a key's id, and requires a secret")
    minutes = None if wait is None else timedelta(minutes=wait)
    options = RevokeOptions(named=leaked, end=end, at_once=at_once, wait=minutes, is_meant=is_meant)
    asked_from = context.ensure_object(Outside)
    with outputs.judging() as progress:
        ended = ended_leak(lambda home: Aws(profile, home or region), asked_from, options, progress)
    report = Report(
        rows=ended.rows,
        json=claims_json({**ended.about, "plan": ended.plan}, ended.rows),
        lines=lambda width: revoke_lines(ended, width),
        page=revoke_page(ended),
    )
    context.exit(outputs.report(report))


@cli.command()
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the template to this file, in UTF-8, instead of printing it.",
)
def template(output: Path | None) -> None:
    """Print a CloudFormation template for one user, with parameters and without assets.

    Deploy it without changes, with a StackSet, AWS Service Catalog or the console.
    """
    from ses_secure_user.template import template  # noqa: PLC0415 - imports the CDK, which starts Node.js

    text = template()
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_bytes(text.encode())
    except OSError as cause:
        raise NotJudged(f"{output} cannot be written: {cause.strerror}") from None
