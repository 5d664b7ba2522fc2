"""Files that the command line writes."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Write a file that its owner alone can read (mode 0600), in UTF-8, with the line ends of the text.

    It replaces a file that exists, whoever may read that one. What is no file, such as a pipe, is written to as it is.

    Raises:
        OSError: It cannot be written.
    """
    data = text.encode(errors="backslashreplace")
    if _is_special(path):
        path.write_bytes(data)
        return
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(number, "wb") as file:
            file.write(data)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def _is_special(path: Path) -> bool:
    """Return whether something is there that is no file: a pipe, a terminal, or a folder."""
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        return False
