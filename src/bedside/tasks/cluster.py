"""Tasks on a Ray cluster: one task, one processor, wherever one is free.

Ray is not part of what bedside needs; it is imported when the first task is sent.
"""

import importlib
import logging
import os
import socket
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import bedside
from bedside.errors import RunError

T = TypeVar("T")

PATIENCE: Final = 10.0
"""Seconds that a cluster has to answer."""

_INSTALL: Final = "install bedside with its extra `cluster` (pip install 'bedside[cluster]')"


@dataclass(frozen=True)
class Cluster:
    """A Ray cluster.

    Attributes:
        host: Where its client server listens; None for the cluster that this machine is part of, or for Ray on this
            machine alone where it is part of none.
        port: Of the client server.
    """

    host: str | None = None
    port: int = 10001

    def __str__(self) -> str:
        return "Ray" if self.host is None else f"ray://{self.host}:{self.port}"

    def run(
        self,
        tasks: Sequence[Callable[[], T]],
        *,
        jobs: int | None = None,
        folders: Sequence[Path] = (),
        in_order: bool = True,
    ) -> Iterator[T]:
        """What each task gives, as `Runner.run` says.

        Raises:
            RunError: Also where ray is not installed, the cluster does not answer, or a machine of it does not see the
                folders or has another version of bedside.
        """
        if not tasks:
            return
        ray = self._connected()
        processors = int(ray.cluster_resources().get("CPU", 0))
        if not processors:
            msg = (
                f"the cluster at {self} has no processors; add machines to it (ray start --address ...), or leave --on "
                "out"
            )
            raise RunError(msg)
        needs = Needs(bedside.__version__, Path.cwd(), tuple(folder.absolute() for folder in folders))
        ended = _ended(ray, tasks, jobs or processors, needs)
        if in_order:
            yield from _in_order(ended)
        else:
            for _, result in ended:
                yield result

    def _connected(self) -> Any:  # noqa: ANN401 - a module
        """Ray, connected; a connection stands until the process ends."""
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # nothing is told to anybody
        try:
            ray = importlib.import_module("ray")
        except ImportError as error:
            msg = f"tasks were to run on {self}, and ray is not installed; {_INSTALL}, or leave --on out"
            raise RunError(msg) from error
        if ray.is_initialized():
            return ray
        if self.host is not None:
            self._reach(self.host)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what matters is said below
                if self.host is None:
                    ray.init(include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
                else:
                    ray.init(str(self), log_to_driver=False, logging_level=logging.ERROR)
        except ImportError as error:
            msg = f"tasks were to run on {self}, and Ray's client is not installed; {_INSTALL}"
            raise RunError(msg) from error
        except Exception as error:
            msg = (
                f"the cluster at {self} cannot be used: {_last_line(error)}; see that it runs, with the same versions "
                "of Python and Ray as this machine, and that this machine has its token if it asks for one"
            )
            raise RunError(msg) from error
        return ray

    def _reach(self, host: str) -> None:
        try:
            socket.create_connection((host.strip("[]"), self.port), timeout=PATIENCE).close()
        except OSError as error:
            msg = (
                f"nothing answers at {self} ({error.strerror or error}); see that the cluster runs (ray start --head) "
                "and that its client server listens there (port 10001 as a rule), or leave --on out"
            )
            raise RunError(msg) from error


@dataclass(frozen=True)
class Needs:
    """What a machine must have to run a task.

    Attributes:
        version: Of bedside.
        place: The working directory, to which paths may be relative; taken where it is there.
        folders: That must be there.
    """

    version: str
    place: Path
    folders: tuple[Path, ...]


@dataclass(frozen=True)
class Raised:
    """What a task raised instead of giving a result."""

    error: Exception


def perform(needs: Needs, packed: bytes) -> Any:  # noqa: ANN401 - whatever the task gives
    """Run a packed task on a machine of a cluster: its result, or `Raised`."""
    here = socket.gethostname()
    if bedside.__version__ != needs.version:
        msg = (
            f"the machine {here} of the cluster has bedside {bedside.__version__}, and this one {needs.version}; "
            "install the same"
        )
        return Raised(RunError(msg))
    for folder in needs.folders:
        if not folder.is_dir():
            msg = (
                f"the machine {here} of the cluster does not see {folder}; a cluster needs a file system that all its "
                "machines and this one share, under the same paths"
            )
            return Raised(RunError(msg))
    if needs.place.is_dir():
        os.chdir(needs.place)
    try:
        return importlib.import_module("ray.cloudpickle").loads(packed)()
    except Exception as error:  # noqa: BLE001 - it is raised again where the task came from
        error.add_note(f"on the machine {here}:\n{''.join(traceback.format_exception(error))}")
        return Raised(error)


def _ended(
    ray: Any,  # noqa: ANN401 - a module
    tasks: Sequence[Callable[[], T]],
    at_once: int,
    needs: Needs,
) -> Iterator[tuple[int, T]]:
    """Number and result of each task, as they end; what still runs when nobody asks any more is stopped."""
    send = ray.remote(num_cpus=1, max_retries=0)(perform)
    waiting = iter(enumerate(tasks))
    running: dict[Any, int] = {}

    def more() -> None:
        for number, task in waiting:
            running[send.remote(needs, ray.cloudpickle.dumps(task))] = number
            if len(running) >= at_once:
                return

    try:
        more()
        while running:
            try:
                (done, *_), _ = ray.wait(list(running), num_returns=1)
                number = running.pop(done)
                result = ray.get(done)
            except (ray.exceptions.RayError, ConnectionError) as error:
                msg = (
                    f"a task on the cluster was lost ({_last_line(error)}); if memory ran out, ask for fewer at once "
                    "(--jobs); if a machine went away, see that it is back; then run again"
                )
                raise RunError(msg) from error
            if isinstance(result, Raised):
                raise result.error
            more()
            yield number, result
    finally:
        with suppress(ray.exceptions.RayError, ConnectionError):  # with the cluster, they are gone too
            for ref in running:
                ray.cancel(ref, force=True)


def _in_order(ended: Iterator[tuple[int, T]]) -> Iterator[T]:
    early: dict[int, T] = {}
    due = 0
    for number, result in ended:
        early[number] = result
        while due in early:
            yield early.pop(due)
            due += 1


def _last_line(error: BaseException) -> str:
    """What went wrong; traces of other processes end with it."""
    return next((line.strip() for line in reversed(str(error).splitlines()) if line.strip()), type(error).__name__)
