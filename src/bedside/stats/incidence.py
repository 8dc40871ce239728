"""Curves over time: Kaplan and Meier's, Aalen and Johansen's, Nelson and Aalen's, with late entries and weights.

Sources: Kaplan and Meier 1958, J Am Stat Assoc 53:457; Aalen and Johansen 1978, Scand J Stat 5:141; Nelson 1972,
Technometrics 14:945; Aalen 1978, Ann Stat 6:701.
"""

import numpy as np

from bedside.errors import StatisticsError
from bedside.stats import checks
from bedside.stats.risk_sets import RiskSets, Sets, steps
from bedside.stats.times import Times
from bedside.types import Booleans, Floats, Weights


def curve(times: Times, cause: int, weights: Weights | None, at: Floats) -> Floats:
    """Cumulative incidence of a cause (Aalen and Johansen); without competing causes one minus Kaplan and Meier.

    Args:
        times: Of n cases.
        cause: Its number, from 1 on; 0 for the probability of being free of all events (Kaplan and Meier).
        weights: Shape (b, n); None where every case counts once.
        at: Times, shape (k,).

    Returns:
        Shape (b, k); NaN from the time on at which nobody is at risk any more although somebody was free of events,
        and for nobody at all.

    Raises:
        StatisticsError: No cases, a negative cause, or weights of another shape.
    """
    matrix = _matrix(times, weights)
    sets, found = _asked(times, cause, matrix)
    where = sets.until(at)
    if cause == 0:
        values = steps(found.after, 1.0, where)
    else:
        values = steps((found.mass * _of_cause(sets, cause, matrix)).cumsum(axis=1), 0.0, where)
    return np.where(known(sets, found, matrix, at), values, np.nan)


def cumulative_hazard(times: Times, cause: int, weights: Weights | None, at: Floats) -> Floats:
    """Cumulative cause-specific hazard (Nelson and Aalen), shape (b, k); arguments, NaN and errors as for `curve`."""
    matrix = _matrix(times, weights)
    sets, found = _asked(times, cause, matrix)
    happened = _of_cause(sets, cause, matrix)
    shares = np.divide(happened, found.at_risk, out=np.zeros_like(happened), where=found.at_risk > 0)
    values = steps(shares.cumsum(axis=1), 0.0, sets.until(at))
    return np.where(known(sets, found, matrix, at), values, np.nan)


def at_risk(times: Times, weights: Weights | None, at: Floats) -> Floats:
    """Weight at risk at each time (watched from before it, until it or later), shape (b, k)."""
    return RiskSets(times).at_risk(_matrix(times, weights), np.asarray(at, dtype=np.float64))


def known(sets: RiskSets, found: Sets, weights: Weights, at: Floats) -> Booleans:
    """At which times curves are known, shape (b, k).

    They are where somebody is watched free of events, or where all had an event and nobody came after that.
    """
    at = np.asarray(at, dtype=np.float64)
    free = steps(found.after, 1.0, sets.until(at))
    left = watched_free(sets, found, weights, at) > 0
    there: Booleans = (left == (free > 0)) & (weights.sum(axis=1) > 0)[:, None]
    # At time 0 nobody has come yet where all come late, and nothing can have happened.
    there |= (at <= 0)[None, :] & (weights.sum(axis=1) > 0)[:, None]
    return there


def watched_free(sets: RiskSets, found: Sets, weights: Weights, at: Floats) -> Floats:
    """Weight at risk at each time less that of events at that time, shape (b, k)."""
    left = sets.at_risk(weights, at)
    here = np.flatnonzero(np.isin(at, sets.at))
    left[:, here] -= found.leaving[:, np.searchsorted(sets.at, at[here])]
    left[left < 1e-9] = 0.0
    return left


def _asked(times: Times, cause: int, weights: Weights) -> tuple[RiskSets, Sets]:
    if not len(times) or cause < 0:
        msg = f"an incidence of cause {cause} of {len(times)} cases was asked for; give cases, and a cause from 0 on"
        raise StatisticsError(msg)
    sets = RiskSets(times)
    return sets, sets(weights)


def _matrix(times: Times, weights: Weights | None) -> Weights:
    return np.ones((1, len(times))) if weights is None else checks.weight_matrix(weights, len(times))


def _of_cause(sets: RiskSets, cause: int, weights: Weights) -> Floats:
    """Weight with an event of the cause at each time, shape (b, u)."""
    ours = (sets.times.event[sets.rows] == cause).astype(np.float64)
    return sets.sums(weights.take(sets.rows, axis=1) * ours)
