"""One run of the function and its visible effects."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lifecycle.account import Json
    from tests.lifecycle.faults import Fault

REASON = "Reason"


@dataclass(eq=False)
class Delivery:
    """A run of the function.

    Attributes:
        hurt: True if a fault occurred in it.
        overlapped: True if another event ran at the same time.
        made: The keys that it created.
        ended: The keys of formerly current logins that it deleted.
        over: True if it has ended.
    """

    event: Json
    began: float
    limit: float
    fault: Fault | None = None
    at_point: Callable[[int], None] = lambda _: None
    points: list[str] = field(default_factory=list)
    answers: list[Json] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    ended: set[str] = field(default_factory=set)
    returned: object = None
    error: Exception | None = None
    died: bool = False
    hurt: bool = False
    overlapped: bool = False
    over: bool = False

    @property
    def is_deployment(self) -> bool:
        return "RequestType" in self.event

    @property
    def kind(self) -> str:
        return str(self.event.get("RequestType") or self.event.get("Step") or self.event["tf"]["action"])

    @property
    def succeeded(self) -> bool:
        """True if it succeeded. CloudFormation uses the first response."""
        if self.is_deployment:
            return [answer["Status"] for answer in self.answers[:1]] == ["SUCCESS"]
        return self.over and not self.died and self.error is None

    @property
    def reason(self) -> str:
        """The reason of its failure, as CloudFormation or the log of the rotation shows it."""
        return str(self.answers[0].get(REASON, "")) if self.is_deployment and self.answers else str(self.error or "")

    @property
    def story(self) -> str:
        """A summary of the event, for error messages."""
        return f"{self.kind}, {self.fault}, {self.points}"


def failed(delivery: Delivery) -> str:
    """Check that an event failed, and return the reason."""
    assert not delivery.succeeded
    assert delivery.reason
    return delivery.reason
