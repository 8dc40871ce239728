"""Mean time free of a cause up to a time, observed and predicted.

Observed, it is the area over the cumulative incidence of the cause (Royston and Parmar 2013, BMC Med Res Methodol
13:152; with competing causes Andersen 2013, Stat Med 32:5278: the time that is not lost to the cause).
"""

import numpy as np

from bedside.stats.answered import Answered
from bedside.stats.brier_over_time import shares_of
from bedside.stats.roc import Statistic, blocks, ratio
from bedside.stats.times import Times
from bedside.types import Floats, Weights


def predicted_loss(curves: Floats, grid: Floats) -> Floats:
    """Time that each case is predicted to lose to a cause by the last grid time, shape (n,).

    Args:
        curves: Its incidence at the grid, shape (n, g); linear between, from 0 at time 0.
        grid: Rising times, shape (g,).
    """
    return np.asarray(curves @ shares_of(grid) * float(grid[-1]), dtype=np.float64)


def bias_statistic(times: Times, loss: Floats, until: float) -> Statistic:
    """Predicted minus observed mean time free of cause 1 until a time, in the unit of times.

    Args:
        times: Of n cases.
        loss: Time that each is predicted to lose to the cause until then, shape (n,).
        until: The time.

    Returns:
        Weights (b, n) to values (b,), above 0 where more time is promised than was had; NaN where nobody is watched
        until the time.
    """
    answered = Answered(times, np.array([until]))
    rows, free = answered.sets.rows, answered.free[:, 0]
    by = times.time[rows] <= until
    lost = np.where(by & (times.event[rows] == 1), until - times.time[rows], 0.0)
    late = bool(times.entry.any())

    def statistic(weights: Weights) -> Floats:
        found = np.full(len(weights), np.nan)
        for block in blocks(len(weights), len(times)):
            part = weights[block]
            standing = answered(part)
            if late:
                promised = standing.events @ (loss[rows] * by) + (part @ (free * loss)) * standing.free[:, 0]
            else:
                promised = ratio(part @ loss, part.sum(axis=1))
            found[block] = np.where(standing.known[:, 0], standing.events @ lost - promised, np.nan)
        return found

    return statistic
