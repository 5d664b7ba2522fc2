"""The README is part of the product: its Python runs, and what it says of the properties is so."""

import functools
import inspect
import re
import smtplib
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from ses_secure_user import SecureSesSmtpUser

REFUSED = smtplib.SMTPAuthenticationError(535, b"Authentication Credentials Invalid")
ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: re.sub(r"\W+", " ", block)[-40:])
def test_every_python_block_runs(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "README.md", "exec"), {"__name__": "__main__"})  # noqa: S102 - our own README


def test_the_client_reads_the_secret_again_when_ses_refuses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    (block,) = (one for one in BLOCKS if "def send" in one)
    names: dict[str, Any] = {}
    exec(compile(block, "README.md", "exec"), names)  # noqa: S102 - our own README
    stored = iter([{"username": "old"}, {"username": "new"}])
    read = lambda: next(stored) | {"host": "h", "port": 465, "password": "p"}  # noqa: E731 - a stand-in
    names["login"] = functools.cache(read)
    smtp = mock.MagicMock()
    monkeypatch.setattr(smtplib, "SMTP_SSL", smtp)
    session = smtp.return_value.__enter__.return_value
    session.login.side_effect = lambda user, _: (_ for _ in ()).throw(REFUSED) if user == "old" else None
    names["send"](EmailMessage())
    assert [call.args[0] for call in session.login.call_args_list] == ["old", "new"]
    assert session.send_message.call_count == 1


def test_the_table_of_properties_is_complete() -> None:
    table = README.partition("\n## Properties\n")[2].partition("\n## ")[0]
    named = {name for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    assert named == set(inspect.signature(SecureSesSmtpUser.__init__).parameters) - {"self", "scope", "construct_id"}


def test_the_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^\$ make (\w+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
