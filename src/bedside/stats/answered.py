"""Cases whose state at a time is known, weighted so that they stand for everybody, those censored before it too.

A case with an event by time t counts for free(T-) / at risk(T), one watched free of events through t for its share of
the probability of being free at t. Without late entries these are the inverse-probability-of-censoring weights
1 / G(T-) and 1 / G(t-) of Graf et al. 1999 (Stat Med 18:2529) and Gerds and Schumacher 2006 (Biom J 48:1029), G the
Kaplan-Meier curve of censoring of these same cases, events before censorings at ties; the weights of all add up to 1.
With late entries they undo the selection as well, as the product-limit estimator does, where entry tells nothing of the
event.
"""

from dataclasses import dataclass

import numpy as np

from bedside.stats.risk_sets import RiskSets, free_at, steps
from bedside.stats.times import Times
from bedside.types import Booleans, Floats, Weights


@dataclass(frozen=True, eq=False)
class Standing:
    """What cases stand for under b weightings; e cases have an event, g times are asked about.

    Attributes:
        events: Of each case with an event, in the order of `RiskSets.rows`, from its time on, shape (b, e).
        free: Of a unit of weight that is free of events at each time, shape (b, g).
        known: At which times all add up to 1: somebody is still watched there, or everybody had an event before, shape
            (b, g).
    """

    events: Floats
    free: Floats
    known: Booleans


class Answered:
    """What each of n cases stands for at some times, for any weights.

    Attributes:
        sets: The cases' risk sets.
        at: Times, rising, shape (g,).
        free: Which cases were watched free of events through each time, shape (n, g).

    With `upon` the curve of censoring is read at each time instead of just before it, as Graf et al. wrote it and
    scikit-survival computes it. Both are one where no event and censoring fall on the same time; else this one counts
    events too much.
    """

    def __init__(self, times: Times, at: Floats, *, upon: bool = False) -> None:
        self.sets, self._upon = RiskSets(times), upon
        self.at = np.asarray(at, dtype=np.float64)
        self.free: Floats = np.column_stack([free_at(times, float(t), longer=upon) for t in self.at]).astype(np.float64)
        self._until = self.sets.until(self.at)

    def __call__(self, weights: Weights) -> Standing:
        """What cases stand for under weights of shape (b, n)."""
        found = self.sets(weights)
        there = steps(found.after, 1.0, self._until)
        watched = weights @ self.free
        some = watched > 0
        free = np.divide(there, watched, out=np.zeros_like(there), where=some)
        known: Booleans = (some == (there > 0)) & (weights.sum(axis=1) > 0)[:, None]
        mass = self.sets.mass_upon(weights, found) if self._upon else found.mass
        events = weights.take(self.sets.rows, axis=1) * mass.take(self.sets.place, axis=1)
        return Standing(events, free, known)
