"""The command line's commands and options."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from ses_secure_user import __version__
from ses_secure_user.restrictions.rows import ORIGINS

from .audit.audit import PERMISSIONS, audited_keys
from .audit.report import MOVING, audit_json, audit_table, replacements
from .claims import Row, Verdict, overall
from .errors import CannotJudgeError, explained
from .outside import Aws, Outside, region_of
from .report import as_json, summary, table, write_junit
from .verify.proof import GRANT, Options, rows_of, trial_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from .audit.audit import AuditedKey
    from .verify.tried import Tried

EXIT = {Verdict.PROVED: 0, Verdict.BROKEN: 1, Verdict.NOT_PROVED: 2}

profile = click.option("--profile", metavar="NAME", help="A profile of the AWS configuration.")
in_json = click.option("--json", "in_json", is_flag=True, help="Print one JSON object instead of a table.")
junit = click.option("--junit", type=click.Path(dir_okay=False, path_type=Path), help="Write a JUnit file too.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ses-secure-user")
def cli() -> None:
    """Prove that SMTP logins of Amazon SES are worth nothing to a thief."""


@cli.command()
@click.argument("secret")
@click.option("--inside", is_flag=True, help="Mail from here is allowed. Default: found out by this machine's address.")
@click.option("--outside", is_flag=True, help="Mail from here is not allowed.")
@click.option("--recipient", metavar="ADDRESS", help="Who gets the mail, where recipients are restricted.")
@click.option("--region", metavar="NAME", help="The secret's region, if SECRET is no ARN.")
@profile
@in_json
@junit
@click.pass_context
def verify(  # noqa: PLR0913 - one argument for each option
    context: click.Context,
    *,
    secret: str,
    inside: bool,
    outside: bool,
    recipient: str | None,
    region: str | None,
    profile: str | None,
    in_json: bool,
    junit: Path | None,
) -> None:
    """Prove that the login in SECRET, a name or an ARN, is restricted as its policy says.

    Asks SES, IAM and Secrets Manager. Exits with 0 if everything is proved, 1 if something is broken, 2 if that cannot
    be judged.
    """
    if inside and outside:
        raise click.UsageError("say --inside or --outside, not both")
    options = Options(secret, inside if inside or outside else None, recipient)
    rows: list[Row] = []
    with _judging(rows, junit, in_json=in_json) as progress:
        with explained(GRANT):
            aws = Aws(profile, region_of(secret) or region)
        tried = trial_of(aws, context.ensure_object(Outside), options)
        for row in rows_of(tried):
            progress(row.text)
            rows.append(row)
    click.echo(as_json(_about(tried), rows)) if in_json else _show(tried, rows)
    context.exit(EXIT[overall(rows)])


@cli.command()
@click.option("--region", "regions", metavar="NAME", multiple=True, help="Look for identities there alone; repeatable.")
@profile
@in_json
@junit
@click.pass_context
def audit(
    context: click.Context, *, regions: tuple[str, ...], profile: str | None, in_json: bool, junit: Path | None
) -> None:
    """Show what a leak of each access key that may send mail is worth, the worst first.

    Exits with 0 if no key is worth anything from outside, 1 if one is, 2 if that cannot be judged.
    """
    rows: list[Row] = []
    with _judging(rows, junit, in_json=in_json) as progress, explained(PERMISSIONS):
        aws = Aws(profile, regions[0] if regions else None)
        keys = audited_keys(aws, regions or aws.ses_regions(), progress)
        rows += [one.row for one in keys]
    now = context.ensure_object(Outside).now()
    click.echo(audit_json(keys, now)) if in_json else _show_audit(keys, now)
    context.exit(EXIT[overall(rows)])


@cli.command()
def template() -> None:
    """Print a CloudFormation template of one user, with parameters and without assets.

    It is deployed as it is, by a StackSet, Service Catalog or the console.
    """
    from ses_secure_user.template import template  # noqa: PLC0415 - brings the CDK along, and Node with it

    click.echo(template(), nl=False)


class NotJudged(click.ClickException):
    """The one sentence on standard error, and exit code 2."""

    exit_code = EXIT[Verdict.NOT_PROVED]


@contextmanager
def _judging(rows: Sequence[Row], junit: Path | None, *, in_json: bool) -> Iterator[Callable[[str], None]]:
    """Show progress, write the JUnit file at the end, and give the reason if nothing could be judged."""
    error = None
    try:
        with Console(stderr=True).status("Asking AWS") as status:
            yield status.update
    except CannotJudgeError as caught:
        error = str(caught)
    if junit:
        _written(junit, rows, error)
    if error and in_json:
        click.echo(json.dumps({"verdict": Verdict.NOT_PROVED, "error": error}))
    if error:
        raise NotJudged(error)


def _written(junit: Path, rows: Sequence[Row], error: str | None) -> None:
    try:
        write_junit(junit, rows, error=error)
    except OSError as cause:
        raise NotJudged(f"{junit} cannot be written: {cause.strerror}") from None


def _show_audit(keys: list[AuditedKey], now: datetime) -> None:
    console = Console(highlight=False)
    if not keys:
        console.print("No access key of this account may send mail.")
        return
    console.print(audit_table(keys, now))
    for line in replacements(keys):
        console.print(line, markup=False)
    if replacements(keys):
        console.print(MOVING)


def _show(tried: Tried, rows: list[Row]) -> None:
    console = Console(highlight=False)
    for what, value in _about(tried).items():
        console.print(f"{what}: {value}", markup=False)
    console.print(table(rows))
    console.print(summary(rows))


def _about(tried: Tried) -> dict[str, str]:
    """Return the login, its policy in short, and the place from where it was judged."""
    restrictions = tried.known.restrictions
    origins = ", ".join(value for row in ORIGINS for value in restrictions[row.prop]) or "anywhere"
    return {
        "secret": tried.known.secret.description.get("Name", ""),
        "user": tried.known.user.name,
        "policy": f"mail as {', '.join(restrictions['from_address']) or 'anybody'} from {origins}",
        "judged from": f"{_place(tried)}: {tried.known.place.because}",
    }


def _place(tried: Tried) -> str:
    if tried.known.place.inside is None and not tried.inside:
        return "unknown"
    return "inside" if tried.inside else "outside"
