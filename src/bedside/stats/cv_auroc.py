"""The cross-validated AUROC: mean of the areas within folds, with an interval from influence curves.

Source: LeDell, Petersen and van der Laan 2015, Electron J Stat 9:1583. Scores of different folds come from different
models and are never ranked against one another.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from bedside.errors import StatisticsError
from bedside.stats import checks
from bedside.stats.auroc_limits import contrast, limits
from bedside.stats.delong import placements
from bedside.stats.interval import Contrast, Limits
from bedside.types import Floats


class Influence(NamedTuple):
    """Cross-validated AUROCs (L,) and what each independent unit adds to their error, (L, units)."""

    aurocs: Floats
    units: Floats

    def covariance(self) -> Floats:
        """Covariance of the AUROCs, (L, L): units are independent, their influences add."""
        count = self.units.shape[1]
        result: Floats = count / (count - 1) * self.units @ self.units.T
        return result


def cv_influence(scores: ArrayLike, label: ArrayLike, fold: ArrayLike, cluster: ArrayLike | None = None) -> Influence:
    """Influence of every patient (or case) on the mean of within-fold AUROCs.

    Args:
        scores: Shape (L, n), one row a learner, all on the same folds.
        label: Shape (n,).
        fold: Shape (n,), fold of each row; folds of different repetitions carry different codes.
        cluster: Shape (n,), patient of each row. Needed whenever a patient has several rows, as in repeated
            cross-validation, where every patient has one row a repetition.

    Raises:
        StatisticsError: A fold with a single class, fewer than two patients, NaN, wrong shapes.
    """
    matrix = np.atleast_2d(np.asarray(scores, dtype=np.float64))
    positive = checks.labels(label, matrix.shape[-1])
    for row in matrix:
        checks.vector(row, "score", positive.size)
    folds = checks.codes(fold, "fold", positive.size)
    unit = np.arange(positive.size) if cluster is None else checks.codes(cluster, "cluster", positive.size)
    count = int(folds.max()) + 1
    areas = np.empty((matrix.shape[0], count))
    rows = np.empty_like(matrix)
    for number in range(count):
        inside = np.flatnonzero(folds == number)
        ours = positive[inside]
        if ours.all() or not ours.any():
            message = (
                f"Fold {number + 1} of {count} holds {inside.size} cases of one outcome class; the AUROC within folds "
                "is not defined. Use fewer, stratified folds."
            )
            raise StatisticsError(message)
        of_positive, of_negative = placements(matrix[:, inside], ours)
        area = of_positive.mean(axis=1)
        areas[:, number] = area
        rows[:, inside[ours]] = (of_positive - area[:, None]) / of_positive.shape[1]
        rows[:, inside[~ours]] = (of_negative - area[:, None]) / of_negative.shape[1]
    units = np.stack([np.bincount(unit, weights=row).astype(np.float64) for row in rows / count])
    if units.shape[1] < 2:
        message = "All cases come from one patient; an interval needs at least two patients."
        raise StatisticsError(message)
    return Influence(areas.mean(axis=1), units)


def cv_auroc_interval(
    score: ArrayLike, label: ArrayLike, fold: ArrayLike, level: float = 0.95, cluster: ArrayLike | None = None
) -> Limits:
    """Interval of the cross-validated AUROC on the logit scale; score-type where the variance vanishes.

    Given the fitted models: it does not carry the variation from drawing another development sample.

    Raises:
        StatisticsError: See `cv_influence`.
    """
    influence = cv_influence(score, label, fold, cluster)
    auroc, variance = float(influence.aurocs[0]), float(influence.covariance()[0, 0])
    m, n = _independent(label, cluster)
    return limits(auroc, variance, m, n, level, "cross-validated AUROC (LeDell 2015), logit scale")


def cv_auroc_test(
    a: ArrayLike,
    b: ArrayLike,
    label: ArrayLike,
    fold: ArrayLike,
    level: float = 0.95,
    cluster: ArrayLike | None = None,
) -> Contrast:
    """Difference of two cross-validated AUROCs on the same folds, a minus b, given the fitted models.

    It tests these fitted models, not the learning procedures; for those use `corrected_resampled_t`.

    Raises:
        StatisticsError: See `cv_influence`.
    """
    scores = np.stack([checks.vector(a, "first score"), checks.vector(b, "second score", np.size(a))])
    influence = cv_influence(scores, label, fold, cluster)
    m, n = _independent(label, cluster)
    return contrast(
        influence.aurocs, influence.covariance(), m, n, level, "cross-validated AUROC (LeDell 2015), paired"
    )


def _independent(label: ArrayLike, cluster: ArrayLike | None) -> tuple[int, int]:
    """Numbers of patients (or cases) with a positive and with a negative row."""
    positive = checks.labels(label)
    unit = np.arange(positive.size) if cluster is None else checks.codes(cluster, "cluster", positive.size)
    return np.unique(unit[positive]).size, np.unique(unit[~positive]).size
