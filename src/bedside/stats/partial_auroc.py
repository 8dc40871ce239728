"""Area under the part of the ROC curve at clinically usable specificities.

Sources: McClish 1989, Med Decis Making 9:190 (standardisation); Dodd and Pepe 2003, Biometrics 59:614.
"""

import numpy as np
from numpy.typing import ArrayLike

from bedside.errors import StatisticsError
from bedside.stats import checks
from bedside.stats.bootstrap import bootstrap, percentile_interval
from bedside.stats.estimate import Estimate
from bedside.stats.roc import Statistic, blocks, ladder
from bedside.types import Floats, Weights


def partial_auroc_statistic(
    score: ArrayLike,
    label: ArrayLike,
    specificity: tuple[float, float] = (0.8, 1.0),
    *,
    standardised: bool = True,
) -> Statistic:
    """Partial AUROC between two specificities as a function of weights.

    Args:
        score: Shape (n,).
        label: Shape (n,).
        specificity: Lower and upper end of the range; ties give straight lines between points of the curve.
        standardised: McClish's scale, on which 0.5 is no discrimination and 1 perfect, for any range; otherwise the
            plain area, at most the width of the range.

    Returns:
        Weights (b, n) to values (b,); NaN where a replicate lacks a class.

    Raises:
        StatisticsError: A range that is empty or leaves [0, 1], NaN, wrong shapes.
    """
    scores = checks.vector(score, "score")
    positive = checks.labels(label, scores.size)
    least, most = specificity
    if not 0.0 <= least < most <= 1.0:
        message = f"The range of specificity is {specificity!r}; give two numbers with 0 <= lower < upper <= 1."
        raise StatisticsError(message)
    start, stop = 1.0 - most, 1.0 - least
    steps = ladder(scores)
    ill = positive[steps.order].astype(np.float64)

    def statistic(weights: Weights) -> Floats:
        matrix = checks.weight_matrix(weights, scores.size)
        area = np.full(matrix.shape[0], np.nan)
        for block in blocks(matrix.shape[0], scores.size):
            ordered = matrix[block].take(steps.order, axis=1)
            y = _from_origin(np.cumsum(ordered * ill, axis=1)[:, steps.ends])
            x = _from_origin(np.cumsum(ordered * (1.0 - ill), axis=1)[:, steps.ends])
            both = (x[:, -1] > 0) & (y[:, -1] > 0)
            area[block][both] = _area_between(x[both] / x[both, -1:], y[both] / y[both, -1:], start, stop)
        if not standardised:
            return area
        chance = 0.5 * (stop**2 - start**2)
        return np.asarray(0.5 * (1.0 + (area - chance) / (stop - start - chance)), dtype=np.float64)

    return statistic


def _from_origin(sums: Floats) -> Floats:
    return np.concatenate([np.zeros((sums.shape[0], 1)), sums], axis=1)


def _area_between(x: Floats, y: Floats, start: float, stop: float) -> Floats:
    left, right = np.maximum(x[:, :-1], start), np.minimum(x[:, 1:], stop)
    width = np.maximum(right - left, 0.0)
    run, rise = np.diff(x, axis=1), np.diff(y, axis=1)
    gradient = np.divide(rise, run, out=np.zeros_like(run), where=run > 0)
    height = y[:, :-1] + gradient * (0.5 * (left + right) - x[:, :-1])
    return np.asarray((width * height).sum(axis=1), dtype=np.float64)


def partial_auroc(
    score: ArrayLike,
    label: ArrayLike,
    specificity: tuple[float, float] = (0.8, 1.0),
    *,
    standardised: bool = True,
    level: float = 0.95,
    replicates: int = 2_000,
    seed: int = 0,
    cluster: ArrayLike | None = None,
) -> Estimate:
    """Partial AUROC with a bootstrap percentile interval, patients drawn within outcome classes.

    Raises:
        StatisticsError: One class, an empty range, too few usable replicates.
    """
    scores = checks.vector(score, "score")
    positive = checks.labels(label, scores.size)
    checks.two_classes(positive)
    statistic = partial_auroc_statistic(scores, positive, specificity, standardised=standardised)
    value = float(statistic(np.ones((1, scores.size)))[0])
    patient = np.arange(scores.size) if cluster is None else checks.codes(cluster, "cluster", scores.size)
    limits = percentile_interval(bootstrap([statistic], patient, replicates, seed, positive)[0], level)
    return Estimate(value, limits.low, limits.high, level, scores.size, int(patient.max()) + 1, limits.method)
