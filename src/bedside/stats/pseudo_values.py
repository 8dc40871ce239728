"""Pseudo-values of an incidence at a time under many weightings: a number a case that stands for its outcome.

The infinitesimal jackknife: the incidence plus the number of cases times its derivative by the case's weight. It agrees
with leaving each case out (`censoring.pseudo_values`) up to order 1 / n, costs no more than the curve itself, and means
the same for weighted cases and for copies (Parner, Andersen and Overgaard 2023, Lifetime Data Anal 29:654; Overgaard,
Parner and Pedersen 2017, Ann Stat 45:1988).
"""

import numpy as np

from bedside.stats.answered import Answered
from bedside.stats.risk_sets import Sets
from bedside.stats.times import Times
from bedside.types import Floats, Weights


class PseudoValues:
    """Pseudo-values of the incidence of cause 1 at a time.

    Args:
        times: Of n cases.
        at: The time.
    """

    def __init__(self, times: Times, at: float) -> None:
        self._answered = Answered(times, np.array([at]))
        self._sets = self._answered.sets
        self._count = int(self._sets.until(np.array([at]))[0])
        rows, count = self._sets.rows, self._count
        self._ours = (times.event[rows] == 1).astype(np.float64)
        self._own = np.flatnonzero(self._sets.place < count)
        self._since = self._sets.until(times.entry)
        self._last = np.minimum(np.searchsorted(self._sets.at, times.time, side="right"), count)
        self._since = np.minimum(self._since, self._last)

    def __call__(self, weights: Weights) -> tuple[Floats, Weights]:
        """Pseudo-values and the weights they count with, both of shape (b, n): no weight where there are none."""
        found = self._sets(weights)
        happened = self._sets.sums(weights.take(self._sets.rows, axis=1) * self._ours)
        k = self._count
        sets = Sets(found.at_risk[:, :k], found.leaving[:, :k], found.free[:, :k], found.after[:, :k])
        jumps = sets.mass * happened[:, :k]
        incidence = jumps.cumsum(axis=1)
        total = incidence[:, -1:] if k else np.zeros((len(weights), 1))
        left = sets.at_risk - sets.leaving
        later = np.divide(total - incidence, left, out=np.zeros_like(left), where=(sets.after > 0) & (left > 0))
        by_risk = np.divide(
            sets.leaving * later - jumps, sets.at_risk, out=np.zeros_like(left), where=sets.at_risk > 0
        ).cumsum(axis=1)
        by_risk = np.concatenate([np.zeros((len(weights), 1)), by_risk], axis=1)
        slope = by_risk.take(self._last, axis=1) - by_risk.take(self._since, axis=1)
        place = self._sets.place[self._own]
        slope[:, self._sets.rows[self._own]] += sets.mass.take(place, axis=1) * self._ours[self._own] - later.take(
            place, axis=1
        )
        values = total + weights.sum(axis=1, keepdims=True) * slope
        known = self._answered(weights).known[:, 0]
        return values, np.where(known[:, None], weights, 0.0)
