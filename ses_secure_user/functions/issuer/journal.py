"""The journal of a secret's Creates and of those that were undone, in tags of the secret.

Tags have no compare-and-set, so each event writes its own tag and never changes the tag of another event.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .contract import CREATED_TAG, REVOKED_TAG

if TYPE_CHECKING:
    from collections.abc import Mapping

ALL = "all/"
"""The prefix of a time. The Delete of a successful Create undoes all Creates that began before that time."""


@dataclass(frozen=True)
class Journal:
    """The journal in the tags of a secret.

    Attributes:
        created: The Creates in order, each with the digest of its declaration.
        undone: The Creates that were undone.
        marks: The keys of the tags that undo Creates.
        cut: The time of the last Delete that undid an unknown Create or all earlier Creates.
    """

    created: Mapping[str, str]
    undone: frozenset[str]
    marks: frozenset[str]
    cut: float

    @classmethod
    def read(cls, tags: Mapping[str, str]) -> Journal:
        """Read the journal from the secret's tags, and ignore tags that no event can have written.

        A Delete that does not name its Create undoes the oldest one that began before it and that is not undone.
        CloudFormation sends one Delete for each failed Create, so the result does not depend on which Delete undoes
        which Create.
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
        """The Create that holds the secret, which is the last one that was not undone, or else the last one."""
        held = [create for create in self.created if create not in self.undone]
        return next(reversed(held or [*self.created]), None)

    @property
    def digest(self) -> str | None:
        """The digest of the declaration for which that Create issued the login."""
        return self.created[self.holder] if self.holder else None

    @property
    def is_revoked(self) -> bool:
        """True if the login was revoked: its Create was undone, or there was a Delete and no Create is known."""
        return self.holder in self.undone if self.holder else bool(self.marks)
