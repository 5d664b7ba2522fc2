"""Files that the command line writes."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Write a UTF-8 file that only its owner can read (mode 0600), with the line ends of the text.

    An existing file is replaced, regardless of its permissions. A pipe or device is written to directly.

    Raises:
        OSError: The file cannot be written.
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
    """Return whether the path exists and is not a regular file, but a pipe, a terminal or a directory."""
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        return False
