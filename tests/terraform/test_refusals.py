"""Refusals of the construct in a plan, with the same messages and without calls to AWS."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.terraform.cases import accepted, as_inputs, refused
from tests.terraform.working import MODULE, literal

if TYPE_CHECKING:
    from tests.terraform.conftest import Make
    from tests.terraform.working import Json

OTHERS: list[tuple[Json, str]] = [
    ({"name": "two words"}, "`name` must be 1 to 55 letters, digits and _-, got two words; write one such as mail"),
    ({"ses_region": "Ireland"}, "`ses_region` must be the name of a region, got Ireland; write one such as eu-west-1"),
    ({"smtp_port": 26}, "`smtp_port` must be one that SES offers, got 26; write one of 25, 465, 587, 2465, 2587"),
    (
        {"smtp_port": 25},
        "`smtp_port` must be one that Lambda may open, to test the login, got 25; write 587, or give an `issuer` with verify_login = false",
    ),
    (
        {"smtp_host": "mail.example.com"},
        "`smtp_host` must be the name of an SMTP endpoint of SES, because the login is sent to no other host, got mail.example.com; write one such as email-smtp.eu-west-1.amazonaws.com, without scheme and port, or leave it out for the region's own; a CNAME or a relay is none",
    ),
    *(
        (
            {"rotation_interval": interval},
            f"`rotation_interval` must be whole hours, at least 4 and at most 999 days, got {interval}; write one such as 30 days",
        )
        for interval in ("3 hours", "1000 days", "0 days", "30", "1.5 days")
    ),
    (
        {"encryption_key": "alias/mail"},
        "`encryption_key` must be the ARN of a key, since IAM allows the use of keys and not of aliases, got alias/mail; write one such as arn:aws:kms:eu-west-1:111122223333:key/…",
    ),
    (
        {"user_name": "a/b"},
        "`user_name` must be 1 to 64 letters, digits and _+=,.@-, got a/b; leave it out to have one generated",
    ),
    *(
        (
            {"user_path": path},
            f"`user_path` must be /, or letters, digits and _+=,.@/- between two slashes, such as /mail/, at most 512 characters, got {path}; leave it out for /",
        )
        for path in ("mail", "/mail", "mail/", "//", "/*/", f"/{'x' * 511}/")
    ),
    (
        {"secret_name": "x" * 184},
        f"`secret_name` must be 1 to 183 letters, digits and /_+=.@-, because a tag of the user contains its ARN, got {'x' * 184}; leave it out to have one generated",
    ),
    (
        {"secret_fields": {"user": "X"}},
        "`secret_fields` must rename known fields, got user; write one of username, password, host, port, region, iam_user, url, port_text",
    ),
    (
        {"secret_fields": {"username": "a b"}},
        "`secret_fields` must name fields with letters, digits and _.-, got a b; write one such as SMTP_USERNAME",
    ),
    (
        {"secret_fields": {"username": ""}},
        "`secret_fields` must name fields with letters, digits and _.-, got ''; write one such as SMTP_USERNAME",
    ),
    (
        {"secret_fields": {"username": "X" * 120, "password": "Y" * 118}},
        "`secret_fields` must fit into the 256 characters of a tag, each as password=NAME with a blank between, got 257 characters; shorten the names, or leave some out",
    ),
    (
        {"secret_fields": {"username": "host"}},
        "`secret_fields` must give each field a name of its own, got host; rename one of them",
    ),
    (
        {"replica_regions": [{"region": "eu-west-1"}, {"region": "eu-west-1"}]},
        "`replica_regions` must name each region once, got eu-west-1, eu-west-1; leave one out",
    ),
    (
        {"replica_regions": [{"region": "Ireland"}]},
        "`replica_regions` must be the name of a region, got Ireland; write one such as eu-west-1",
    ),
    (
        {"replica_regions": [{"region": "eu-west-1", "encryption_key": "arn:aws:kms:us-east-1:111122223333:key/1"}]},
        "`replica_regions` must have the key of a region there, got one of us-east-1 for eu-west-1; name a key of that region",
    ),
]
GIVEN: Json = {
    "identity": ["example.com"],
    "from_address": ["noreply@example.com"],
    "allowed_cidrs": ["203.0.113.0/24"],
}
NETWORKS = 'module "networks" {\n  source        = "./modules/networks"\n  allowed_cidrs = var.allowed_cidrs\n}\n'
CASES = [*refused(), *((GIVEN | one, words) for one, words in OTHERS)]


def said(make: Make, cases: list[Json]) -> set[str]:
    """Plan the parts of the module that need no AWS, once for each case, and return all error messages."""
    working = make()
    module = working.folder / "module"
    shutil.copytree(MODULE / "modules" / "networks", module / "modules" / "networks")
    for name in ("variables.tf", "forms.tf"):
        shutil.copy(MODULE / name, module)
    (module / "networks.tf").write_text(NETWORKS, encoding="utf-8")
    named = {
        f"case_{number}": {"source": "./module", "name": "mail"} | literal(one) for number, one in enumerate(cases)
    }
    working.write({"module": named})
    working.init(provider=False)
    lines = map(json.loads, working.run("plan", "-json").stdout.splitlines())
    details = [one["diagnostic"]["detail"] for one in lines if one.get("type") == "diagnostic"]
    return {detail.partition("\n\nThis was checked by")[0] for detail in details}


@pytest.fixture(scope="module")
def words(make: Make) -> set[str]:
    """Return all error messages. Checks of two inputs run only if each of them is valid."""
    first = said(make, [inputs for inputs, _ in CASES])
    return first | said(make, [inputs for inputs, message in CASES if message not in first])


@pytest.mark.parametrize("number", range(len(CASES)))
def test_a_plan_has_the_refusals_of_the_construct(words: set[str], number: int) -> None:
    inputs, message = CASES[number]
    assert message in words, inputs


def test_a_plan_accepts_inputs_that_the_construct_accepts(make: Make) -> None:
    assert said(make, [*map(as_inputs, accepted())]) == set()
