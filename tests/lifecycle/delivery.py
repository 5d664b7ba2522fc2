"""One run of the function, and all that the outside sees of it."""

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
        hurt: Whether a fault befell it.
        overlapped: Whether another event ran at the same time.
        made: The keys that it made.
        ended: The keys of logins that were current once, and that it deleted.
        over: Whether nothing of it runs any more.
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
        """Whether it did as asked; CloudFormation takes the first answer."""
        if self.is_deployment:
            return [answer["Status"] for answer in self.answers[:1]] == ["SUCCESS"]
        return self.over and not self.died and self.error is None

    @property
    def reason(self) -> str:
        """Why it failed, as CloudFormation or the rotation's log shows it."""
        return str(self.answers[0].get(REASON, "")) if self.is_deployment and self.answers else str(self.error or "")

    @property
    def story(self) -> str:
        """What it was and did, for whoever reads a failure."""
        return f"{self.kind}, {self.fault}, {self.points}"


def failed(delivery: Delivery) -> str:
    """Why an event failed, as it should have."""
    assert not delivery.succeeded
    assert delivery.reason
    return delivery.reason
