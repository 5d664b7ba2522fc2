"""Hit and miss rates of the scanner rules on generated files: `python -m bench.scanners`.

The expressions run in Python. If google-re2 and hyperscan are installed, they also run in these engines, which are the
same as those of gitleaks and GitHub, or similar ones.
"""

import importlib
import sys
from collections.abc import Callable, Iterator

from tests.scanners.files import FAR, FORMS, ORDINARY, chance, dice_of, login
from tests.scanners.rules import GITHUB, GITLEAKS, expression, github, gitleaks

COUNT = 2_000
CHANCES = 20_000

Found = Callable[[str], bool]


def engines() -> Iterator[tuple[str, Found]]:
    yield "gitleaks", lambda text: bool(gitleaks(text))
    yield "GitHub", lambda text: bool(github(text))
    try:
        re2 = importlib.import_module("re2")
        patterns = [re2.compile(rule["regex"]) for rule in GITLEAKS]
        yield "gitleaks in RE2", lambda text: any(pattern.search(text) for pattern in patterns)
    except ImportError:
        print("google-re2 is not installed", file=sys.stderr)
    try:
        hyperscan = importlib.import_module("hyperscan")
    except ImportError:
        print("hyperscan is not installed", file=sys.stderr)
        return
    database = hyperscan.Database()
    texts = [expression(pattern).encode() for pattern in GITHUB]
    database.compile(
        expressions=texts,
        ids=list(range(len(texts))),
        elements=len(texts),
        flags=[hyperscan.HS_FLAG_SOM_LEFTMOST] * len(texts),
    )

    def scan(text: str) -> bool:
        hits: list[int] = []
        database.scan(text.encode(), match_event_handler=lambda number, *_: hits.append(number))
        return bool(hits)

    yield "GitHub in Hyperscan", scan


def main() -> None:
    found = dict(engines())
    print("| file | of | " + " | ".join(found) + " |\n|---|---|" + "---|" * len(found))
    for name, form in (FORMS | FAR).items():
        dice = dice_of(name)
        _row(name, [form(*login(dice)) for _ in range(COUNT)], found)
    for name, ordinary in ORDINARY.items():
        dice = dice_of(name)
        _row(f"no login: {name}", [ordinary(dice) for _ in range(COUNT)], found)
    dice = dice_of("chance")
    _row("no login: 33 random bytes", [chance(dice) for _ in range(CHANCES)], found)


def _row(name: str, texts: list[str], found: dict[str, Found]) -> None:
    counts = (f"{sum(map(scan, texts)):,}" for scan in found.values())
    print(f"| {name} | {len(texts):,} | " + " | ".join(counts) + " |", flush=True)


if __name__ == "__main__":
    main()
