"""The journal of a secret: its Creates, and those that were undone. Each event writes a tag of its own.

A tag knows no compare-and-set, so no event changes what another one wrote.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .contract import CREATED_TAG, REVOKED_TAG

if TYPE_CHECKING:
    from collections.abc import Mapping

ALL = "all/"
"""Before a time: what the Delete of a Create that succeeded undoes, which is every Create that began before."""


@dataclass(frozen=True)
class Journal:
    """The journal, as the tags hold it.

    Attributes:
        created: Each Create, the last one last, with the digest of what it issued for.
        undone: The Creates that were undone.
        marks: The keys of the tags that say so.
        cut: When a Delete last came that undid more than a Create it knew.
    """

    created: Mapping[str, str]
    undone: frozenset[str]
    marks: frozenset[str]
    cut: float

    @classmethod
    def read(cls, tags: Mapping[str, str]) -> Journal:
        """Read the journal from the secret's tags. Tags that no event can have written are ignored.

        A Delete that does not know its Create undoes the oldest that began before it and that no other Delete undid.
        CloudFormation sends as many Deletes as Creates failed, so it comes right whichever of them takes which.
        """
        found = {key: re.fullmatch(r"(\d+\.\d+)/(\w+)", tags[key]) for key in tags if key.startswith(CREATED_TAG)}
        began = sorted((float(one[1]), key.removeprefix(CREATED_TAG), one[2]) for key, one in found.items() if one)
        revoked = {key.removeprefix(REVOKED_TAG): tags[key] for key in tags if key.startswith(REVOKED_TAG)}
        undone = set(revoked.values())
        times, sweeps = (
            sorted(
                float(what.removeprefix(kind)) for what in revoked.values() if re.fullmatch(rf"{kind}\d+\.\d+", what)
            )
            for kind in ("", ALL)
        )
        for time in times:
            oldest = next((create for start, create, _ in began if start < time and create not in undone), None)
            undone |= {oldest} if oldest else set()
        cut = max([*times, *sweeps], default=0.0)
        swept = {create for start, create, _ in began if start < max(sweeps, default=0.0)}
        created = {create: digest for _, create, digest in began}
        marks = frozenset(REVOKED_TAG + who for who in revoked)
        return cls(created, frozenset(undone | swept), marks, cut)

    @property
    def holder(self) -> str | None:
        """The Create that holds the secret: the last one that was not undone, else the last one."""
        held = [create for create in self.created if create not in self.undone]
        return next(reversed(held or [*self.created]), None)

    @property
    def digest(self) -> str | None:
        """The digest of the declaration that the Create issued a login for."""
        return self.created[self.holder] if self.holder else None

    @property
    def is_revoked(self) -> bool:
        """True if the login was revoked: its Create was undone, or a Delete came where no Create is known."""
        return self.holder in self.undone if self.holder else bool(self.marks)
