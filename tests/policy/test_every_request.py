"""The enumeration contains every kind of request, and the search finds a request if and only if there is one."""

from collections.abc import Sequence
from datetime import date
from itertools import combinations, product

from hypothesis import example, given, settings
from hypothesis import strategies as st

from local_aws.iam.decision import PolicyTest, Values, both, within
from tests.policy.every_request import Requests

TEXTS = ("StringEquals", "StringNotLike", "StringEqualsIgnoreCase", "ArnLike")
ADDRESS = st.builds("{}{:x}".format, st.sampled_from(("2001:db8::", "203.0.113.")), st.integers(0, 9))
NETWORK = st.builds("{}/{}".format, ADDRESS, st.integers(26, 32))
DATE = st.dates(date(1970, 1, 1), date(2100, 1, 1)).map(str)
OPERATORS = {
    **dict.fromkeys(TEXTS, st.text("ab*?", max_size=2)),
    "IpAddress": NETWORK,
    "NotIpAddress": NETWORK,
    "DateLessThan": DATE,
    "DateNotEquals": DATE,
    "DateGreaterThanEquals": DATE,
}
TESTS = {
    name: st.builds(PolicyTest, st.just("key"), st.just(name), st.lists(expected, min_size=1, max_size=3).map(tuple))
    for name, expected in OPERATORS.items()
}


def some_tests(*names: str) -> st.SearchStrategy[list[PolicyTest]]:
    return st.lists(st.one_of(*(TESTS[name] for name in names)), min_size=1, max_size=4)


def holds(tests: Sequence[PolicyTest], values: tuple[str, ...] | None) -> list[bool]:
    return [test.holds({test.part: values}) for test in tests]


def all_texts(characters: str, longest: int) -> list[str]:
    return ["".join(one) for length in range(longest + 1) for one in product(characters, repeat=length)]


def test_every_pair_of_patterns_is_told_apart_by_some_text() -> None:
    patterns = [PolicyTest("key", name, (text,)) for name in TEXTS for text in all_texts("a*", 3)]
    for pair in combinations(patterns, 2):
        tried = [holds(pair, one) for one in Requests([[(one,)] for one in pair]).values["key"]]
        assert [text for text in all_texts("aAb", 4) if holds(pair, (text,)) not in tried] == []


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    asked=st.one_of(
        st.tuples(some_tests(*TEXTS), st.just(all_texts("abB", 4))),
        st.tuples(some_tests("IpAddress", "NotIpAddress"), st.lists(ADDRESS)),
        st.tuples(some_tests("DateLessThan", "DateNotEquals", "DateGreaterThanEquals"), st.lists(DATE)),
    )
)
def test_no_value_is_unlike_all_that_are_tried(asked: tuple[list[PolicyTest], list[str]]) -> None:
    tests, values = asked
    tried = Requests([[(one,)] for one in tests]).values["key"]
    assert None in tried
    vectors = [holds(tests, one) for one in tried]
    assert [value for value in values if holds(tests, (value,)) not in vectors] == []


SET_TESTS = st.builds(
    PolicyTest,
    st.just("ses:recipients"),
    st.sampled_from(("ForAllValues:StringLike", "ForAnyValue:StringLike", "ForAnyValue:StringNotLike", "Null")),
    st.lists(st.text("a*", max_size=2), min_size=1, max_size=2).map(tuple),
)


@settings(max_examples=200, deadline=None, derandomize=True)
@example(tests=[PolicyTest("ses:recipients", "ForAnyValue:StringLike", (text,)) for text in ("", "a", "aa")])
@given(tests=st.lists(SET_TESTS, min_size=1, max_size=5))
def test_no_values_are_unlike_all_that_are_tried(tests: list[PolicyTest]) -> None:
    tried = [holds(tests, one) for one in Requests([[(one,)] for one in tests]).values["ses:recipients"]]
    several = [one for size in range(4) for one in combinations(all_texts("ab", 2), size)]
    assert [values for values in several if holds(tests, values) not in tried] == []


PARTS = ("action", "resource", "key")
ANY_TEST = st.builds(
    PolicyTest,
    st.sampled_from(PARTS),
    st.sampled_from(("StringEquals", "StringNotEquals")),
    st.sampled_from([("a",), ("b",)]),
)
REGION = st.lists(st.lists(ANY_TEST, max_size=4).map(tuple), max_size=4)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(region=REGION, another=REGION, left_out=REGION)
def test_a_request_is_found_if_and_only_if_there_is_one(
    region: list[tuple[PolicyTest, ...]], another: list[tuple[PolicyTest, ...]], left_out: list[tuple[PolicyTest, ...]]
) -> None:
    sought = both(region, another)
    texts: list[Values] = [("a",), ("b",), ("c",)]
    every = [dict(zip(PARTS, one, strict=True)) for one in product(texts, texts, [*texts, None])]
    found = Requests([region, another, left_out]).outside(sought, left_out)
    assert (found is not None) is any(within(sought, one) and not within(left_out, one) for one in every)
    assert found is None or (within(sought, found) and not within(left_out, found))
