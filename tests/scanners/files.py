"""Generated files, with a login or with similar text."""

import base64
import json
import random
import string
from collections.abc import Callable
from urllib.parse import quote

from ses_secure_user.functions.issuer.smtp import smtp_password

HOST = "email-smtp.eu-west-1.amazonaws.com"
KEY_ALPHABET = string.ascii_uppercase + "234567"
SECRET_ALPHABET = string.ascii_letters + string.digits + "+/"

Login = tuple[str, str]
Form = Callable[[str, str], str]

FORMS: dict[str, Form] = {
    ".env": lambda user, password: f"SMTP_HOST={HOST}\nSMTP_USERNAME={user}\nSMTP_PASSWORD={password}\n",
    ".env, quoted": lambda user, password: f"export EMAIL_HOST_USER='{user}'\nexport EMAIL_HOST_PASSWORD='{password}'",
    "JSON": lambda user, password: json.dumps({"username": user, "password": password, "host": HOST}),
    "JSON, indented": lambda user, password: json.dumps({"username": user, "password": password}, indent=4),
    "JSON, sorted": lambda user, password: json.dumps({"username": user, "password": password}, sort_keys=True),
    "YAML": lambda user, password: f"smtp:\n  user: {user}\n  password: {password}\n  port: 465\n",
    "Terraform": lambda user, password: f'smtp_username = "{user}"\nsmtp_password = "{password}"\n',
    "docker-compose": lambda user, password: (
        f"services:\n  app:\n    environment:\n      - SMTP_USER={user}\n      - SMTP_PASS={password}\n"
    ),
    "Postfix": lambda user, password: f"[{HOST}]:465 {user}:{password}\n",
    "Python": lambda user, password: f'smtp.login("{user}", "{password}")\n',
    "URL": lambda user, password: f"MAILER_DSN=smtps://{user}:{quote(password, safe='')}@{HOST}:465\n",
}
"""Files with a login, all of which must be found."""

FAR: dict[str, Form] = {
    "host between": lambda user, password: (
        f"user={user}\nhost={HOST}\nport=465\ntls=yes\nfrom=a@b.example\npass={password}"
    ),
    "JSON of PHP": lambda user, password: json.dumps({"user": user, "pass": password}).replace("/", r"\/"),
}
"""Files with a login that the rule for gitleaks must find, and the patterns for GitHub may miss."""


def dice_of(name: str) -> random.Random:
    """Return a deterministic random generator."""
    return random.Random(name)  # noqa: S311 - not used for secrets


def key_id(dice: random.Random) -> str:
    return "AKIA" + "".join(dice.choices(KEY_ALPHABET, k=16))


def secret_key(dice: random.Random) -> str:
    return "".join(dice.choices(SECRET_ALPHABET, k=40))


def login(dice: random.Random) -> Login:
    """Return a login as the function derives it."""
    return key_id(dice), smtp_password(secret_key(dice), "eu-west-1")


def _base64(dice: random.Random, length: int) -> str:
    return base64.b64encode(dice.randbytes(length)).decode()


ORDINARY: dict[str, Callable[[random.Random], str]] = {
    "key id alone": lambda dice: f"SMTP_USERNAME={key_id(dice)}\nSMTP_PASSWORD=${{SMTP_PASSWORD}}\n",
    "access key": lambda dice: f"aws_access_key_id = {key_id(dice)}\naws_secret_access_key = {secret_key(dice)}\n",
    "password alone": lambda dice: f"SMTP_PASSWORD={login(dice)[1]}\n",
    "base64 of 32 bytes": lambda dice: f"AWS_KEY={key_id(dice)}\nAPP_KEY=base64:{_base64(dice, 32)}\n",
    "SHA-256": lambda dice: (
        f"key: {key_id(dice)}\nintegrity: sha256-{_base64(dice, 32)}\ndigest: {dice.randbytes(32).hex()}"
    ),
    "SHA-384": lambda dice: f"key: {key_id(dice)}\nintegrity: sha384-{_base64(dice, 48)}\n",
    "certificate": lambda dice: f"# {key_id(dice)}\n" + "\n".join(_base64(dice, 48) for _ in range(12)),
    "public key": lambda dice: (
        f"{key_id(dice)}\nssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{_base64(dice, 32)[:43]} me@example.com"
    ),
}
"""Files with text that is similar to a login, none of which may be found."""


def chance(dice: random.Random) -> str:
    """Return a key id next to 33 random bytes, which differ from a password only in the first two letters."""
    return f"AWS_KEY={key_id(dice)}\nTOKEN={_base64(dice, 33)}\n"
