"""Krippendorff's alpha for any number of raters, missing ratings, and nominal to ratio scales.

Sources: Krippendorff 2011, Computing Krippendorff's alpha-reliability; Hayes and Krippendorff 2007, Commun Methods
Meas 1:77 (bootstrap over units).
"""

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array

from bedside.errors import StatisticsError
from bedside.stats import checks
from bedside.stats.bootstrap import bootstrap, percentile_interval
from bedside.stats.estimate import Estimate
from bedside.stats.roc import Statistic
from bedside.types import Floats, Weights

Scale: TypeAlias = Literal["nominal", "ordinal", "interval", "ratio"]


def _distance(values: Floats, margins: Floats, scale: Scale) -> Floats:
    """Squared differences between values, (b, k, k); on the ordinal scale they depend on the margins (b, k)."""
    if scale == "nominal":
        apart = (values[:, None] != values[None, :]).astype(np.float64)
    elif scale == "interval":
        apart = np.subtract.outer(values, values) ** 2
    elif scale == "ratio":
        total = np.add.outer(values, values)
        gap = np.subtract.outer(values, values)
        apart = np.divide(gap, total, out=np.zeros_like(gap), where=total != 0) ** 2
    else:
        # Sum of the margins from one rank to the other, half of each end.
        middle = np.cumsum(margins, axis=1) - 0.5 * margins
        ranked: Floats = (middle[:, :, None] - middle[:, None, :]) ** 2
        return ranked
    return np.broadcast_to(apart, (margins.shape[0], *apart.shape))


def alpha_statistic(ratings: ArrayLike, scale: Scale = "nominal") -> Statistic:
    """Krippendorff's alpha as a function of weights over units.

    Args:
        ratings: Shape (units, raters), NaN where missing; units with fewer than two ratings add nothing.
        scale: Of measurement.

    Returns:
        Weights (b, units) to alpha (b,); NaN where a replicate shows no variation at all.

    Raises:
        StatisticsError: Not two-dimensional, infinite, no unit with two ratings, negative values on a ratio scale.
    """
    table = np.asarray(ratings, dtype=np.float64)
    if table.ndim != 2 or np.isinf(table).any():
        message = f"Ratings have shape {table.shape}; finite (units, raters) with NaN for missing is needed."
        raise StatisticsError(message)
    given = ~np.isnan(table)
    raters = given.sum(axis=1)
    if (raters > 1).sum() < 1:
        message = "No unit has two ratings, so nothing can be compared."
        raise StatisticsError(message)
    values, code = np.unique(table[given], return_inverse=True)
    if scale == "ratio" and values[0] < 0:
        message = f"The smallest rating is {values[0]:g}; a ratio scale has no negative values."
        raise StatisticsError(message)
    k, unit = values.size, np.nonzero(given)[0]
    counts = np.zeros((table.shape[0], k))
    np.add.at(counts, (unit, code), 1.0)
    pairs = _coincidences(counts, raters.astype(np.float64))

    def statistic(weights: Weights) -> Floats:
        matrix = checks.weight_matrix(weights, counts.shape[0])
        together = np.asarray((pairs.T @ matrix.T).T).reshape(-1, k, k)
        margins = together.sum(axis=2)
        apart = _distance(values, margins, scale)
        total = margins.sum(axis=1)
        observed = (together * apart).sum(axis=(1, 2)) * (total - 1.0)
        expected = np.einsum("bi,bij,bj->b", margins, apart, margins)
        out = np.full(total.size, np.nan)
        np.divide(observed, expected, out=out, where=expected > 0)
        return 1.0 - out

    return statistic


def _coincidences(counts: Floats, raters: Floats) -> csr_array:
    """Each unit's pairs of values, (units, k * k) sparse: n_c n_d (less the value itself) / (raters - 1)."""
    rows, columns, data = [], [], []
    k = counts.shape[1]
    for unit in np.flatnonzero(raters > 1):
        held = np.flatnonzero(counts[unit])
        block = np.outer(counts[unit, held], counts[unit, held]) - np.diag(counts[unit, held])
        rows.append(np.full(block.size, unit))
        columns.append((held[:, None] * k + held[None, :]).ravel())
        data.append(block.ravel() / (raters[unit] - 1.0))
    place = (np.concatenate(rows), np.concatenate(columns))
    return csr_array((np.concatenate(data), place), shape=(counts.shape[0], k * k))


def krippendorff_alpha(
    ratings: ArrayLike,
    scale: Scale = "nominal",
    *,
    level: float = 0.95,
    replicates: int = 2_000,
    seed: int = 0,
    cluster: ArrayLike | None = None,
) -> Estimate:
    """Krippendorff's alpha with a percentile interval, units (or patients) being drawn.

    Raises:
        StatisticsError: As `alpha_statistic`, and where all ratings are equal.
    """
    statistic = alpha_statistic(ratings, scale)
    units = np.asarray(ratings).shape[0]
    value = float(statistic(np.ones((1, units)))[0])
    if not np.isfinite(value):
        message = "All ratings are equal; alpha is 0 / 0. Report percent agreement."
        raise StatisticsError(message)
    patient = np.arange(units) if cluster is None else checks.codes(cluster, "cluster", units)
    limits = percentile_interval(bootstrap([statistic], patient, replicates, seed)[0], level)
    return Estimate(value, limits.low, limits.high, level, units, int(patient.max()) + 1, limits.method)
