"""Values in other spellings: addresses with a port, URLs, several values in one string."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_AROUND = " \t\r\n'\"[](){}."


def remedy_for(text: str, is_right: Callable[[str], bool], otherwise: str, *, takes_several: bool = True) -> str:
    """Return the remedy for a wrong value: the valid values that it contains, if there is only one way to read it.

    Args:
        text: The value.
        is_right: A function that returns whether a value is valid.
        otherwise: The remedy if it contains no valid value.
        takes_several: Whether the property takes several values.
    """
    entries = [_bare(one) for one in re.split(r"[,;\s]+", text.strip()) if one]
    for found in (entries, [_lower(one) for one in entries]):
        if found and found != [text] and (takes_several or len(found) == 1) and all(map(is_right, found)):
            return write(found)
    return otherwise


def write(values: list[str]) -> str:
    """Return the remedy to write these values."""
    listed = ", ".join(f'"{one}"' for one in values)
    return f"write {values[0]}" if len(values) == 1 else f"write each as an entry: [{listed}]"


def _bare(entry: str) -> str:
    """Remove quotes, scheme, path and port from an entry."""
    bare = entry.strip("'\"")
    scheme = re.match(r"[A-Za-z][A-Za-z0-9+.-]*://|mailto:", bare)
    if scheme:
        bare = re.split("[/?]", bare[scheme.end() :])[0]
    port = re.fullmatch(r"\[?((?<=\[)[0-9A-Fa-f:.]+|[^:]+)\]?:\d{1,5}", bare)
    return port[1] if port else bare.strip(_AROUND)


def _lower(entry: str) -> str:
    """Return a name, or the domain of an address, in lower case. The part before an @ keeps its case."""
    local, at, domain = entry.rpartition("@")
    return f"{local}{at}{domain.lower()}"
