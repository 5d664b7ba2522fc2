"""The scanner rules find every login, and nothing that only looks like one."""

import re
from urllib.parse import unquote

import pytest

from tests.scanners.files import FAR, FORMS, ORDINARY, dice_of, login
from tests.scanners.rules import FOLDER, GITHUB, GITLEAKS, expression, github, gitleaks

SCANNERS = {"gitleaks": gitleaks, "github": github}
COUNT = 200


@pytest.mark.parametrize("scanner", SCANNERS)
@pytest.mark.parametrize("form", FORMS)
def test_every_derived_login_is_found_whatever_file_it_stands_in(form: str, scanner: str) -> None:
    dice = dice_of(form)
    for user, password in (login(dice) for _ in range(COUNT)):
        found = SCANNERS[scanner](f"first line\n{FORMS[form](user, password)}\nlast line")
        assert {unquote(secret) for secret in found} == {password}


@pytest.mark.parametrize("form", FAR)
def test_gitleaks_finds_a_login_whose_halves_are_apart(form: str) -> None:
    """And one that PHP has written."""
    dice = dice_of(form)
    for user, password in (login(dice) for _ in range(COUNT)):
        assert {secret.replace("\\", "") for secret in gitleaks(FAR[form](user, password))} == {password}


@pytest.mark.parametrize("scanner", SCANNERS)
@pytest.mark.parametrize("kind", ORDINARY)
def test_what_only_looks_like_a_login_is_not_found(kind: str, scanner: str) -> None:
    dice = dice_of(kind)
    assert [text for text in (ORDINARY[kind](dice) for _ in range(COUNT)) if SCANNERS[scanner](text)] == []


def test_gitleaks_finds_no_placeholder() -> None:
    assert gitleaks(f"SMTP_USERNAME=AKIAIOSFODNN7EXAMPLE\nSMTP_PASSWORD=BA{'x' * 42}\n") == set()


def test_the_rules_use_no_more_than_re2_and_hyperscan_know() -> None:
    """Neither looks around or back, and RE2 repeats nothing more than a thousand times."""
    for text in [rule["regex"] for rule in GITLEAKS] + [expression(one) for one in GITHUB]:
        assert re.search(r"\(\?(?![:])|\\[1-9]|[*+?}]\+", text) is None
        assert all(int(most) <= 1000 for most in re.findall(r"\{\d*,?(\d+)\}", text))


def test_no_two_rules_have_one_name() -> None:
    for names in ([rule["id"] for rule in GITLEAKS], [pattern["name"] for pattern in GITHUB]):
        assert len(set(names)) == len(names) > 0


def test_the_rules_themselves_hold_no_login() -> None:
    for path in FOLDER.iterdir():
        assert gitleaks(path.read_text(encoding="utf-8")) == github(path.read_text(encoding="utf-8")) == set()
