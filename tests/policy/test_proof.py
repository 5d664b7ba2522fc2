"""Proofs for every request: a policy allows what is promised and nothing else, and no part of it is needless.

A request has any action, resource, sender, number of recipients, address, VPC, endpoint and time, and any key may be
missing. What is impossible here is impossible for all of them. Where a part is taken out, a request is found that is
then judged wrongly, and `iam-simulate` must judge it so too.
"""

import copy
import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, NamedTuple

import pytest
from aws_cdk.assertions import Template
from hypothesis import given, settings

from local_aws.iam.decision import Policies, Request, both, listed
from local_aws.iam.evaluator import ACCOUNT, ALL_ACTIONS, GRANT_TO_USER, REGION, USER, Document, Evaluator, Send
from ses_secure_user.restrictions.policy import POLICY_LIMIT, policy_size
from ses_secure_user.template import template
from tests.cases.policy_changes import CARELESS, Widen, parts
from tests.cases.random_properties import random_properties
from tests.cases.refusals import GIVEN
from tests.cases.shapes import SHAPES, made
from tests.policy.every_request import SETS as SEVERAL
from tests.policy.every_request import Requests
from tests.policy.promise import promised
from tests.policy.test_matrix import EVERYTHING_PROPERTIES, written
from tests.summary import COUNTS
from tests.template.resolving import Resolver
from tests.template.test_template import SETS, restricted
from tests.terraform.cases import EVERYTHING, accepted

Properties = Mapping[str, Any]
HERE = f"arn:aws:ses:{REGION}:{ACCOUNT}:"


class Around(NamedTuple):
    """The policies that the user has, its boundary, and what the identity's own policy grants; each may be missing."""

    in_group: bool = True
    bounded: bool = True
    administrator: bool = False
    granted: bool = False

    def policies(self, document: Document) -> Policies:
        return Policies(
            principal=USER,
            attached=[document] * self.in_group + [ALL_ACTIONS] * self.administrator,
            boundary=document if self.bounded else None,
            resource_policy=GRANT_TO_USER if self.granted else None,
        )


AS_DEPLOYED = Around()
AT_WORST = [Around(in_group, not in_group, administrator=True, granted=True) for in_group in (True, False)]
"""The policy in the group alone, or as the boundary alone, and everything else allows everything.

Whatever else a policy of the user or of the identity allows is less, and what it denies widens nothing. So does the
policy at its second place.
"""


class Case(NamedTuple):
    """A policy document, and the properties that it was made of, in one region."""

    document: Document
    properties: Properties
    place: str = HERE


class Wrong(NamedTuple):
    """A request that is judged wrongly, by which policies, and whether it is allowed."""

    request: Request
    around: Around
    document: Document
    allowed: bool


def wrongs(case: Case, likely: Mapping[str, Iterable[str]] | None = None) -> Iterator[Wrong]:
    """Find requests that break the promise.

    Something that is promised is denied, or not allowed, by the policy alone. Or something else is allowed, whatever
    other policies there are, while the policy is the user's or its boundary. The Allow statements must not allow
    anything else even without the Deny statements.
    """
    document = case.document
    by_allows = {**document, "Statement": [one for one in document["Statement"] if one["Effect"] == "Allow"]}
    promise, unguarded = (promised(case.place, case.properties, guarded=guarded) for guarded in (True, False))
    alone, allows = AS_DEPLOYED.policies(document), AS_DEPLOYED.policies(by_allows).granted()
    claims = [
        (AS_DEPLOYED, document, False, both(alone.denied(), promise), []),
        (AS_DEPLOYED, document, False, promise, alone.granted()),
        (AS_DEPLOYED, by_allows, True, allows, unguarded),
    ]
    for around in AT_WORST:
        policies = around.policies(document)
        claims.append((around, document, True, policies.granted(), [*policies.denied(), *promise]))
    requests = Requests(chain.from_iterable((region, less) for *_, region, less in claims), likely)
    for around, judged, allowed, region, less in claims:
        COUNTS["policy"]["proofs"] += 1
        if (found := requests.outside(region, less)) is not None:
            yield Wrong(found, around, judged, allowed)


def disproved(cases: Iterable[tuple[str, Case]]) -> dict[str, Request]:
    """The cases that break the promise, each with a request that shows it."""
    return {name: wrong.request for name, case in cases for wrong in wrongs(case)}


# What is proved


def documents(resources: dict[str, Any]) -> list[Document]:
    """The policies of a template's users, in order of their names, each its user's only one and its boundary."""
    text = json.dumps(dict(sorted(resources.items())))
    for placeholder, name in (("Identity", "example.com"), ("Set", "transactional")):
        text = re.sub(rf"<{placeholder}\w+>", name, text)
    found = {f"<{name}>": one["Properties"] for name, one in json.loads(text).items() if "Properties" in one}
    users = [one for one in found.values() if "PermissionsBoundary" in one]
    assert all(found[one["Groups"][0]] == {"ManagedPolicyArns": [one["PermissionsBoundary"]]} for one in users)
    assert not any(one.keys() - {"Groups", "PermissionsBoundary", "Tags", "UserName", "Path"} for one in users)
    assert [len(one["Groups"]) for one in users] == [1] * len(users)
    return [found[one["PermissionsBoundary"]]["PolicyDocument"] for one in users]


OF_SHAPES: dict[str, list[Properties]] = {
    "everything": [
        EVERYTHING
        | {
            "allowed_cidrs": ["203.0.113.0/24", "198.51.100.7", "2001:db8::/32"],
            "allowed_vpc_endpoints": ["vpce-0123456789abcdef0"],
            "allowed_recipients": ["*@example.net", "person@example.com"],
            "sandbox_recipients": ["person@example.net"],
        }
    ],
    "two-users": [
        GIVEN | {"from_address": "alerts@example.com", "allowed_cidrs": ["198.51.100.0/24"]},
        GIVEN | {"from_address": "orders@example.com"},
    ],
    "watched": [GIVEN | {"configuration_set": "transactional"}],
}
"""The properties of the shapes' users, where they are not the least that can be."""
PLACES = {"govcloud": "aws-us-gov:ses:us-gov-west-1", "everything": "aws:ses:us-east-1", "watched": "aws:ses:us-east-1"}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_deployed_policy_allows_what_is_promised_alone(shape: str) -> None:
    deployed = documents(Resolver(dict(Template.from_stack(made(shape)).to_json()), {}).resources())
    place = f"arn:{PLACES.get(shape, f'aws:ses:{REGION}')}:{ACCOUNT}:"
    promises = OF_SHAPES.get(shape, [GIVEN])
    cases = [Case(document, properties, place) for document, properties in zip(deployed, promises, strict=True)]
    assert disproved((case.properties["from_address"], case) for case in cases) == {}


def test_so_does_each_restriction_alone_and_all_together() -> None:
    """The Terraform module's policies are held to these documents."""
    assert disproved((str(one), Case(written(**one), one)) for one in accepted()) == {}


def test_so_does_a_policy_that_fills_the_quota() -> None:
    networks = [f"8.{number // 256}.{number % 256}.0/25" for number in range(999)]

    def filled(count: int) -> Properties:
        return GIVEN | {"allowed_cidrs": networks[:count]}

    def size(count: int) -> int:
        return policy_size(written(**filled(count)))

    full = filled(bisect_right(range(len(networks)), POLICY_LIMIT, lo=1, key=size) - 1)
    assert policy_size(written(**full)) > POLICY_LIMIT - 50
    assert disproved([("full", Case(written(**full), full))]) == {}


def test_so_does_the_template_with_its_parameters() -> None:
    rendered = json.loads(template())
    cases = {}
    for parameters in SETS:
        (document,) = documents(Resolver(rendered, parameters).resources())
        place = f"arn:aws:ses:{parameters.get('SesRegion', REGION)}:{ACCOUNT}:"
        cases[json.dumps(document)] = Case(document, restricted(parameters), place)
    assert disproved(cases.items()) == {}


@settings(max_examples=40, deadline=None, derandomize=True)
@given(properties=random_properties())
def test_so_do_random_restrictions(properties: Properties) -> None:
    assert disproved([("random", Case(written(**properties), properties))]) == {}


# What is needed


NAMES = {name.lower(): name for name in Send.KEYS}
WHOLE = written(**EVERYTHING)
STRANGER = "stranger@evil.example"


def likely(document: Document) -> dict[str, list[str]]:
    """What a request is made of for `iam-simulate`, which knows AWS's actions and resources.

    Its texts are those that the policy names, others that look like them, and those of a stranger.
    """
    statements = [*document["Statement"], *WHOLE["Statement"]]
    arns = [arn for one in statements for part in ("Resource", "NotResource") for arn in listed(one.get(part, []))]
    others = [f"{HERE}identity/{STRANGER}", f"{HERE}configuration-set/other"]
    found = {
        "action": ["ses:SendRawEmail", "ses:SendEmail"],
        "resource": [one.replace("*", "x") for one in arns if one.startswith(HERE)] + others,
    }
    for name, spelled in NAMES.items():
        tests = [keys for one in statements for keys in one.get("Condition", {}).values()]
        named = [value for keys in tests for value in listed(keys.get(spelled, []))]
        found[name] = [alike for one in named for alike in (one.replace("*", "x"), one.upper())] + [STRANGER]
    addresses = [one.partition("/")[0] for one in found["aws:sourceip"][:-1]]
    recipients = ["x@example.net", "person@example.org", STRANGER, f"{STRANGER},x@example.net"]
    times = ["1970-01-01T00:00:00Z", "2242-01-01T00:00:00Z"]
    return found | {"aws:sourceip": ["1.0.0.0", *addresses], "aws:currenttime": times, "ses:recipients": recipients}


def counterexample(iam: Evaluator, case: Case) -> str | None:
    """The first request that breaks the promise; `iam-simulate` must judge it wrongly too."""
    for wrong in wrongs(case, likely(case.document)):
        (action, *_), (resource, *_) = (wrong.request[part] or () for part in ("action", "resource"))
        context = {
            spelled: [*values] if name in SEVERAL else values[0]
            for name, spelled in NAMES.items()
            if (values := wrong.request.get(name))
        }
        assert iam.allows(wrong.document, action, resource, context, **wrong.around._asdict()) is wrong.allowed
        COUNTS["policy"]["counterexamples"] += 1
        return f"{action} {resource} {context} {wrong.around}"
    return None


NEEDED = dict(parts(WHOLE))


@pytest.mark.parametrize("part", NEEDED)
def test_no_part_of_a_policy_is_needless(iam: Evaluator, part: str) -> None:
    assert counterexample(iam, Case(NEEDED[part], EVERYTHING))


def test_recipients_that_no_single_allow_has_are_missed_together() -> None:
    """An Allow for each recipient allows every one of them, and no mail to both."""
    properties = GIVEN | {"allowed_recipients": ["*@example.net", "person@example.org"]}
    (allow, *denies) = written(**properties)["Statement"]
    split = [copy.deepcopy(allow) for _ in properties["allowed_recipients"]]
    for one, recipient in zip(split, properties["allowed_recipients"], strict=True):
        one["Condition"]["ForAllValues:StringLike"]["ses:Recipients"] = recipient
    assert disproved([("split", Case({"Statement": [*split, *denies]}, properties))])


@pytest.mark.parametrize("widened", CARELESS.values(), ids=CARELESS)
def test_what_a_careless_hand_would_change_is_found(iam: Evaluator, widened: Widen) -> None:
    document = written(**EVERYTHING_PROPERTIES)
    widened(document)
    assert counterexample(iam, Case(document, EVERYTHING_PROPERTIES))
