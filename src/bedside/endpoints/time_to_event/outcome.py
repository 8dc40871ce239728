"""What happened to one case, and when; and what is predicted of it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from bedside.errors import OutcomeProblem
from bedside.stats.times import Times
from bedside.types import Floats


@dataclass(frozen=True, slots=True)
class Followed:
    """How long one case was watched, and what ended it.

    Attributes:
        time: When watching ended, from the index time on, in the endpoint's unit.
        event: 0 where nothing had happened by then (censored), or the number of a cause from 1 on.
        entry: Since when the case was watched: later than 0 where it would not be known had the event come before
            (left truncation).

    Raises:
        OutcomeProblem: A number is not finite, the time is not after the entry, the entry is before 0, or the event
            is negative.
    """

    time: float
    event: int
    entry: float = 0.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.time) and math.isfinite(self.entry) and 0 <= self.entry < self.time):
            msg = (
                "a time to event is zero, negative, not finite or not after its entry; allowed are times above 0, "
                "with 0 <= entry < time: exclude such cases with a reason, or count times from an earlier moment"
            )
            raise OutcomeProblem(msg)
        if self.event < 0:
            msg = "an event is negative; allowed are 0 (censored) and the numbers of causes from 1 on"
            raise OutcomeProblem(msg)


Incidence: TypeAlias = Floats
"""One prediction: the cumulative incidence of each cause at the endpoint's grid of times, shape (causes, times)."""


def times_of(outcomes: Sequence[Followed]) -> Times:
    """Outcomes as arrays."""
    return Times(
        np.array([one.time for one in outcomes], dtype=np.float64),
        np.array([one.event for one in outcomes], dtype=np.int64),
        np.array([one.entry for one in outcomes], dtype=np.float64),
    )
