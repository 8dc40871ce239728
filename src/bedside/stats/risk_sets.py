"""Who is at risk when: the one place where weights of cases become risk sets, for any number of weightings at once.

A case is at risk at time t when it was watched from before t and until t or later (entry < t <= time). Events come
before censorings at the same time, so that a case censored at t is known to be free of the event at t.
"""

from dataclasses import dataclass

import numpy as np

from bedside.stats.times import CENSORED, Times
from bedside.types import Booleans, Floats, Integers, Weights

_NOTHING = 1e-12
"""A share of the risk set below this is rounding: the risk set is empty."""


@dataclass(frozen=True, eq=False)
class Sets:
    """Risk sets of b weightings at the u different times of events.

    Attributes:
        at_risk: Weight at risk, shape (b, u).
        leaving: Weight with an event of any cause, shape (b, u).
        free: Probability of being free of all events just before each time (Kaplan and Meier), shape (b, u).
        after: The same just after it, shape (b, u).
    """

    at_risk: Floats
    leaving: Floats
    free: Floats
    after: Floats

    @property
    def mass(self) -> Floats:
        """What an event at each time counts for, a unit of weight: free / at risk, shape (b, u).

        Summed over events of one cause it is that cause's cumulative incidence (Aalen and Johansen). Without late
        entries it equals 1 / (n G(t-)), G the Kaplan-Meier curve of censoring with events before censorings, since
        free(t) G(t-) = at risk / n: inverse-probability-of-censoring weights and Aalen-Johansen are one thing.
        """
        found = np.zeros_like(self.free)
        np.divide(self.free, self.at_risk, out=found, where=self.at_risk > 0)
        return found


class RiskSets:
    """Risk sets of n cases: sorted once, then asked for any weights.

    Attributes:
        times: The cases.
        at: The u different times of events of any cause, rising, shape (u,).
        rows: Cases with an event, in order of time, shape (e,).
        place: To which of `at` each of them belongs, shape (e,).
    """

    def __init__(self, times: Times) -> None:
        self.times = times
        happened = np.flatnonzero(times.event != CENSORED)
        self.rows: Integers = happened[np.argsort(times.time[happened], kind="stable")]
        self.at, self.place = np.unique(times.time[self.rows], return_inverse=True)
        self._first = np.searchsorted(self.place, np.arange(len(self.at)))
        self._by_time: Integers = np.argsort(times.time, kind="stable")
        self._late: Integers = np.flatnonzero(times.entry > 0)
        self._late = self._late[np.argsort(times.entry[self._late], kind="stable")]

    def __call__(self, weights: Weights) -> Sets:
        """Risk sets and the curve free of all events, under weights of shape (b, n)."""
        at_risk = self.at_risk(weights, self.at)
        leaving = self.sums(weights.take(self.rows, axis=1))
        shares = np.zeros_like(at_risk)
        np.divide(leaving, at_risk, out=shares, where=at_risk > 0)
        factors = 1.0 - shares
        factors[factors < _NOTHING] = 0.0
        after = np.asarray(np.cumprod(factors, axis=1), dtype=np.float64)
        before = np.concatenate([np.ones((len(weights), 1)), after], axis=1)[:, :-1]
        return Sets(at_risk, leaving, before, after)

    def sums(self, values: Floats) -> Floats:
        """Sums over the cases with an event at each time: values (b, e), in the order of `rows`, to (b, u)."""
        if not len(self.at):
            return np.zeros((len(values), 0))
        found: Floats = np.add.reduceat(values, self._first, axis=1)
        return found

    def at_risk(self, weights: Weights, at: Floats) -> Floats:
        """Weight at risk at any times, shape (b, len(at))."""
        found = _from(weights, self._by_time, self.times.time, at)
        if len(self._late):
            found = found - _from(weights, self._late, self.times.entry, at)
        return found

    def mass_upon(self, weights: Weights, found: Sets) -> Floats:
        """As `Sets.mass`, the curve of censoring taken at each time instead of just before it, shape (b, u).

        1 / (n G(t)), which Graf et al. 1999 wrote; 0 where everybody left at t is censored there. It counts an event
        too much wherever cases are censored at that same time.
        """
        watched = found.at_risk - found.leaving
        longer = self.at_risk(weights, np.nextafter(self.at, np.inf))
        ratio = np.divide(watched, longer, out=np.zeros_like(watched), where=longer > _NOTHING)
        return found.mass * np.where(watched > _NOTHING, ratio, 1.0)

    def until(self, at: Floats) -> Integers:
        """How many of the times of events are at or before each time, shape (len(at),)."""
        return np.searchsorted(self.at, at, side="right").astype(np.int64)


def steps(values: Floats, start: float, places: Integers) -> Floats:
    """A step function's values: after the first `places` steps, `start` before all, shape (b, len(places))."""
    whole = np.concatenate([np.full((len(values), 1), start), values], axis=1)
    return whole.take(places, axis=1)


def free_at(times: Times, at: float, *, longer: bool = False) -> Booleans:
    """Which cases were watched at a time and known to have had no event by then, shape (n,).

    With `longer` only those that were watched longer, without those censored at that very time.
    """
    if longer:
        beyond: Booleans = (times.entry < at) & (times.time > at)
        return beyond
    there: Booleans = (times.entry < at) & ((times.time > at) | ((times.time == at) & (times.event == CENSORED)))
    return there


def _from(weights: Weights, order: Integers, values: Floats, at: Floats) -> Floats:
    """Weight of the cases (sorted by `order`) whose value is `at` or more, shape (b, len(at))."""
    below = np.searchsorted(values[order], at, side="left")
    backwards = np.zeros((len(weights), len(order) + 1))
    np.cumsum(weights.take(order[::-1], axis=1), axis=1, out=backwards[:, 1:])
    return backwards.take(len(order) - below, axis=1)
