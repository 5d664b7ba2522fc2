"""Reading of a deployed policy: it gives the construct's properties, and every difference is reported."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings

from local_aws.iam.evaluator import ACCOUNT, REGION, Document
from ses_secure_user.restrictions.policy import policy_document
from ses_secure_user.restrictions.reading import deviations, read
from ses_secure_user.restrictions.restrict import restrict
from ses_secure_user.restrictions.rows import ROWS
from tests.cases.policy_changes import CARELESS, Widen, parts
from tests.cases.random_properties import random_properties
from tests.policy.test_matrix import EVERYTHING

LESS = dict(parts(EVERYTHING))


def as_iam_answers(document: Document) -> Document:
    """Return a document as IAM does: as JSON, with lists of one entry as that entry."""
    answered: Document = json.loads(json.dumps(document))
    return answered


@settings(max_examples=200, deadline=None, derandomize=True)
@given(properties=random_properties())
def test_reading_a_policy_gives_its_properties(properties: dict[str, Any]) -> None:
    r = restrict(**properties)
    document = as_iam_answers(policy_document(r, partition="aws", region=REGION, account=ACCOUNT))
    found = read(document)
    assert {row.prop: set(found[row.prop]) for row in ROWS if row.key} == {
        row.prop: set(r[row.prop]) for row in ROWS if row.key
    }
    assert set(found.identities) == {*r["identity"], *r["from_address"], *r["sandbox_recipients"]}
    assert set(found.configuration_sets) == set(r["configuration_set"])
    assert deviations(document, found) == []


@pytest.mark.parametrize("document", LESS.values(), ids=LESS)
def test_a_policy_that_lacks_a_part_deviates(document: Document) -> None:
    assert deviations(document, read(document))


@pytest.mark.parametrize("widened", CARELESS.values(), ids=CARELESS)
def test_a_widened_policy_deviates(widened: Widen) -> None:
    document = copy.deepcopy(EVERYTHING)
    widened(document)
    assert deviations(document, read(document))


def test_an_added_statement_deviates() -> None:
    added = {"Effect": "Allow", "Action": "ses:SendRawEmail", "Resource": "*"}
    for sid in ({}, {"Sid": "Another"}, {"Sid": "SendFromNetworks"}):
        document = {**EVERYTHING, "Statement": [*EVERYTHING["Statement"], {**sid, **added}]}
        assert deviations(document, read(document))


def test_order_and_lists_of_one_entry_do_not_matter() -> None:
    text = json.dumps(EVERYTHING)
    document = json.loads(text)
    for one in document["Statement"]:
        for element in ("Resource", "NotResource", "Action"):
            if isinstance(one.get(element), list):
                one[element] = one[element][::-1]
            elif element in one:
                one[element] = [one[element]]
    assert deviations(document, read(document)) == []


def test_an_unrelated_policy_is_not_read() -> None:
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    with pytest.raises(ValueError, match="no SES identity"):
        read({"Version": "2012-10-17", "Statement": statement})
