"""Brier score of predicted incidences at a time, and integrated over times, where some cases are censored.

Sources: Graf et al. 1999, Stat Med 18:2529; Gerds and Schumacher 2006, Biom J 48:1029 (weights, see `answered`); Schoop
et al. 2011, Biom J 53:88 (competing causes: the square of the distance from "the cause came by t").
"""

import numpy as np

from bedside.errors import StatisticsError
from bedside.stats.answered import Answered
from bedside.stats.roc import Statistic, blocks
from bedside.stats.times import Times
from bedside.types import Floats, Weights


def brier_statistic(times: Times, curves: Floats, at: Floats, shares: Floats, *, upon: bool = False) -> Statistic:
    """A weighted sum over times of the Brier scores at each, causes added up.

    Args:
        times: Of n cases.
        curves: Predicted cumulative incidences at the times, of causes 1 to k in order, shape (n, k, g).
        at: Times, rising, shape (g,).
        shares: Of each time, shape (g,): [1.0] for the score at one time, `shares_of` for the integrated one.
        upon: Whether censoring is read at each time, as published by Graf et al., and not just before it.

    Returns:
        Weights (b, n) to values (b,); NaN where at a time with a share nobody is watched any more.
    """
    answered = Answered(times, at, upon=upon)
    after, free = _parts(answered, curves, shares)
    counted = shares > 0

    def statistic(weights: Weights) -> Floats:
        found = np.full(len(weights), np.nan)
        for block in blocks(len(weights), len(times)):
            part = weights[block]
            standing = answered(part)
            value = standing.events @ after + ((part @ free) * standing.free).sum(axis=1)
            found[block] = np.where(standing.known[:, counted].all(axis=1), value, np.nan)
        return found

    return statistic


def shares_of(at: Floats) -> Floats:
    """Shares of times by which a sum is the mean from 0 to the last of them, shape (g,).

    The trapezoidal rule, from 0 at time 0, where nothing can have happened.
    """
    steps = np.diff(np.concatenate([[0.0], np.asarray(at, dtype=np.float64)]))
    return np.asarray((steps + np.append(steps[1:], 0.0)) / (2.0 * float(at[-1])), dtype=np.float64)


def brier_losses(times: Times, curves: Floats, at: Floats) -> Floats:
    """What each case adds to the integrated Brier score, shape (n,): their mean is that score, causes added up.

    It is integrated up to the last time at which the state of cases is known: these cases may be watched less long than
    others.

    Raises:
        StatisticsError: Nobody's state is known at any of the times.
    """
    known = Answered(times, at)(np.ones((1, len(times)))).known[0]
    if not known[0]:
        msg = (
            f"nobody of {len(times)} cases is watched until {at[0]:g}, the first time that is judged; judge more, or "
            "cases that are watched longer"
        )
        raise StatisticsError(msg)
    last = len(at) if known.all() else int(np.argmin(known))
    answered = Answered(times, at[:last])
    after, free = _parts(answered, curves[:, :, :last], shares_of(at[:last]))
    standing = answered(np.ones((1, len(times))))
    found = free @ standing.free[0]
    found[answered.sets.rows] += standing.events[0] * after
    return np.asarray(found * len(times), dtype=np.float64)


def _parts(answered: Answered, curves: Floats, shares: Floats) -> tuple[Floats, Floats]:
    """Loss of each case with an event from its time on (e,), of each while free (n, g); with shares."""
    rows = answered.sets.rows
    happened = answered.sets.times.event[rows]
    ours = happened[:, None] == np.arange(1, curves.shape[1] + 1)
    missed = np.square(ours[:, :, None] - curves[rows]).sum(axis=1)
    since = answered.sets.times.time[rows, None] <= answered.at
    return (missed * since) @ shares, np.square(curves).sum(axis=1) * answered.free * shares
