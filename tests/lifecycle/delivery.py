"""One run of the function, and all that the outside sees of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lifecycle.aws import Json
    from tests.lifecycle.faults import Fault

REASON = "Reason"


def alone(_: float) -> None:
    """No other event runs, so waiting is only time that passes."""


@dataclass(eq=False)
class Delivery:
    """A run of the function.

    Attributes:
        hurt: Whether a fault befell it.
        ended: Keys that consumers may have held and that it deleted.
        overlapped: Whether another event ran at the same time.
        spared: Keys that worked when their user had no current one that did; these stay until the issue after.
    """

    event: Json
    began: float
    limit: float
    fault: Fault | None = None
    at_point: Callable[[int], None] = lambda _: None
    sleep: Callable[[float], None] = alone
    points: list[str] = field(default_factory=list)
    answers: list[Json] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    alarms: list[tuple[float, list[Callable[[], None]]]] = field(default_factory=list)
    error: Exception | None = None
    died: bool = False
    hurt: bool = False
    ended: set[str] = field(default_factory=set)
    overlapped: bool = False
    spared: set[object] = field(default_factory=set)

    @property
    def is_deployment(self) -> bool:
        return "Step" not in self.event

    @property
    def succeeded(self) -> bool:
        if self.is_deployment:
            return [answer["Status"] for answer in self.answers] == ["SUCCESS"]
        return not self.died and self.error is None

    @property
    def reason(self) -> str:
        """Why it failed, as CloudFormation or the rotation's log shows it."""
        return str(self.answers[-1].get(REASON, "")) if self.is_deployment and self.answers else str(self.error or "")

    @property
    def story(self) -> str:
        """What it was and did, for whoever reads a failure."""
        return f"{self.event.get('RequestType') or self.event['Step']}, {self.fault}, {self.points}"


def failed(delivery: Delivery) -> str:
    """Why an event failed, as it should have."""
    assert not delivery.succeeded
    assert delivery.reason
    return delivery.reason
