"""What surrounds a fit and decides nothing of its result: a folder for interrupted work, an ear for its progress.

Free of torch: the spine sets it up and the training loop looks it up, in the same process.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

Ear: TypeAlias = Callable[[str, int, int], None]
"""Told what is being done, the step that is over and how many there are at most."""

MINUTE = 60.0


def _nobody(what: str, step: int, total: int) -> None:
    del what, step, total


@dataclass(frozen=True)
class Workplace:
    """Around the fits of one task.

    Attributes:
        folder: Where training keeps checkpoints; None for none. It belongs to one task with one code and one set of
            data, and is thrown away once the task is done.
        seconds: Between checkpoints. A fit that takes no longer writes none.
        tell: Hears of every epoch.
    """

    folder: Path | None = None
    seconds: float = MINUTE
    tell: Ear = _nobody


_HERE: ContextVar[Workplace] = ContextVar("workplace", default=Workplace())  # noqa: B039 - frozen


def here() -> Workplace:
    """The workplace of this fit; one without a folder where nobody set one up."""
    return _HERE.get()


@contextmanager
def at(workplace: Workplace) -> Iterator[None]:
    """Fits inside find this workplace."""
    token = _HERE.set(workplace)
    try:
        yield
    finally:
        _HERE.reset(token)
