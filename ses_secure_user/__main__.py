"""``python -m ses_secure_user``, the same as the console script ``ses-secure-user``."""

import sys
from io import TextIOWrapper


def main() -> None:
    """Run the command line, or say what to install for it."""
    try:
        from .cli.main import cli  # noqa: PLC0415 - the extra may be missing
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in {"boto3", "botocore", "click", "jinja2", "markupsafe", "rich"}:
            raise
        print(f"{missing} is missing: install this package with its extra `cli`", file=sys.stderr)  # noqa: T201
        sys.exit(2)
    for stream in (sys.stdout, sys.stderr):  # elsewhere than in its console, Windows has no sign for a verdict
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8")
    cli(prog_name="ses-secure-user")


if __name__ == "__main__":
    main()
