"""Three indices of concordance, which are three measures: Harrell's, Uno's and the time-dependent one.

A pair is a case with the event at T and one that is known to be without it for longer: watched beyond T, or censored at
T (events come before censorings). Whom a competing event came to never has the event and stays without it for ever
(Wolbers et al. 2009, Epidemiology 20:555; 2014, Biostatistics 15:526). With late entries the second of a pair must have
been at risk at T. Equal predictions count one half.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bedside.stats.pairs import Pairs
from bedside.stats.risk_sets import RiskSets
from bedside.stats.roc import Statistic
from bedside.stats.times import CENSORED, Times
from bedside.types import Booleans, Floats, Integers, Weights

Judge = Callable[[Integers], NDArray[np.float32]]
"""Cases (r,) with an event to how each of all n is outranked by them, 1, 1/2 or 0, shape (r, n)."""

Mass = Callable[[RiskSets, Weights], Floats]
"""Risk sets and weights to what an event at each time counts for, shape (b, u)."""


def harrell_statistic(times: Times, risk: Floats) -> Statistic:
    """Harrell's C: share of pairs in which the case with the earlier event had the higher risk.

    It depends on censoring (Harrell et al. 1982, J Am Med Assoc 247:2543; Harrell, Lee and Mark 1996, Stat Med 15:361).

    Args:
        times: Of n cases.
        risk: Shape (n,), larger where the event of cause 1 is expected earlier.

    Returns:
        Weights (b, n) to values (b,); NaN without a pair.
    """
    return _Concordance(times, _by_score(risk), np.inf).statistic


def uno_statistic(times: Times, risk: Floats, until: float, *, upon: bool = False) -> Statistic:
    """Uno's C: as Harrell's, with weights that make it independent of censoring, for events before `until`.

    A pair weighs the inverse square of the probability of not being censored before T (Uno et al. 2011, Stat Med
    30:1105); one with a competing event, the product of both inverse probabilities (Wolbers et al. 2014).

    Args:
        times: Of n cases.
        risk: Shape (n,).
        until: Events at this time or later are no first of a pair.
        upon: Whether the curve of censoring is read at each time and not just before it (see `answered`).

    Returns:
        Weights (b, n) to values (b,); NaN without a pair.
    """
    return _Concordance(times, _by_score(risk), until, _upon if upon else _before).statistic


def time_dependent_statistic(times: Times, curves: Floats, grid: Floats) -> Statistic:
    """C_td: share of pairs in which the case with the event had the higher incidence at its time.

    Curves may cross, so that it is not Harrell's C of any one score (Antolini, Boracchi and Biganzoli 2005, Stat Med
    24:3927). Events after the last time that is predicted are no first of a pair.

    Args:
        times: Of n cases.
        curves: Incidences of cause 1 at the grid, shape (n, g); linear between, from 0 at time 0.
        grid: Rising times, shape (g,).

    Returns:
        Weights (b, n) to values (b,); NaN without a pair.
    """
    return _Concordance(times, _by_curve(times, curves, grid), np.nextafter(grid[-1], np.inf)).statistic


def _before(sets: RiskSets, weights: Weights) -> Floats:
    return sets(weights).mass


def _upon(sets: RiskSets, weights: Weights) -> Floats:
    return sets.mass_upon(weights, sets(weights))


class _Concordance:
    """Pairs of cases, judged once."""

    def __init__(self, times: Times, judge: Judge, until: float, mass: "Mass | None" = None) -> None:
        self.mass = mass
        self.sets = RiskSets(times)
        first = (times.event[self.sets.rows] == 1) & (times.time[self.sets.rows] < until)
        self.first = np.flatnonzero(first)
        ours = self.sets.rows[self.first]
        self.place = self.sets.place[self.first]
        self.rival = np.flatnonzero(times.event > 1)
        self.rival_place = np.searchsorted(self.sets.at, times.time[self.rival])
        count = len(times)

        def outlived(rows: slice) -> NDArray[np.float32]:
            matrix = judge(ours[rows])
            matrix *= _free(times, ours[rows])
            return matrix

        def spared(rows: slice) -> NDArray[np.float32]:
            matrix = judge(ours[rows])[:, self.rival]
            matrix *= _gone(times, ours[rows], self.rival)
            return matrix

        self.alive = Pairs(len(ours), count, outlived)
        self.gone = Pairs(len(ours), len(self.rival), spared)
        self.every = Pairs(len(ours), count, lambda rows: _free(times, ours[rows]).astype(np.float32))
        self.every_gone = Pairs(
            len(ours), len(self.rival), lambda rows: _gone(times, ours[rows], self.rival).astype(np.float32)
        )

    def statistic(self, weights: Weights) -> Floats:
        """Weights (b, n) to concordance (b,)."""
        ours = weights.take(self.sets.rows, axis=1)[:, self.first]
        own = rivals = None
        if self.mass is not None:
            mass = self.mass(self.sets, weights)
            own, rivals = mass.take(self.place, axis=1), mass.take(self.rival_place, axis=1)
        alive = ours if own is None else ours * own * own
        won, pairs = self.alive.sums(alive, weights), self.every.sums(alive, weights)
        if len(self.rival):
            gone = weights.take(self.rival, axis=1)
            once = ours if own is None else ours * own
            gone = gone if rivals is None else gone * rivals
            won, pairs = won + self.gone.sums(once, gone), pairs + self.every_gone.sums(once, gone)
        found = np.full(len(weights), np.nan)
        np.divide(won, pairs, out=found, where=pairs > 0)
        return found


def _free(times: Times, ours: Integers) -> Booleans:
    """Who was watched without any event for longer than each of ours, shape (r, n)."""
    at = times.time[ours, None]
    longer: Booleans = (times.entry < at) & ((times.time > at) | ((times.time == at) & (times.event == CENSORED)))
    return longer


def _gone(times: Times, ours: Integers, rival: Integers) -> Booleans:
    """Whom a competing event came to no later than each of ours had the event, shape (r, rivals)."""
    earlier: Booleans = times.time[rival] <= times.time[ours, None]
    return earlier


def _by_score(risk: Floats) -> Judge:
    return lambda ours: _compared(risk[ours, None], risk)


def _by_curve(times: Times, curves: Floats, grid: Floats) -> Judge:
    whole = np.concatenate([np.zeros((len(curves), 1)), curves], axis=1)
    at = np.concatenate([[0.0], grid])

    def judge(ours: Integers) -> NDArray[np.float32]:
        when = times.time[ours]
        right = np.clip(np.searchsorted(at, when), 1, len(grid))
        share = (when - at[right - 1]) / (at[right] - at[right - 1])
        told = whole[:, right - 1] * (1.0 - share) + whole[:, right] * share
        return _compared(told[ours, np.arange(len(ours))][:, None], told.T)

    return judge


def _compared(one: Floats, other: Floats) -> NDArray[np.float32]:
    found: NDArray[np.float32] = (one > other).astype(np.float32)
    found += np.float32(0.5) * (one == other)
    return found
