"""What tests have to tell beside passed and failed: counts and lines, by subject, printed at the end of the run."""

from collections import Counter, defaultdict

COUNTS: defaultdict[str, Counter[str]] = defaultdict(Counter)
LINES: defaultdict[str, list[str]] = defaultdict(list)
