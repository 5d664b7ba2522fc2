"""The README and docs/properties.md: the code runs, and the tables are complete."""

import functools
import inspect
import json
import re
import runpy
import smtplib
import sys
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from ses_secure_user import CredentialIssuer, SecureSesSmtpUser

REFUSED = smtplib.SMTPAuthenticationError(535, b"Authentication Credentials Invalid")
ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROPERTIES = (ROOT / "docs" / "properties.md").read_text(encoding="utf-8")
APP, MAIL = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
LOGIN = {"host": "h", "port": 465, "password": "p"}
MOST_WORDS = 1_200


@pytest.fixture
def smtp(monkeypatch: pytest.MonkeyPatch) -> mock.MagicMock:
    made = mock.MagicMock()
    monkeypatch.setattr(smtplib, "SMTP_SSL", made)
    return made


def session(smtp: mock.MagicMock) -> mock.MagicMock:
    opened: mock.MagicMock = smtp.return_value.__enter__.return_value
    return opened


def test_it_is_within_the_word_limit() -> None:
    assert len(README.split()) <= MOST_WORDS


def test_the_app_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    exec(compile(APP, "app.py", "exec"), {"__name__": "__main__"})  # noqa: S102 - the README of this repository


def test_a_first_mail_is_sent_with_the_login_of_the_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, smtp: mock.MagicMock
) -> None:
    (tmp_path / "mail.py").write_text(MAIL, encoding="utf-8")
    monkeypatch.setenv("SMTP_SECRET", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:Mailer-AbCdEf")
    monkeypatch.setattr(sys, "argv", ["mail.py", "success@simulator.amazonses.com"])
    client = mock.MagicMock()
    client.return_value.get_secret_value.return_value = {"SecretString": json.dumps(LOGIN | {"username": "u"})}
    monkeypatch.setattr("boto3.client", client)
    runpy.run_path(str(tmp_path / "mail.py"), run_name="__main__")
    assert client.call_args == mock.call("secretsmanager", "eu-west-1")
    assert session(smtp).login.call_args == mock.call("u", "p")
    assert smtp.call_args.kwargs["context"].check_hostname
    (sent,) = session(smtp).send_message.call_args.args
    assert (sent["From"], sent["To"]) == ("noreply@example.com", "success@simulator.amazonses.com")


def test_the_client_reads_the_secret_again_when_ses_refuses_it(smtp: mock.MagicMock) -> None:
    names: dict[str, Any] = {}
    exec(compile(MAIL, "mail.py", "exec"), names)  # noqa: S102 - the README of this repository
    stored = iter([{"username": "old"}, {"username": "new"}])
    names["login"] = functools.cache(lambda: next(stored) | LOGIN)
    session(smtp).login.side_effect = [REFUSED, None]
    names["send"](EmailMessage())
    assert [call.args[0] for call in session(smtp).login.call_args_list] == ["old", "new"]
    assert session(smtp).send_message.call_count == 1


def named(table: str) -> list[str]:
    """Return the names in the first column of a table."""
    return [name for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)]


def accepted(construct: type) -> list[str]:
    return sorted(set(inspect.signature(vars(construct)["__init__"]).parameters) - {"self", "scope", "construct_id"})


def section(text: str, title: str) -> str:
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize(
    ("table", "construct"),
    [
        pytest.param(section(README, "Properties"), SecureSesSmtpUser, id="README"),
        pytest.param(
            section(PROPERTIES, "SecureSesSmtpUser").partition("\n| attribute")[0], SecureSesSmtpUser, id="user"
        ),
        pytest.param(section(PROPERTIES, "CredentialIssuer"), CredentialIssuer, id="issuer"),
    ],
)
def test_a_table_of_properties_is_complete(table: str, construct: type) -> None:
    assert sorted(named(table)) == accepted(construct)


def test_the_table_of_warnings_is_complete() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "ses_secure_user").rglob("*.py"))
    given = set(re.findall(r'"ses-secure-user:(\w+)",', code))
    assert set(named(section(PROPERTIES, "Warnings"))) == given


def test_the_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^\$ make (\w+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
