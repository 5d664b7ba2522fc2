"""What the emulator remembers for the harness: every key it made, every rotation that ended."""

import json
import os
from pathlib import Path


def record(**entry: str | None) -> None:
    """Append one entry; the harness made the file, readable by its owner alone."""
    with Path(os.environ["JOURNAL"]).open("a", encoding="utf-8") as journal:
        journal.write(json.dumps(entry) + "\n")
