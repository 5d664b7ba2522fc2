"""Values in other spellings than AWS's: as addresses with a port, as URLs, several in one text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_AROUND = " \t\r\n'\"[](){}."


def remedy_for(text: str, is_right: Callable[[str], bool], otherwise: str, *, takes_several: bool = True) -> str:
    """Return what to write instead of a wrong text, where it can be read in one way only.

    Args:
        text: What was given.
        is_right: Returns whether a text is right.
        otherwise: The remedy where the text says nothing that is right.
        takes_several: Whether several values may be given.
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
    """Return an entry without quotes, scheme, path and port."""
    bare = entry.strip("'\"")
    scheme = re.match(r"[A-Za-z][A-Za-z0-9+.-]*://|mailto:", bare)
    if scheme:
        bare = re.split("[/?]", bare[scheme.end() :])[0]
    port = re.fullmatch(r"\[?((?<=\[)[0-9A-Fa-f:.]+|[^:]+)\]?:\d{1,5}", bare)
    return port[1] if port else bare.strip(_AROUND)


def _lower(entry: str) -> str:
    """Return a name, or an address's domain, in lower case. What stands before an @ keeps its case."""
    local, at, domain = entry.rpartition("@")
    return f"{local}{at}{domain.lower()}"
