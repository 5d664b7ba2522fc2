"""The journal in which the emulator records created keys and rotations for the tests."""

import json
import os
from pathlib import Path


def record(**entry: str | None) -> None:
    """Append an entry to the file, which only its owner can read."""
    with Path(os.environ["JOURNAL"]).open("a", encoding="utf-8") as journal:
        journal.write(json.dumps(entry) + "\n")
