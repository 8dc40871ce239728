"""Runs the tasks of a conversion at once, and tells how far they are."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from joblib import Parallel, delayed

from bedside.errors import RunError

Told: TypeAlias = Callable[[str, int, int], None]
"""Is told a stage in words, how many of its tasks are done, and how many there are."""

T = TypeVar("T")


@dataclass(frozen=True)
class Work:
    """Tasks in processes of this machine.

    Attributes:
        jobs: How many at once; all processors when None.
        told: Is told of each task.
    """

    jobs: int | None
    told: Told | None = field(default=None, repr=False)

    def all(self, stage: str, tasks: Sequence[Callable[[], T]]) -> list[T]:
        """What each task gives, in order.

        Raises:
            RunError: A process was ended, most likely for want of memory.
        """
        found: list[T] = []
        told = self.told or (lambda _stage, _done, _tasks: None)
        told(stage, 0, len(tasks))
        workers = min(self.jobs or os.cpu_count() or 1, max(1, len(tasks)))
        given = (task() for task in tasks)
        if workers > 1:
            parallel = Parallel(n_jobs=workers, return_as="generator", inner_max_num_threads=1)
            given = parallel(delayed(task)() for task in tasks)
        try:
            for result in given:
                found.append(result)
                told(stage, len(found), len(tasks))
        except BrokenProcessPool as error:
            msg = (
                f"a process that worked on a part was ended from outside ({stage.lower()}), most likely because memory "
                "ran out; ask for fewer processes (--jobs) and run again: nothing was kept"
            )
            raise RunError(msg) from error
        return found
