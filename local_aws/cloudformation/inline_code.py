"""Functions with inline code in the template."""

from collections.abc import Callable

LONGEST = 4 * 1024 * 1024


def zip_inline(
    original: Callable[..., bytes | None], source: str | None, handler: str, runtime: str = ""
) -> bytes | None:
    """Zip inline code as a file named index. Only Python and Node.js runtimes support inline code."""
    if source and not runtime.startswith(("python", "nodejs")):
        raise ValueError(f"ZipFile can only be used when Runtime is set to Python or Node.js, not to {runtime}")
    if source and len(source.encode()) > LONGEST:
        raise ValueError(f"ZipFile must have length less than or equal to {LONGEST}")
    return original(source, "index." + handler.rpartition(".")[2], runtime)
