"""Measures that are sums, means or ratios of sums over cases, which most measures are.

One case gives one row, also where it adds nothing (a negative case to sensitivity), so that the rows of two
learners stand side by side in a paired contrast.
"""

from collections.abc import Sequence

import numpy as np

from bedside.endpoints.measure import Contributions, Statistic
from bedside.types import Floats, Weights


def one_row_a_case(*columns: Sequence[float] | Floats) -> Contributions:
    """Columns of shape (n,) to contributions of one row a case."""
    rows = np.column_stack([np.asarray(column, dtype=np.float64) for column in columns])
    return Contributions(rows=rows, case=np.arange(len(rows), dtype=np.int64), n=len(rows))


def divided(numerator: Floats, denominator: Floats) -> Floats:
    """A quotient, NaN where the denominator is not positive."""
    out = np.full(np.broadcast_shapes(numerator.shape, denominator.shape), np.nan)
    np.divide(numerator, denominator, out=out, where=denominator > 0)
    return out


def ratio(rows: Floats) -> Statistic:
    """Sum of the first column over the sum of the second; NaN where the second sums to nothing."""

    def statistic(weights: Weights) -> Floats:
        sums = weights @ rows
        return divided(sums[:, 0], sums[:, 1])

    return statistic


def mean(rows: Floats) -> Statistic:
    """Weighted mean of the only column; NaN where the weights sum to nothing."""
    values = np.ascontiguousarray(rows[:, 0])

    def statistic(weights: Weights) -> Floats:
        return divided(weights @ values, weights.sum(axis=1))

    return statistic
