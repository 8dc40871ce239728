"""Statistics of confusion matrices, which are one matrix product away from weights."""

from collections.abc import Callable

import numpy as np

from bedside.endpoints.measure import Statistic
from bedside.types import Floats, Weights


def of_confusion(rows: Floats, count: int, value: Callable[[Floats], Floats]) -> Statistic:
    """A function of confusion matrices (b, k, k), true class by chosen class, which are one matrix product away."""
    cell = (rows[:, 0] * count + rows[:, 1]).astype(np.int64)
    found, place = np.unique(cell, return_inverse=True)
    members = np.zeros((len(rows), found.size))
    members[np.arange(len(rows)), place] = 1.0

    def statistic(weights: Weights) -> Floats:
        tables = np.zeros((len(weights), count * count))
        tables[:, found] = weights @ members
        return value(tables.reshape(-1, count, count))

    return statistic
