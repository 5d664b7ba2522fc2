"""The table of restrictions: every place that is not derived from it covers each row."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

from local_aws.iam.evaluator import Send
from ses_secure_user import SecureSesSmtpUser
from ses_secure_user.restrictions.rows import BY_PROPERTY, ORIGINS, PURPOSES, ROWS, Row
from ses_secure_user.template.parameters import GROUPS
from tests.cases.refusals import RIGHT, WRONG
from tests.policy.test_matrix import EVERYTHING, MATRIX

ROOT = Path(__file__).parents[2]
PROPERTIES = (ROOT / "docs" / "properties.md").read_text(encoding="utf-8")
OF_THE_LOGIN = {
    "ses_region", "smtp_host", "smtp_port", "rotation_interval", "encryption_key", "user_name", "user_path",
    "secret_name", "secret_fields", "replica_regions", "removal_policy", "issuer",
}  # fmt: skip
NOT_IN_THE_TEMPLATE = {"feedback_address"}
KEYED = (*PURPOSES, *ORIGINS)
every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.prop)
every_key = pytest.mark.parametrize("row", KEYED, ids=lambda row: row.prop)


def test_the_construct_takes_every_restriction() -> None:
    parameters = inspect.signature(SecureSesSmtpUser.__init__).parameters
    assert parameters.keys() - {"self", "scope", "construct_id"} - OF_THE_LOGIN == BY_PROPERTY.keys()
    required = {name for name, one in parameters.items() if one.kind is one.KEYWORD_ONLY and one.default is one.empty}
    assert required == {row.prop for row in ROWS if row.is_required}


@every_row
def test_it_is_documented_and_has_cases(row: Row) -> None:
    assert re.search(rf"^\| `{row.prop}` \|.*\| {re.escape(row.means)}", PROPERTIES, re.MULTILINE)
    assert f"{row.prop}:" in str(inspect.getdoc(SecureSesSmtpUser.__init__))
    assert any(row.prop in properties for properties, _ in WRONG), "a value that is refused"
    assert any(row.prop in properties for properties in RIGHT), "a value that is accepted"


@every_row
def test_the_other_front_ends_have_it(row: Row) -> None:
    assert f'variable "{row.prop}" {{' in (ROOT / "terraform" / "variables.tf").read_text(encoding="utf-8")
    parameters = {one.restricts for group in GROUPS.values() for one in group if one.restricts}
    assert (row.prop in parameters) is (row.prop not in NOT_IN_THE_TEMPLATE)


@every_key
def test_the_matrix_has_a_mail_for_it(row: Row) -> None:
    """One mail has its condition key, and another is refused because of it by the policy with all restrictions."""
    fields = {Send.KEYS[row.key]}
    assert row.key in str(EVERYTHING)
    assert any(policy is EVERYTHING and not sent and fields & changed.keys() for _, policy, sent, changed in MATRIX)


@every_key
def test_it_has_an_allowed_value_and_others(row: Row) -> None:
    sample = row.sample(row.parse(row.prop, row.example))
    assert sample not in row.others([row.parse(row.prop, row.example)])
    assert row.negated != row.operator
    assert row.guards


def test_the_table_needs_no_cdk() -> None:
    code = (
        "import sys, ses_secure_user.restrictions.reading; sys.exit('aws_cdk' in sys.modules or 'jsii' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
