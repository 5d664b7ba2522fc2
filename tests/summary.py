"""Counts and lines of the tests, by subject, which are printed at the end of a run."""

from collections import Counter, defaultdict

COUNTS: defaultdict[str, Counter[str]] = defaultdict(Counter)
LINES: defaultdict[str, list[str]] = defaultdict(list)
