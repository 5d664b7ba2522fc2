"""Proofs for every request: a policy allows what is promised and nothing else, and no part of it is needless.

A request has any action, resource, sender, number of recipients, address, VPC, endpoint and time, and any key may be
missing. What is impossible here is impossible for all of them. Where a part is taken out, the solver names a request
that is then judged wrongly, and `iam-simulate` must judge it so too.
"""

import copy
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from ipaddress import ip_network
from itertools import chain, product
from typing import Any, NamedTuple

import pytest
import z3
from aws_cdk.assertions import Template
from hypothesis import given, settings

from ses_secure_user.restrictions.policy import POLICY_LIMIT, policy_size
from ses_secure_user.template import template
from tests.cases.random_properties import random_properties
from tests.cases.refusals import GIVEN
from tests.cases.shapes import SHAPES, made
from tests.policy.encoder import (
    Address,
    Formula,
    Policies,
    Request,
    Term,
    any_request,
    every,
    found,
    listed,
    opposite,
    some,
)
from tests.policy.evaluator import ACCOUNT, ALL_ACTIONS, GRANT_TO_USER, REGION, USER, Document, Evaluator, Send
from tests.policy.promise import promised
from tests.policy.test_matrix import EVERYTHING_PROPERTIES, WIDENED, written
from tests.summary import COUNTS
from tests.template.resolving import Resolver
from tests.template.test_template import SETS, restricted
from tests.terraform.cases import EVERYTHING, accepted

Properties = Mapping[str, Any]
HERE = f"arn:aws:ses:{REGION}:{ACCOUNT}:"


class Around(NamedTuple):
    """The policies that the user has, its boundary, and what the identity's own policy grants; each may be missing."""

    in_group: Formula = True
    bounded: Formula = True
    administrator: Formula = False
    granted: Formula = False

    def policies(self, document: Document) -> Policies:
        return Policies(
            principal=USER,
            attached=[(self.in_group, document), (self.administrator, ALL_ACTIONS)],
            boundary=(self.bounded, document),
            resource_policy=(self.granted, GRANT_TO_USER),
        )


AS_DEPLOYED = Around()
ANYTHING = Around(*z3.Bools("in_group bounded administrator granted"))
"""Other policies of the user, and one of the identity, allow at most everything; what they deny widens nothing."""


class Case(NamedTuple):
    """A policy document, and the properties that it was made of, in one region."""

    document: Document
    properties: Properties
    place: str = HERE


class Wrong(NamedTuple):
    """What must be impossible: a formula, with what it is about, and whether the request is then allowed."""

    formula: Formula
    request: Request
    around: Around
    document: Document
    allowed: bool


def wrongs(case: Case) -> Iterator[Wrong]:
    """The ways to break the promise.

    Something that is promised is denied, or not allowed, by the policy alone. Or something else is allowed, whatever
    other policies there are, while the policy is the user's or its boundary. The Allow statements must not allow
    anything else even without the Deny statements.
    """
    document = case.document
    allows, denies = ([one for one in document["Statement"] if one["Effect"] == effect] for effect in ("Allow", "Deny"))
    request = any_request(1)  # a Deny needs one recipient, and what is promised of all is promised of that one
    promise = promised(request, case.place, case.properties)
    for one in denies:  # one by one, which z3 decides at once
        denied = AS_DEPLOYED.policies({**document, "Statement": [one]}).denied(request)
        yield Wrong(every((denied, promise)), request, AS_DEPLOYED, document, allowed=False)
    # Each Allow may lack another recipient, so that all of them together are allowed by none.
    request = any_request(max(1, json.dumps(allows).count("ForAllValues:")))
    promise = promised(request, case.place, case.properties)
    granted = AS_DEPLOYED.policies(document).granted(request)
    yield Wrong(every((opposite(granted), promise)), request, AS_DEPLOYED, document, allowed=False)
    sought = json.dumps(allows).count("ForAnyValue:") + json.dumps(denies).count("ForAllValues:")
    request = any_request(1 + sought)  # one that is not promised, and one for each test that a single value decides
    promise = promised(request, case.place, case.properties)
    in_place = some((ANYTHING.in_group, ANYTHING.bounded))
    allowed = ANYTHING.policies(document).allowed(request)
    yield Wrong(every((in_place, allowed, opposite(promise))), request, ANYTHING, document, allowed=True)
    unguarded = promised(request, case.place, case.properties, guarded=False)
    by_allows = {**document, "Statement": allows}
    allowed = AS_DEPLOYED.policies(by_allows).allowed(request)
    yield Wrong(every((allowed, opposite(unguarded))), request, AS_DEPLOYED, by_allows, allowed=True)


def example(wrong: Wrong, *also: Formula) -> z3.ModelRef | None:
    """A request that shows it, or None if there is none."""
    COUNTS["policy"]["proofs"] += 1
    solver = z3.Solver()
    solver.set("timeout", 20_000)
    solver.add(wrong.formula, wrong.request.exists, *also)
    answer = solver.check()
    assert answer != z3.unknown, solver.reason_unknown()
    return solver.model() if answer == z3.sat else None


def disproved(cases: Iterable[tuple[str, Case]]) -> dict[str, Any]:
    """The cases that break the promise, each with a request that shows it."""
    return {
        name: found(model, wrong.request)
        for name, case in cases
        for wrong in wrongs(case)
        if (model := example(wrong)) is not None
    }


# What is proved


def documents(resources: dict[str, Any]) -> list[Document]:
    """The policies of users among a template's resources, in order of their names."""
    text = json.dumps(dict(sorted(resources.items())))
    for placeholder, name in (("Identity", "example.com"), ("Set", "transactional")):
        text = re.sub(rf"<{placeholder}\w+>", name, text)
    policies = [one["Properties"] for one in json.loads(text).values() if one["Type"] == "AWS::IAM::ManagedPolicy"]
    return [one["PolicyDocument"] for one in policies if "Roles" not in one]


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
    filled = [GIVEN | {"allowed_cidrs": networks[:count]} for count in range(1, len(networks), 10)]
    full = [one for one in filled if policy_size(written(**one)) <= POLICY_LIMIT][-1]
    assert policy_size(written(**full)) > POLICY_LIMIT - 500
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


def parts(document: Document) -> Iterator[tuple[str, Document]]:
    """The document without one part: a statement, a test, or one of several values."""
    for number, statement in enumerate(document["Statement"]):
        rest = [*document["Statement"][:number], *document["Statement"][number + 1 :]]
        sid = statement["Sid"]
        yield f"without {sid}", {**document, "Statement": rest}
        for what, less in chain(_without_test(statement), _without_value(statement)):
            yield f"{sid} without {what}", {**document, "Statement": [*rest, less]}


def _without_test(statement: Document) -> Iterator[tuple[str, Document]]:
    conditions = statement.get("Condition", {})
    if sum(map(len, conditions.values())) == 1:
        return  # without its only test it would be another statement
    for operator, keys in conditions.items():
        for key in keys:
            fewer = {one: value for one, value in keys.items() if one != key}
            kept = {one: value for one, value in conditions.items() if one != operator} | (
                {operator: fewer} if fewer else {}
            )
            yield f"{operator} {key}", {**statement, "Condition": kept}


def _without_value(statement: Document) -> Iterator[tuple[str, Document]]:
    for element in ("Resource", "NotResource"):
        for value, fewer in _shorter(statement.get(element)):
            yield value, {**statement, element: fewer}
    for operator, keys in statement.get("Condition", {}).items():
        for key, values in keys.items():
            for value, fewer in _shorter(values):
                changed = copy.deepcopy(statement)
                changed["Condition"][operator][key] = fewer
                yield f"{key} {value}", changed


def _shorter(values: object) -> Iterator[tuple[str, list[str]]]:
    several = values if isinstance(values, list) else []
    return ((one, [other for other in several if other != one]) for one in several)


NAMES = {name.lower(): name for name in Send.KEYS}
WHOLE = written(**EVERYTHING)
STRANGER = "stranger@evil.example"


def plausible(document: Document, request: Request) -> Iterator[Formula]:
    """What a request must be for `iam-simulate`, which knows AWS's actions and resources and no empty list.

    Its texts are those that the policy names, others that look like them, and those of a stranger.
    """
    statements = [*document["Statement"], *WHOLE["Statement"]]
    arns = [arn for one in statements for part in ("Resource", "NotResource") for arn in listed(one.get(part, []))]
    others = [f"{HERE}identity/{STRANGER}", f"{HERE}configuration-set/other"]
    yield _one_of(request.action, ["ses:SendRawEmail", "ses:SendEmail"])
    yield _one_of(request.resource, [one.replace("*", "x") for one in arns if one.startswith(HERE)] + others)
    for name, key in request.keys.items():
        tests = [keys for one in statements for keys in one.get("Condition", {}).values()]
        named = [value for keys in tests for value in listed(keys.get(NAMES[name], []))]
        alike = [alike for one in named for alike in (one.replace("*", "x"), one.upper())]
        for _, value in key.values:
            if isinstance(value, Address):
                yield _one_of(value.number, [2**24, *(int(ip_network(one)[0]) for one in named)])
            elif z3.is_real(value):
                yield _one_of(value, [0, 2**33])
            elif name != "ses:recipients":
                yield _one_of(value, [*alike, STRANGER])
        yield some((opposite(key.known), *(is_there for is_there, _ in key.values)))


def _one_of(term: Term, values: Iterable[str | int]) -> Formula:
    return some(term == (z3.StringVal(one) if isinstance(one, str) else one) for one in dict.fromkeys(values))


def _term(formula: Formula) -> Formula:
    return z3.BoolVal(formula) if isinstance(formula, bool) else formula


def _for_recipients(wrong: Wrong) -> Iterator[Wrong]:
    """The same for certain recipients each, since z3 is slow to find one that a pattern has and another has not."""
    terms = [term for _, term in wrong.request.key("ses:Recipients").values]
    for chosen in product(
        ("x@example.net", "person@example.org", STRANGER, f"{STRANGER},x@example.net"), repeat=len(terms)
    ):
        values = [*zip(terms, map(z3.StringVal, chosen), strict=True)]
        certain = z3.simplify(z3.substitute(_term(wrong.formula), *values))
        yield wrong._replace(formula=every((certain, *(term == value for term, value in values))))


def counterexample(iam: Evaluator, case: Case) -> str | None:
    """The first request that breaks the promise; `iam-simulate` must judge it as the solver does."""
    for wrong in chain.from_iterable(map(_for_recipients, wrongs(case))):
        if (model := example(wrong, *plausible(case.document, wrong.request))) is None:
            continue
        around = {
            name: z3.is_true(model.eval(_term(one), model_completion=True))
            for name, one in wrong.around._asdict().items()
        }
        asked = found(model, wrong.request)
        context = {NAMES[name]: value for name, value in asked.context.items()}
        assert iam.allows(wrong.document, asked.action, asked.resource, context, **around) is wrong.allowed, asked
        COUNTS["policy"]["counterexamples"] += 1
        return f"{asked.action} {asked.resource} {context} {around}"
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


@pytest.mark.parametrize("widened", WIDENED.values(), ids=WIDENED)
def test_what_a_careless_hand_would_change_is_found(iam: Evaluator, widened: Callable[[Document], None]) -> None:
    document = written(**EVERYTHING_PROPERTIES)
    widened(document)
    assert counterexample(iam, Case(document, EVERYTHING_PROPERTIES))
