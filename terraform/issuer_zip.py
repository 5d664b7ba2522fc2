"""The issuer's code as a zip file for the Terraform module: the same bytes on every machine and with every Python."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
SOURCE = HERE.parent / "ses_secure_user" / "functions" / "issuer"
ZIP = HERE / "modules" / "issuer" / "issuer.zip"

_LONG_AGO = (1980, 1, 1, 0, 0, 0)
_READABLE = 0o100644 << 16
_UNIX = 3


def zipped(source: Path) -> bytes:
    """Write the modules of a folder into a zip file, under the folder's name.

    Not compressed, since what a compressor makes of the same text differs from one version to the next.

    Args:
        source: The folder.

    Returns:
        The file's bytes.
    """
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(source.glob("*.py"), key=lambda path: path.name):
            entry = zipfile.ZipInfo(f"{source.name}/{path.name}", _LONG_AGO)
            entry.create_system, entry.external_attr = _UNIX, _READABLE
            archive.writestr(entry, path.read_bytes().replace(b"\r\n", b"\n"))
    return written.getvalue()


if __name__ == "__main__":
    ZIP.write_bytes(zipped(SOURCE))
