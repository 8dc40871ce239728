"""A process that computes: it opens all releases, then answers what it is sent over a pipe until that is closed."""

import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol

from bedside.serve.answer import Answer, Answering


class Opening(Protocol):
    """Opens a release; must be picklable, because each worker opens its own.

    Attributes:
        folder: Of the release, with its report.html and card.md.
    """

    @property
    def folder(self) -> Path: ...  # noqa: D102 - described in the class

    def __call__(self) -> Answering:
        """The release, verified."""
        ...


THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS")


@dataclass(frozen=True)
class Asked:
    """Cases for one service; records hold what is known of patients and go nowhere but to a worker."""

    service: str
    records: Sequence[Any]


@dataclass(frozen=True)
class Raised:
    """An exception that a release raised, by its kind: its message may hold a patient's values."""

    kind: str


@dataclass(frozen=True)
class Opened:
    """All releases are open."""


Told = Opened | Raised | list[Answer]


def work(pipe: Connection, openings: Mapping[str, Opening]) -> None:
    """Open all releases, then answer until the pipe is closed: the life of a worker process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group; the service stops its workers
    for name in THREADS:
        os.environ.setdefault(name, "1")
    try:
        releases = {name: opening() for name, opening in openings.items()}
    except Exception as error:  # noqa: BLE001 - told to the service, which says so
        pipe.send(Raised(type(error).__name__))
        return
    pipe.send(Opened())
    while True:
        try:
            asked: Asked = pipe.recv()
        except (EOFError, OSError):
            return
        pipe.send(_told(releases[asked.service], asked.records))


def _told(release: Answering, records: Sequence[Any]) -> Told:
    try:
        answers = list(release.answer(records))
    except Exception as error:  # noqa: BLE001 - a failure is an answer of its own
        return Raised(type(error).__name__)
    return answers if len(answers) == len(records) else Raised("WrongNumberOfAnswers")
