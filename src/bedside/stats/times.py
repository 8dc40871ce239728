"""Times to events as arrays: how long each case was watched, what ended it, and from when it was watched."""

from dataclasses import dataclass

import numpy as np

from bedside.errors import StatisticsError
from bedside.types import Floats, Integers

CENSORED = 0
"""The event of a case whose watch ended before any event."""


@dataclass(frozen=True, eq=False)
class Times:
    """Times of n cases.

    Attributes:
        time: When watching ended, above `entry`, shape (n,).
        event: What ended it, shape (n,): `CENSORED`, or the number of a cause from 1 on.
        entry: Since when a case was watched (left truncation), from 0 on, shape (n,).

    Raises:
        StatisticsError: Shapes differ, a number is not finite, an entry is negative or not before its time, or an
            event is negative.
    """

    time: Floats
    event: Integers
    entry: Floats

    def __post_init__(self) -> None:
        if self.time.ndim != 1 or not self.time.shape == self.event.shape == self.entry.shape:
            _refuse(f"shapes {self.time.shape}, {self.event.shape} and {self.entry.shape}", "one of each a case")
        if not (np.isfinite(self.time).all() and np.isfinite(self.entry).all()):
            _refuse("a time that is not finite", "finite times")
        if (self.entry < 0).any() or (self.time <= self.entry).any():
            _refuse("an entry that is negative or not before its time", "0 <= entry < time")
        if (self.event < 0).any():
            _refuse("a negative event", "0 for censored, or the number of a cause from 1 on")

    @classmethod
    def of(cls, time: Floats, event: Integers, entry: "Floats | None" = None) -> "Times":
        """Times of cases that are watched from 0 on unless entries are given."""
        return cls(time, event, np.zeros_like(time) if entry is None else entry)

    def __len__(self) -> int:
        return len(self.time)


def incidences(increments: Floats) -> Floats:
    """Cumulative incidences from increments of cumulative cause-specific hazards, shape (..., causes, times).

    Within each interval the hazards of all causes are taken as constant, so that survival falls by exp(-sum) and the
    loss is shared in proportion; without competing causes it is 1 - exp(-cumulative hazard).
    """
    every = increments.sum(axis=-2, keepdims=True)
    after = np.exp(-np.cumsum(every, axis=-1))
    before = np.concatenate([np.ones_like(after[..., :1]), after[..., :-1]], axis=-1)
    share = np.divide(increments, every, out=np.zeros_like(increments), where=every > 0)
    found: Floats = np.cumsum((before - after) * share, axis=-1)
    return found


def _refuse(received: str, allowed: str) -> None:
    msg = f"times to events: received {received}; allowed: {allowed}"
    raise StatisticsError(msg)
