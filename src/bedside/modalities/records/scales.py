"""How the numbers of each kind of event are scaled, learned from development."""

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from bedside.types import Booleans, Floats, Integers, Json

CLIP = 3.0
"""Where the smooth clipping of scaled numbers bends: the largest value that can result."""

KNOTS = 9

_FAR = 1e6
_NARROW = 1e-12


@dataclass(frozen=True, eq=False)
class Scales:
    """Nine quantiles of every token's numbers, from the smallest to the largest.

    Attributes:
        knots: Shape (tokens, 9), ascending; NaN where a token had no number in development.
    """

    knots: Floats

    @classmethod
    def fit(cls, tokens: Integers, numbers: NDArray[np.float32], *, count: int) -> "Scales":
        """Quantiles of the numbers of each of `count` tokens."""
        known = np.isfinite(numbers)
        tokens, numbers = tokens[known], numbers[known]
        order = np.lexsort((numbers, tokens))
        tokens, values = tokens[order], numbers[order].astype(np.float64)
        ends = np.searchsorted(tokens, np.arange(count + 1))
        knots = np.full((count, KNOTS), np.nan)
        for token in np.flatnonzero(np.diff(ends)):
            knots[token] = np.quantile(values[ends[token] : ends[token + 1]], np.linspace(0, 1, KNOTS))
        return cls(knots)

    def scaled(self, tokens: Integers, numbers: NDArray[np.float32]) -> NDArray[np.float32]:
        """Numbers around 0, smoothly clipped to ±3; 0 where there is none or none was in development.

        Centred on the median, divided by the interquartile range (by half the range where that is 0).
        """
        low, centre, high = self.knots[:, 2], self.knots[:, 4], self.knots[:, 6]
        whole = (self.knots[:, -1] - self.knots[:, 0]) / 2
        spread = np.where(high - low > _NARROW, high - low, np.where(whole > _NARROW, whole, 1.0))
        with np.errstate(invalid="ignore"):
            far = np.clip((numbers.astype(np.float64) - centre[tokens]) / spread[tokens], -_FAR, _FAR)
        clipped = far / np.sqrt(1 + (far / CLIP) ** 2)
        return np.nan_to_num(clipped).astype(np.float32)

    def known(self, tokens: Integers, numbers: NDArray[np.float32]) -> Booleans:
        """Where a number is there whose token had numbers in development."""
        there: Booleans = np.isfinite(numbers) & np.isfinite(self.knots[tokens, 0])
        return there

    def state(self) -> Json:
        """As JSON; null where there were no numbers."""
        return [None if np.isnan(row[0]) else cast("list[Json]", row.tolist()) for row in self.knots]

    @classmethod
    def from_state(cls, state: Json) -> "Scales":
        """The inverse of `state`."""
        rows = [[np.nan] * KNOTS if row is None else row for row in cast("list[list[float] | None]", state)]
        return cls(np.array(rows, dtype=np.float64).reshape(-1, KNOTS))
