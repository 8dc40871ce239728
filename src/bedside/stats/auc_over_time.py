"""Cumulative/dynamic area under the ROC curve at a time: who has had the event by then against who has not.

Cases are those with the event by t, controls those free of it at t, who with competing causes include those whom a
competing event came to before (Blanche, Dartigues and Jacqmin-Gadda 2013, Stat Med 32:5381, second definition). Cases
that were censored before t are stood for by inverse-probability-of-censoring weights (Uno et al. 2007, J Am Stat Assoc
102:527; Hung and Chiang 2010, Can J Stat 38:8).
"""

import numpy as np

from bedside.stats.answered import Answered
from bedside.stats.roc import Statistic, auroc_statistic, blocks
from bedside.stats.times import Times
from bedside.types import Floats, Weights


def auc_statistic(times: Times, risk: Floats, at: float) -> Statistic:
    """AUC(t) of predicted risks for cause 1, ties one half.

    Args:
        times: Of n cases.
        risk: Larger where the event is more likely by the time, shape (n,).
        at: The time.

    Returns:
        Weights (b, n) to values (b,); NaN without cases, without controls, or where nobody is watched until the time.
    """
    answered = Answered(times, np.array([at]))
    rows = answered.sets.rows
    before = times.time[rows] <= at
    free = np.flatnonzero(answered.free[:, 0])
    kept = np.concatenate([rows[before], free])
    if not len(kept):
        return lambda weights: np.full(len(weights), np.nan)
    area = auroc_statistic(risk[kept], np.concatenate([times.event[rows[before]] == 1, np.zeros(len(free))]) > 0)

    def statistic(weights: Weights) -> Floats:
        found = np.full(len(weights), np.nan)
        for block in blocks(len(weights), len(times)):
            part = weights[block]
            standing = answered(part)
            stand = np.concatenate([standing.events[:, before], part.take(free, axis=1) * standing.free], axis=1)
            found[block] = np.where(standing.known[:, 0], area(stand), np.nan)
        return found

    return statistic
