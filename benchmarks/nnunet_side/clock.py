"""What both sides measure themselves with; needs nothing but Python."""

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Clock:
    """Seconds of the processor, all threads of this process, since it was made; it can be paused.

    Args:
        budget: Seconds that may be spent.
        points: How often to look at the answers, evenly spread over the budget.
    """

    def __init__(self, budget: float, points: int) -> None:
        self.budget = budget
        self.marks = [budget * (k + 1) / points for k in range(points)]
        self._began, self._paused = time.process_time(), 0.0

    @property
    def seconds(self) -> float:
        """Spent so far."""
        return time.process_time() - self._began - self._paused

    @property
    def share(self) -> float:
        """Of the budget, at most 1."""
        return min(1.0, self.seconds / self.budget)

    def due(self) -> bool:
        """Whether it is time for another look; those that were passed by count as one."""
        spent = self.seconds
        left = [mark for mark in self.marks if mark > spent]
        passed, self.marks = len(left) < len(self.marks), left
        return passed

    @contextmanager
    def paused(self) -> Iterator[None]:
        """What is done inside is not counted."""
        before = time.process_time()
        try:
            yield
        finally:
            self._paused += time.process_time() - before


def peak() -> float:
    """Most memory that this process ever held, in MiB (of Linux, which counts in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
