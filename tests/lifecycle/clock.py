"""A simulated clock and its tasks. A task runs until it waits, then the next task that is due runs."""

from __future__ import annotations

import heapq
import itertools
from typing import TYPE_CHECKING

from greenlet import getcurrent, greenlet

if TYPE_CHECKING:
    from collections.abc import Callable


class Clock:
    """Simulated time, in seconds since the epoch. It advances only while tasks wait.

    Attributes:
        now: The current time.
    """

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self._hub = getcurrent()
        self._due: list[tuple[float, int, greenlet]] = []
        self._number = itertools.count()

    def start(self, do: Callable[[], object], after: float = 0.0) -> greenlet:
        """Start a task that runs concurrently with the others, after a number of seconds."""
        task = greenlet(do, self._hub)
        self._wake(task, self.now + after)
        return task

    def sleep(self, seconds: float) -> None:
        """Wait while other tasks run."""
        here = getcurrent()
        if here is self._hub:
            ended = self.now + seconds
            self._run(lambda: not self._due or self._due[0][0] > ended)
            self.now = ended
        else:
            self._wake(here, self.now + seconds)
            self._hub.switch()

    def wait(self, is_over: Callable[[], bool], most: float = float("inf")) -> bool:
        """Wait until a condition is true. Return False if it is not true after a number of seconds."""
        if getcurrent() is self._hub:
            until = self.now + most
            self._run(lambda: is_over() or not self._due or self._due[0][0] > until)
            self.now = until if not is_over() and most < float("inf") else self.now
        else:
            until = self.now + most
            while not is_over() and self.now < until:
                self.sleep(min(0.5, until - self.now))
        return is_over()

    def _wake(self, task: greenlet, when: float) -> None:
        heapq.heappush(self._due, (when, next(self._number), task))

    def _run(self, is_over: Callable[[], bool]) -> None:
        """Run tasks in the order in which they are due, and raise their exceptions."""
        while not is_over():
            when, _, task = heapq.heappop(self._due)
            self.now = max(self.now, when)
            task.switch()

    def drop(self) -> None:
        """Stop all tasks."""
        for _, _, task in self._due:
            task.throw()
        self._due.clear()
