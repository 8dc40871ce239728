"""Runs the tasks of a conversion at once, and tells how far they are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias, TypeVar

from bedside.tasks.local import Local
from bedside.tasks.runner import Runner

Told: TypeAlias = Callable[[str, int, int], None]
"""Is told a stage in words, how many of its tasks are done, and how many there are."""

T = TypeVar("T")


@dataclass(frozen=True)
class Work:
    """Tasks on an runner.

    Attributes:
        jobs: How many at once; as many as there are processors when None.
        told: Is told of each task.
        runner: Where they run.
    """

    jobs: int | None
    told: Told | None = field(default=None, repr=False)
    runner: Runner = field(default_factory=Local)

    def all(self, stage: str, tasks: Sequence[Callable[[], T]], *folders: Path) -> list[T]:
        """What each task gives, in order.

        Args:
            stage: In words.
            tasks: Picklable.
            folders: That they read or write.

        Raises:
            RunError: A process was ended, most likely for want of memory, or tasks cannot run where they should.
        """
        found: list[T] = []
        told = self.told or (lambda _stage, _done, _tasks: None)
        told(stage, 0, len(tasks))
        for result in self.runner.run(tasks, jobs=self.jobs, folders=folders):
            found.append(result)
            told(stage, len(found), len(tasks))
        return found
