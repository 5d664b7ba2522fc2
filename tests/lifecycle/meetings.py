"""Two events at the same moment."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lifecycle.aws import Json
    from tests.lifecycle.delivery import Delivery
    from tests.lifecycle.world import World


class Race:
    """Two events at the same moment: the second begins when the first has come to one of its points.

    Each runs until it waits or ends, then whoever is to go on first by the clock does. A stalled first one goes on only
    when the second has ended, and what comes after that is done.
    """

    def __init__(  # noqa: PLR0913 - two events and how they meet
        self,
        world: World,
        first: Json,
        second: Json,
        *,
        at: int,
        stalled: bool = False,
        after: Callable[[Delivery], None] = lambda _: None,
    ) -> None:
        self._world = world
        self._at = at
        self._stalled = stalled
        self._after = after
        self._wakes = [0.0, math.inf]
        self._gates = [threading.Semaphore(0), threading.Semaphore(0)]
        self._left = {0, 1}
        self._end = threading.Semaphore(0)
        self._raised: list[BaseException] = []
        self.deliveries: dict[int, Delivery] = {}
        threads = [threading.Thread(target=self._run, args=(n, event)) for n, event in enumerate((first, second))]
        for thread in threads:
            thread.start()
        self._gates[0].release()
        self._end.acquire()
        for thread in threads:
            thread.join()
        for error in self._raised:
            raise error

    def _run(self, number: int, event: Json) -> None:
        self._gates[number].acquire()
        try:
            self.deliveries[number] = self._world.deliver(
                event,
                at_point=self._meet if number == 0 else lambda _: None,
                sleep=lambda seconds: self._wait(number, self._world.now() + seconds),
            )
            if number == 1:
                self._after(self.deliveries[1])
        except BaseException as error:  # noqa: BLE001 - raised again where the test is
            self._raised.append(error)
        self._left.discard(number)
        if self._left:
            self._wake(next(iter(self._left)))
        else:
            self._end.release()

    def _meet(self, point: int) -> None:
        if point == self._at and 1 in self._left:
            self._wakes[1] = self._world.now() - 1
            self._wait(0, math.inf if self._stalled else self._world.now())

    def _wait(self, number: int, until: float) -> None:
        self._wakes[number] = until
        following = min(self._left, key=lambda one: self._wakes[one])
        self._wake(following, only_clock=following == number)
        if following != number:
            self._gates[number].acquire()

    def _wake(self, number: int, *, only_clock: bool = False) -> None:
        wake = self._wakes[number]
        if wake < math.inf:
            self._world.memory.time = max(self._world.memory.time, wake)
        if not only_clock:
            self._gates[number].release()
