"""Tasks in processes of this machine."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from joblib import Parallel, delayed

from bedside.errors import RunError

T = TypeVar("T")


@dataclass(frozen=True)
class Local:
    """This machine; a single task, or one at a time, runs in this very process."""

    def run(
        self,
        tasks: Sequence[Callable[[], T]],
        *,
        jobs: int | None = None,
        folders: Sequence[Path] = (),  # noqa: ARG002 - every process of a machine sees the same files
        in_order: bool = True,
    ) -> Iterator[T]:
        """What each task gives, as `Runner.run` says."""
        workers = min(jobs or os.cpu_count() or 1, len(tasks))
        if workers <= 1:
            for task in tasks:
                yield task()
            return
        kind = "generator" if in_order else "generator_unordered"
        parallel = Parallel(n_jobs=workers, return_as=kind, inner_max_num_threads=1)
        try:
            yield from parallel(delayed(task)() for task in tasks)
        except BrokenProcessPool as error:
            msg = (
                "a process that worked on a task was ended from outside, most likely because memory ran out; ask for "
                "fewer at once (--jobs) and run again"
            )
            raise RunError(msg) from error
