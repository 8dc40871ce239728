"""The hazard of a case without predictors: with it, any ranking of cases by hazard becomes curves of incidence."""

from dataclasses import dataclass

import numpy as np

from bedside.endpoints.time_to_event.outcome import Incidence
from bedside.endpoints.time_to_event.target import Timed
from bedside.stats.cox import AtRisk, Hazard
from bedside.stats.times import Times, incidences
from bedside.types import Floats

_LIMIT = 100.0
"""Log relative hazards beyond this, either way, change no curve any more but leave the range of numbers."""


@dataclass(frozen=True, eq=False)
class BaselineHazard:
    """Cumulative hazards of a case of score 0, one a cause (Breslow, 1972), with late entries.

    Attributes:
        target: Tells the causes and the grid of times.
        increments: Growth of the cumulative hazards between the times of the grid, shape (causes, times).
    """

    target: Timed
    increments: Floats

    @classmethod
    def fit(cls, target: Timed, times: Times, scores: Floats) -> "BaselineHazard":
        """Of development cases and their scores.

        Args:
            target: Tells the causes and the grid of times.
            times: Of n cases, with an event of every cause.
            scores: Log relative hazards, shape (n, causes).
        """
        scores = np.clip(scores, -_LIMIT, _LIMIT)
        cumulative = np.stack(
            [
                Hazard.of(AtRisk.of(times, number), scores[:, number - 1]).cumulative(target.grid)
                for number in range(1, len(target.causes) + 1)
            ]
        )
        return cls(target, np.diff(cumulative, axis=1, prepend=0.0))

    def predictions(self, scores: Floats) -> list[Incidence]:
        """Cumulative incidences of cases with these scores, shape (n, causes)."""
        relative = np.exp(np.clip(scores, -_LIMIT, _LIMIT))
        curves = incidences(relative[:, :, None] * self.increments)
        # Sums of many small steps may end a rounding above 1.
        return self.target.predictions(np.minimum(curves, 1.0))
