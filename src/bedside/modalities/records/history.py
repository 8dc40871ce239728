"""What may be known of one patient at one time: a light view of rows of a table of events."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bedside.types import Booleans, Floats, Integers

STATIC = int(np.iinfo(np.int64).min)
"""The time of a fact without a time."""

HOUR = 3_600_000_000
"""Microseconds."""

YEAR = 365.25 * 24
"""Hours."""

BIRTH = "MEDS_BIRTH"
"""The code of a birth: an event that models see as the age at the index time, a fact with a number."""

AGE = "age"
"""What a birth is called where people read of it as a predictor."""


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
        names: What codes are called where people read of them, by code; those that are not in it as they are.
    """

    times: Integers
    codes: NDArray[np.int32]
    numbers: NDArray[np.float32]
    texts: NDArray[np.int32]
    words: tuple[str, ...]
    written: tuple[str, ...]
    names: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.times)

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Position of each code in `words`."""
        return {word: place for place, word in enumerate(self.words)}

    def called(self, word: str) -> str:
        """What a code is called where people read of it as a predictor."""
        return AGE if word == BIRTH else self.names.get(word, word)

    def lasting(self, positions: Integers) -> Booleans:
        """Which of these rows are facts: those without a time, and births."""
        birth = np.array([word == BIRTH for word in self.words], dtype=bool)
        told: Booleans = (self.times[positions] == STATIC) | birth[self.codes[positions]]
        return told


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class History:
    """What a model may see of one patient: nothing in it is later than the index time. Compared by identity.

    Attributes:
        events: The table that its rows are of.
        facts: Rows of facts without a time, first and past the last.
        rows: Rows in the observation window, sorted by time, first and past the last.
        start: Where the observation window starts, in microseconds since 1970 (the first event, where it has no start).
        index: The index time, in microseconds since 1970.
        beside: What was recorded of the case by others (a score), by name: no model looks at it, but a comparator that
            repeats it.
    """

    events: Events
    facts: tuple[int, int]
    rows: tuple[int, int]
    start: int
    index: int
    beside: tuple[tuple[str, float], ...] = ()

    def __len__(self) -> int:
        """Events with a time."""
        return self.rows[1] - self.rows[0]

    @property
    def hours(self) -> Floats:
        """Of each event with a time, how long before the index time it became known; never negative."""
        return (self.index - self.events.times[self.rows[0] : self.rows[1]]) / HOUR

    def recorded(self, name: str) -> float | None:
        """What others recorded of the case; None where they did not."""
        return dict(self.beside).get(name)

    def positions(self) -> Integers:
        """Rows of its facts, then of its events."""
        return np.concatenate([np.arange(*self.facts), np.arange(*self.rows)])
