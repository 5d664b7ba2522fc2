"""The arrangement of modules and tests, and the names of tests."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("", "cdk", "issuing", "login", "monitoring", "restrictions")
ELSEWHERE = {
    "__init__": "tests/construct/test_secure_ses_smtp_user.py",
    "__main__": "tests/cli/test_start.py",
    "function_role": "tests/construct/test_credential_issuer.py",
    "issuer_properties": "tests/construct/test_user_properties.py",
    "key_age": "tests/construct/test_rotation_interval.py",
    "rotation_failures": "tests/construct/test_credential_issuer.py",
    "sender": "tests/construct/test_sends_alarm.py",
    "smtp_user": "tests/construct/test_secure_ses_smtp_user.py",
    "statements": "tests/construct/test_role_access.py",
    "user_restrictions": "tests/construct/test_secure_ses_smtp_user.py",
    "verify_grant": "tests/cli/test_grant.py",
}


def test_each_module_of_the_package_has_its_test_module() -> None:
    modules = {path.stem for room in ROOMS for path in (ROOT / "ses_secure_user" / room).glob("*.py")}

    found = {name: ROOT / ELSEWHERE.get(name, f"tests/construct/test_{name}.py") for name in modules}

    assert {name: str(path) for name, path in found.items() if not path.exists()} == {}
    assert set(ELSEWHERE) <= set(modules)


def test_the_map_names_every_folder() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    folders = {path.parent.relative_to(ROOT) for path in (ROOT / "ses_secure_user").rglob("*.py")}
    assert {str(folder) for folder in folders if f"`{folder}/" not in text} == set()


def test_the_name_of_a_test_has_at_most_60_characters() -> None:
    """A docstring contains the details that do not fit."""
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").glob("*/test_*.py")]

    names = re.findall(r"^def (test_\w+)", "".join(sources), re.MULTILINE)

    assert len(names) > 400
    assert [name for name in names if len(name) > 60] == []
