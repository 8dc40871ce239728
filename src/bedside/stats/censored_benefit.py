"""Net benefit of acting on a predicted risk at a horizon, where some cases are censored before it.

True positives are the share flagged times the incidence among the flagged (Kaplan and Meier; Aalen and Johansen), false
positives the share flagged times the rest (Vickers et al. 2008, BMC Med Inform Decis Mak 8:53).
"""

import numpy as np

from bedside.stats.answered import Answered
from bedside.stats.net_benefit import harm
from bedside.stats.roc import Statistic, blocks, ratio
from bedside.stats.times import Times
from bedside.types import Floats, Weights


def benefit_statistic(times: Times, risk: Floats, at: float, threshold: float) -> Statistic:
    """Net benefit of treating where risk >= threshold, true positives a patient.

    Args:
        times: Of n cases.
        risk: Predicted share with the event of cause 1 by the time, shape (n,).
        at: The time.
        threshold: Of the risk, from 0 to below 1.

    Returns:
        Weights (b, n) to values (b,), 0 where nobody is flagged; NaN where nobody flagged is watched until the time.

    Raises:
        StatisticsError: A threshold outside [0, 1).
    """
    odds = harm(threshold)
    answered = Answered(times, np.array([at]))
    rows, free = answered.sets.rows, answered.free[:, 0]
    by = times.time[rows] <= at
    ours = (by & (times.event[rows] == 1)).astype(np.float64)
    flagged = (risk >= threshold).astype(np.float64)
    late = bool(times.entry.any())

    def statistic(weights: Weights) -> Floats:
        found = np.full(len(weights), np.nan)
        for block in blocks(len(weights), len(times)):
            part = weights[block]
            acted = part * flagged
            if late:
                standing = answered(part)
                share = standing.events @ (flagged[rows] * by) + (acted @ free) * standing.free[:, 0]
                share[~standing.known[:, 0]] = np.nan
            else:
                share = ratio(acted.sum(axis=1), part.sum(axis=1))
            among = answered(acted)
            hits = share * (among.events @ ours)
            benefit = np.where(among.known[:, 0], hits - (share - hits) * odds, np.nan)
            found[block] = np.where(share == 0.0, 0.0, benefit)
        return found

    return statistic
