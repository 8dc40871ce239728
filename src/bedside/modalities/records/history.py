"""What may be known of one patient at one time: a light view of rows of a table of events."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bedside.types import Floats, Integers

STATIC = int(np.iinfo(np.int64).min)
"""The time of a fact without a time."""

HOUR = 3_600_000_000
"""Microseconds."""


@dataclass(frozen=True, eq=False)
class Events:
    """Events of many patients as columns, those of one patient together; compared by identity and never changed.

    Attributes:
        times: Microseconds since 1970 in the source's clock, `STATIC` for facts without a time; shape (n,).
        codes: Position in `words`, shape (n,).
        numbers: NaN where an event has no number, shape (n,).
        texts: Position in `written`, -1 where an event has no text, shape (n,).
        words: Codes with their systems ("LOINC//2160-0"), sorted.
        written: Different texts, sorted.
    """

    times: Integers
    codes: NDArray[np.int32]
    numbers: NDArray[np.float32]
    texts: NDArray[np.int32]
    words: tuple[str, ...]
    written: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.times)


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class History:
    """What a model may see of one patient: nothing in it is later than the index time. Compared by identity.

    Attributes:
        events: The table that its rows are of.
        facts: Rows of facts without a time, first and past the last.
        rows: Rows in the observation window, sorted by time, first and past the last.
        start: Where the observation window starts, in microseconds since 1970 (the first event, where it has no start).
        index: The index time, in microseconds since 1970.
    """

    events: Events
    facts: tuple[int, int]
    rows: tuple[int, int]
    start: int
    index: int

    def __len__(self) -> int:
        """Events with a time."""
        return self.rows[1] - self.rows[0]

    @property
    def hours(self) -> Floats:
        """Of each event with a time, how long before the index time it became known; never negative."""
        return (self.index - self.events.times[self.rows[0] : self.rows[1]]) / HOUR

    def positions(self) -> Integers:
        """Rows of its facts, then of its events."""
        return np.concatenate([np.arange(*self.facts), np.arange(*self.rows)])
