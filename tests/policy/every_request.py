"""Every request, as far as a few tests tell requests apart: exact, and as few that they can all be tried.

Each test asks one part of a request alone: the action, the resource or a condition key. So two values of a part of which
the same tests hold may stand for each other in any request, and one of each kind stands for all:

- Texts. A pattern reads a text from left to right, and remembers only at which places of the pattern it may be. Two
  texts that lead to the same places of all patterns are told apart by none. There are finitely many places, and each set
  of them that a text leads to is reached by adding characters to the empty text, one after the other.
- Addresses. The networks an address is in change at the beginning of a network and behind its end, and nowhere else.
- Moments. What is before, at and after a date changes at that date, and nowhere else.
- Several values. A set operator asks of each value alone whether it matches, so a set of values is told apart by which
  kinds are in it, and not by how many of each. Every set of kinds is tried, the empty one too.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from functools import cache
from ipaddress import IPv4Address, IPv6Address
from itertools import combinations
from typing import NamedTuple

from local_aws.iam.decision import PolicyTest, Region, Request, Test, Values, moment, network

SETS = {"ses:recipients", "aws:tagkeys"}
"""Keys that have several values. All others have one."""
ELEMENTS = {"action", "resource"}
"""What no request lacks."""


class Pattern(NamedTuple):
    """What a text is compared with: `*` and `?` may stand for others, and case may make no difference."""

    text: str
    wild: bool
    ignore_case: bool

    def after(self, place: int, char: str) -> Iterator[int]:
        """Name the places that a further character leads to."""
        here = self.text[place : place + 1]
        if self.wild and here == "*":
            yield from self.reached(place)
        elif here and (
            here == char or (self.wild and here == "?") or (self.ignore_case and here.lower() == char.lower())
        ):
            yield from self.reached(place + 1)

    def reached(self, place: int) -> Iterator[int]:
        """Name a place, and the one behind it if nothing need stand for it."""
        yield place
        if self.wild and self.text[place : place + 1] == "*":
            yield from self.reached(place + 1)


@cache
def texts(patterns: frozenset[Pattern]) -> list[str]:
    """Return a text for each set of places of patterns that a text leads to."""
    used = {char for one in patterns for char in one.text.lower() + one.text.upper()}
    other = next(char for char in map(chr, range(ord("~"), 0, -1)) if char not in used)
    found = {frozenset((one, place) for one in patterns for place in one.reached(0)): ""}
    for places, text in (ordered := list(found.items())):
        nexts = {char for one, place in places for char in _spellings(one, place)}
        for char in (*sorted(nexts), other):
            after = frozenset((one, there) for one, place in places for there in one.after(place, char))
            if after not in found:
                found[after] = text + char
                ordered.append((after, text + char))
    return list(found.values())


def _spellings(pattern: Pattern, place: int) -> set[str]:
    here = pattern.text[place : place + 1]
    return {here, *({here.lower(), here.upper()} if pattern.ignore_case else ())} - {""}


def addresses(names: Iterable[str]) -> Iterator[str]:
    """Name the first address of each family, of each network, and behind each."""
    yield from ("0.0.0.0", "::")
    for found in map(network, names):
        yield str(found[0])
        if int(found[-1]) < 2**found.max_prefixlen - 1:
            yield str((IPv4Address if found.version == 4 else IPv6Address)(int(found[-1]) + 1))


def moments(names: Iterable[str]) -> Iterator[str]:
    """Name each date, and a moment before the first one, between each two, and after the last one."""
    dates = sorted(set(map(moment, names)))
    yield (dates[0] - timedelta(days=1)).isoformat()
    for date, following in zip(dates, [*dates[1:], dates[-1] + timedelta(days=2)], strict=True):
        yield date.isoformat()
        yield (date + (following - date) / 2).isoformat()


def values(tests: Iterable[PolicyTest]) -> Iterable[str]:
    """Return texts, addresses or moments, of each kind that the tests of one part tell apart at least one."""
    asked = [(one.base, text) for one in tests if one.operator != "Null" for text in one.expected]
    if any("${" in text or base.startswith("Numeric") for base, text in asked):
        raise NotImplementedError(asked)
    names = [text for _, text in asked]
    if asked and all(base == "IpAddress" for base, _ in asked):
        return addresses(names)
    if asked and all(base.startswith("Date") for base, _ in asked):
        return moments(names)
    exact, alike = {"StringEquals", "StringEqualsIgnoreCase", "Bool"}, {"Action", "StringEqualsIgnoreCase", "Bool"}
    return texts(frozenset(Pattern(text, base not in exact, base in alike) for base, text in asked))


Cube = dict[str, int]
"""For each part its values, as the bits of their places in the list of all."""


class Requests:
    """Every request that can be, as far as the tests of some regions tell requests apart."""

    def __init__(self, regions: Iterable[Region], likely: Mapping[str, Iterable[str]] | None = None) -> None:
        """Gather the values of each part.

        Args:
            regions: What the requests are asked about later.
            likely: The only values of each part to look at, instead of one of each kind.
        """
        tests = dict.fromkeys(test for region in regions for one in region for test in one)
        self._tests = {
            part: [one for one in tests if one.part == part] for part in {one.part for one in tests} | ELEMENTS
        }
        self.values = {part: [*self._kinds(part, likely)] for part in sorted(self._tests)}
        self._masks: dict[Test, int] = {}

    def _kinds(self, part: str, likely: Mapping[str, Iterable[str]] | None) -> Iterator[Values]:
        tests = self._tests[part]
        found = values(one for test in tests for one in test.told_by) if likely is None else likely[part]
        kinds = {tuple(test.holds({part: (text,)}) for test in tests): text for text in found}
        if part not in ELEMENTS:
            yield None
        sizes = range(likely is not None, len(kinds) + 1) if part in SETS else (1,)
        for size in sizes:
            yield from combinations(kinds.values(), size)

    def outside(self, region: Region, *others: Region) -> Request | None:
        """Return a request of a region that is in none of the others, or None if there is none."""
        left_out = sorted((self._cube(one) for other in others for one in other), key=len)
        every = {part: 2 ** len(found) - 1 for part, found in self.values.items()}
        for one in region:
            inside = every | self._cube(one)
            if cube := _first(inside, left_out):
                lowest = {part: (mask & -mask).bit_length() - 1 for part, mask in cube.items()}
                return {part: self.values[part][place] for part, place in lowest.items()}
        return None

    def _cube(self, tests: Iterable[Test]) -> Cube:
        cube: Cube = {}
        for test in tests:
            cube[test.part] = cube.get(test.part, -1) & self._mask(test)
        return cube

    def _mask(self, test: Test) -> int:
        if test not in self._masks:
            found = self.values[test.part]
            self._masks[test] = sum(test.holds({test.part: one}) << place for place, one in enumerate(found))
        return self._masks[test]


def _first(cube: Cube, left_out: list[Cube]) -> Cube | None:
    """Return a part of a cube that is in none of the others, whose values may be chosen freely."""
    if not left_out or not all(cube.values()):
        return cube if all(cube.values()) else None
    first, *rest = left_out
    for part, mask in first.items():
        if found := _first(cube | {part: cube[part] & ~mask}, rest):
            return found
    return None
