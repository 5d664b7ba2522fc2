"""The process of the emulator, which runs in its own process group."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from local_aws.waiting import wait_for

SMTP = {"down": 0, "refusals": 0, "no_login": 0, "strict_sandbox": 0, "throttled": 0, "origin": "127.0.0.1", "time": ""}
"""The initial settings of the SMTP endpoints. `SmtpEndpoint` describes them."""

ROOT = Path(__file__).parents[1]


@contextmanager
def emulator(folder: Path, *options: str) -> Iterator[str]:
    """Run the emulator on a free port and yield its URL."""
    _prepare(folder)
    port = _free_port()
    command = [sys.executable, "-m", "local_aws.emulator", str(folder), *options]
    with (folder / "emulator.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=_environment(folder, port), stdout=log, stderr=log, start_new_session=True
        )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(lambda: _answers(url, process), f"the emulator, see {folder}/emulator.log")
        yield url
    finally:
        _end(process)


def _prepare(folder: Path) -> None:
    (folder / "tmp").mkdir()
    (folder / "journal").touch(mode=0o600)
    (folder / "smtp.json").write_text(json.dumps(SMTP), encoding="utf-8")


def _environment(folder: Path, port: int) -> dict[str, str]:
    return {
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "HOME": str(folder),
        "IOT_MTLS_ENABLED": "0",
        "JOURNAL": str(folder / "journal"),
        "LAMBDA_EXECUTOR": "local",
        "MINISTACK_HOST": "127.0.0.1",
        "PATH": os.environ["PATH"],
        "S3_DATA_DIR": str(folder / "tmp"),
        "SFTP_ENABLED": "0",
        "STATE_DIR": str(folder / "tmp"),
        "TMPDIR": str(folder / "tmp"),
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(url: str, process: subprocess.Popen[bytes]) -> bool:
    if process.poll() is not None:
        raise RuntimeError(f"the emulator ended with {process.returncode}")
    with suppress(OSError), urllib.request.urlopen(f"{url}/_ministack/health", timeout=5):  # noqa: S310
        return True
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    _kill(process, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(1)
    _kill(process, signal.SIGKILL)
    process.wait()


def _kill(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    """Signal the process group. If it has ended, Linux reports that it does not exist, and macOS denies permission."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, how)
