"""The outputs of a command: terminal and files in all formats and widths, also if nothing can be judged."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner

from local_aws.aws import ACCOUNT, REGION, LocalAws, verified_aws
from ses_secure_user.cli.main import cli
from ses_secure_user.template import template
from tests.cli.command import INSIDE, Command

LONG = "mail-of-the-billing-department-in-europe-2023.01.26-123456-main"
ALLOW = {"Effect": "Allow", "Action": "ses:SendRawEmail", "Resource": "*"}


@pytest.fixture(scope="module")
def account() -> Iterator[Command]:
    """Create an account with one user whose name is almost as long as IAM allows."""
    with verified_aws() as aws:
        iam, ses = aws.client("iam"), aws.client("sesv2")
        iam.create_user(UserName=LONG)
        policy = json.dumps({"Version": "2012-10-17", "Statement": ALLOW})
        iam.put_user_policy(UserName=LONG, PolicyName="own", PolicyDocument=policy)
        iam.create_access_key(UserName=LONG)
        ses.create_configuration_set(ConfigurationSetName="tracking")
        for one in ses.list_email_identities()["EmailIdentities"]:
            ses.put_email_identity_configuration_set_attributes(
                EmailIdentity=one["IdentityName"], ConfigurationSetName="tracking"
            )
        yield Command(aws)


def owners_alone(path: Path) -> bool:
    return stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("columns", ["80", "120", "200"])
def test_a_user_name_is_never_broken(account: Command, columns: str) -> None:
    done = account.run("audit", "--region", REGION, env={"COLUMNS": columns})
    lines = done.stdout.splitlines()
    assert done.exit_code == 1
    assert lines[0].startswith(f"✗ {LONG} …")
    own = [line for line in lines if "SecureSesSmtpUser(" not in line]
    assert max(map(len, own)) <= int(columns)


def test_the_replacement_is_one_line_with_the_default_set(account: Command) -> None:
    done = account.run("audit", "--region", REGION, env={"COLUMNS": "80"})
    (line,) = [line for line in done.stdout.splitlines() if "SecureSesSmtpUser(" in line]
    assert 'configuration_set="tracking")' in line
    assert f'ses_region="{REGION}"' in line


@pytest.mark.parametrize("in_json", [True, False])
def test_the_report_is_written_to_a_file(account: Command, tmp_path: Path, in_json: bool) -> None:  # noqa: FBT001
    path = tmp_path / "report"
    options = ["--json"] if in_json else []
    printed = account.run("audit", "--region", REGION, *options, env={"COLUMNS": "120"})
    done = account.run("audit", "--region", REGION, *options, "--output", str(path))
    assert (done.exit_code, done.stdout) == (1, "")
    assert path.read_bytes() == printed.stdout.encode()
    assert owners_alone(path)


def test_all_files_are_private_and_name_no_account_or_key(account: Command, tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("page.html", "junit.xml", "report.txt")]
    page, junit, text = map(str, paths)
    account.run("audit", "--region", REGION, "--html", page, "--junit", junit, "--output", text)
    assert all(map(owners_alone, paths))
    written = "".join(path.read_text(encoding="utf-8") for path in paths)
    assert account.aws.leaked_in(written) == []
    assert ACCOUNT not in written
    assert "mail as anyone at 2 domains, from anywhere, forever" in paths[0].read_text(encoding="utf-8")
    assert ET.parse(junit).getroot().get("name") == "ses-secure-user audit"  # noqa: S314 - just written


def test_the_page_of_verify_says_if_the_promise_is_proved(plain: Command, aws: LocalAws, tmp_path: Path) -> None:
    aws.send_from(INSIDE)
    page = tmp_path / "page.html"
    for option, sentence in {
        "--inside": "is proved for this login",
        "--outside": "does not apply to this login",
    }.items():
        plain.run("verify", plain.secret, option, "--html", str(page))
        assert f"The last column {sentence}" in page.read_text(encoding="utf-8")
        assert plain.user in page.read_text(encoding="utf-8")
    assert aws.leaked_in(page.read_text(encoding="utf-8")) == []
    assert ACCOUNT not in page.read_text(encoding="utf-8")
    assert owners_alone(page)


def test_existing_files_are_replaced_by_the_error(plain: Command, tmp_path: Path) -> None:
    """If nothing can be judged, every file contains the error."""
    paths = {option: tmp_path / option for option in ("output", "html", "junit")}
    for path in paths.values():
        path.write_text("all is proved", encoding="utf-8")
    files = [argument for option, path in paths.items() for argument in (f"--{option}", str(path))]
    done = plain.run("verify", "no-such-secret", "--region", REGION, *files)
    assert (done.exit_code, done.stdout) == (2, "")
    for path in paths.values():
        assert "there is no secret no-such-secret" in path.read_text(encoding="utf-8")
        assert owners_alone(path)
    plain.run("verify", "no-such-secret", "--region", REGION, "--json", "--output", str(paths["output"]))
    assert json.loads(paths["output"].read_text(encoding="utf-8"))["verdict"] == "not proved"


@pytest.mark.parametrize("option", ["--output", "--html", "--junit"])
def test_a_file_that_cannot_be_written_is_one_sentence(account: Command, tmp_path: Path, option: str) -> None:
    done = account.run("audit", "--region", REGION, option, str(tmp_path / "missing" / "file"))
    assert done.exit_code == 2
    assert done.stderr.splitlines()[-1].endswith("file cannot be written: No such file or directory")


@pytest.mark.parametrize("secret", ["[bold]x[/nothing]", "\x1b[31mred", "\u202eterces", "a\x9b2Jb", "\ud800"])
def test_control_characters_in_a_name_are_escaped(plain: Command, secret: str) -> None:
    done = plain.run("verify", secret, "--region", REGION)
    assert done.exit_code == 2, done.output
    assert all(one.isprintable() or one == "\n" for one in done.output)


def test_characters_that_the_terminal_cannot_encode_are_escaped(account: Command) -> None:
    done = CliRunner(charset="ascii").invoke(cli, ["audit", "--region", REGION], env=account.aws.env)
    assert done.exit_code == 1, done.output
    assert r"\u2717" in done.output


def test_the_template_is_written_byte_for_byte(tmp_path: Path) -> None:
    path = tmp_path / "template.json"
    done = CliRunner().invoke(cli, ["template", "--output", str(path)])
    assert (done.exit_code, done.output) == (0, "")
    assert path.read_bytes() == template().encode()
    done = CliRunner().invoke(cli, ["template", "--output", str(tmp_path / "missing" / "file")])
    assert (done.exit_code, "cannot be written" in done.output) == (2, True)
