"""The Django backend in docs/clients.md, which reads the secret again if SES refuses the login."""

import json
import re
import smtplib
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import pytest

(BACKEND,) = re.findall(
    r"^```py\n(.*?)^```",
    (Path(__file__).parents[2] / "docs" / "clients.md").read_text(encoding="utf-8"),
    re.DOTALL | re.MULTILINE,
)
REFUSED = smtplib.SMTPAuthenticationError(535, b"Authentication Credentials Invalid")
Open = Callable[[list[str]], list[str]]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Open:
    """Return a function that opens the backend and returns its login attempts. SES accepts only the last value of the
    secret."""

    def run(stored: list[str]) -> list[str]:
        names, tried = iter(stored), list[str]()

        class EmailBackend:
            """A replacement for Django's backend. Django is not installed for the tests."""

            username = ""

            def open(self) -> bool:
                tried.append(self.username)
                if self.username != "accepted":
                    raise REFUSED
                return True

            def close(self) -> None:
                tried.append("closed")

        django = ModuleType("django.core.mail.backends.smtp")
        django.EmailBackend = EmailBackend  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "django.core.mail.backends.smtp", django)
        for parent in ("django", "django.core", "django.core.mail", "django.core.mail.backends"):
            monkeypatch.setitem(sys.modules, parent, ModuleType(parent))
        client = mock.MagicMock()
        client.return_value.get_secret_value.side_effect = lambda **_: {
            "SecretString": json.dumps({"host": "h", "port": 465, "password": "p", "username": next(names)})
        }
        monkeypatch.setattr("boto3.client", client)
        monkeypatch.setenv("SMTP_SECRET", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:Mailer-AbCdEf")
        module: dict[str, Any] = {}
        exec(compile(BACKEND, "mail_backend.py", "exec"), module)  # noqa: S102 - a page of this repository
        backend = module["SecretEmailBackend"]
        assert backend.open(backend())
        return tried

    return run


def test_the_backend_logs_in_with_the_secret(opened: Open) -> None:
    assert opened(["accepted"]) == ["accepted"]


def test_the_backend_reads_the_secret_again_at_535(opened: Open) -> None:
    assert opened(["rotated away", "accepted"]) == ["rotated away", "closed", "accepted"]


def test_the_backend_tries_twice_at_most(opened: Open) -> None:
    with pytest.raises(smtplib.SMTPAuthenticationError):
        opened(["wrong", "wrong too", "accepted"])
