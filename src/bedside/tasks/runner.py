"""What every runner is: somewhere tasks run, beside the one who has them and takes their results."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

T = TypeVar("T")


class Runner(Protocol):
    """Somewhere tasks run. It decides no result: a task has all that it needs and gives the same anywhere."""

    def run(
        self,
        tasks: Sequence[Callable[[], T]],
        *,
        jobs: int | None = None,
        folders: Sequence[Path] = (),
        in_order: bool = True,
    ) -> Iterator[T]:
        """What each task gives, as soon as it is done.

        Args:
            tasks: Picklable.
            jobs: How many at once at most; as many as there are processors when None.
            folders: That the tasks read or write: wherever they run, the same files must lie under the same paths.
            in_order: Whether results come in the order of the tasks, not in that in which they end.

        Raises:
            RunError: A process was ended from outside, or tasks cannot run there; what a task raises comes unchanged.
        """
        ...
