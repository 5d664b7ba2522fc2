"""The scanner rules, which find all logins and no similar text."""

import re
from urllib.parse import unquote

import pytest

from tests.scanners.files import FAR, FORMS, ORDINARY, dice_of, login
from tests.scanners.rules import FOLDER, GITHUB, GITLEAKS, expression, github, gitleaks

SCANNERS = {"gitleaks": gitleaks, "github": github}
COUNT = 200


@pytest.mark.parametrize("scanner", SCANNERS)
@pytest.mark.parametrize("form", FORMS)
def test_every_derived_login_is_found_in_every_file(form: str, scanner: str) -> None:
    dice = dice_of(form)
    for user, password in (login(dice) for _ in range(COUNT)):
        found = SCANNERS[scanner](f"first line\n{FORMS[form](user, password)}\nlast line")
        assert {unquote(secret) for secret in found} == {password}


@pytest.mark.parametrize("form", FAR)
def test_gitleaks_finds_a_login_whose_parts_are_apart(form: str) -> None:
    """It also finds a login in JSON written by PHP."""
    dice = dice_of(form)
    for user, password in (login(dice) for _ in range(COUNT)):
        assert {secret.replace("\\", "") for secret in gitleaks(FAR[form](user, password))} == {password}


@pytest.mark.parametrize("scanner", SCANNERS)
@pytest.mark.parametrize("kind", ORDINARY)
def test_text_similar_to_a_login_is_not_found(kind: str, scanner: str) -> None:
    dice = dice_of(kind)
    assert [text for text in (ORDINARY[kind](dice) for _ in range(COUNT)) if SCANNERS[scanner](text)] == []


def test_gitleaks_finds_no_placeholder() -> None:
    assert gitleaks(f"SMTP_USERNAME=AKIAIOSFODNN7EXAMPLE\nSMTP_PASSWORD=BA{'x' * 42}\n") == set()


def test_the_rules_use_only_features_of_re2_and_hyperscan() -> None:
    """Neither has lookaround or backreferences, and RE2 limits repetitions to 1,000."""
    for text in [rule["regex"] for rule in GITLEAKS] + [expression(one) for one in GITHUB]:
        assert re.search(r"\(\?(?![:])|\\[1-9]|[*+?}]\+", text) is None
        assert all(int(most) <= 1000 for most in re.findall(r"\{\d*,?(\d+)\}", text))


def test_no_two_rules_have_one_name() -> None:
    for names in ([rule["id"] for rule in GITLEAKS], [pattern["name"] for pattern in GITHUB]):
        assert len(set(names)) == len(names) > 0


def test_the_rules_contain_no_login() -> None:
    for path in FOLDER.iterdir():
        assert gitleaks(path.read_text(encoding="utf-8")) == github(path.read_text(encoding="utf-8")) == set()
