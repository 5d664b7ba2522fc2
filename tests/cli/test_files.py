"""Private files: only their owner can read them, at any time."""

import os
import stat
import threading
from pathlib import Path

import pytest

from ses_secure_user.cli.files import write_private


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(autouse=True)
def open_umask() -> object:
    """Set the most permissive umask, so that the mode comes from the code."""
    before = os.umask(0)
    yield
    os.umask(before)


def test_a_new_file_is_private(tmp_path: Path) -> None:
    path = tmp_path / "report"
    write_private(path, "Größe\n✓\n")
    assert (mode(path), path.read_bytes()) == (0o600, "Größe\n✓\n".encode())
    assert [one.name for one in tmp_path.iterdir()] == ["report"]


def test_an_existing_public_file_becomes_private(tmp_path: Path) -> None:
    """A process that has the old file open cannot read the new content."""
    path = tmp_path / "report"
    path.write_text("former", encoding="utf-8")
    path.chmod(0o644)
    with path.open(encoding="utf-8") as reader:
        write_private(path, "new")
        assert reader.read() == "former"
    assert (mode(path), path.read_text(encoding="utf-8")) == (0o600, "new")


def test_a_pipe_is_written_to_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(path.read_text(encoding="utf-8")))
    reader.start()
    write_private(path, "through")
    reader.join(10)
    assert read == ["through"]
    assert stat.S_ISFIFO(path.stat().st_mode)


def test_a_failed_write_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match=r"."):
        write_private(tmp_path / "folder", "text")
    with pytest.raises(FileNotFoundError):
        write_private(tmp_path / "missing" / "report", "text")
    assert [one.name for one in tmp_path.iterdir()] == ["folder"]


def test_a_lone_surrogate_is_escaped(tmp_path: Path) -> None:
    write_private(tmp_path / "report", "a\ud800b")
    assert (tmp_path / "report").read_text(encoding="utf-8") == r"a\ud800b"
