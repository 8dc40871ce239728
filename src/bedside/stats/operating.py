"""Sensitivity at a fixed specificity and the reverse, with intervals that carry the choice of the threshold.

Sources: Zhou and Qin 2005, Stat Med 24:465 (bootstrap of Agresti-Coull adjusted proportions, "BTII"); Linnet 1987,
Clin Chem 33:1127 (why the interval of a plain proportion is too narrow here).
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from bedside.errors import StatisticsError
from bedside.stats import checks
from bedside.stats.bootstrap import bootstrap, usable
from bedside.stats.estimate import Estimate
from bedside.stats.interval import normal_quantile
from bedside.stats.proportion import clustered_wilson, wilson
from bedside.stats.roc import Statistic, blocks, ladder
from bedside.types import Booleans, Floats, Integers, Weights


def _share(value: float, name: str) -> None:
    if not 0.0 < value < 1.0:
        message = f"Fixed {name} is {value!r}; give a share strictly between 0 and 1."
        raise StatisticsError(message)


def sensitivity_at_specificity_statistic(score: ArrayLike, label: ArrayLike, specificity: float) -> Statistic:
    """Greatest sensitivity of a threshold whose specificity is at least the given one, as a function of weights.

    The threshold is chosen anew in every replicate; positive is score >= threshold.

    Returns:
        Weights (b, n) to sensitivities (b,); NaN where a replicate lacks a class.

    Raises:
        StatisticsError: A specificity outside (0, 1), NaN, wrong shapes.
    """
    scores = checks.vector(score, "score")
    positive = checks.labels(label, scores.size)
    _share(specificity, "specificity")
    steps = ladder(scores)
    ill = positive[steps.order].astype(np.float64)

    def statistic(weights: Weights) -> Floats:
        matrix = checks.weight_matrix(weights, scores.size)
        value = np.full(matrix.shape[0], np.nan)
        for block in blocks(matrix.shape[0], scores.size):
            ordered = matrix[block].take(steps.order, axis=1)
            hits = np.cumsum(ordered * ill, axis=1)[:, steps.ends]
            alarms = np.cumsum(ordered * (1.0 - ill), axis=1)[:, steps.ends]
            allowed = (1.0 - specificity) * alarms[:, -1:] * (1.0 + 1e-12)
            rungs = (alarms <= allowed).sum(axis=1)
            reached = np.where(rungs > 0, hits[np.arange(rungs.size), rungs - 1], 0.0)
            both = (hits[:, -1] > 0) & (alarms[:, -1] > 0)
            np.divide(reached, hits[:, -1], out=value[block], where=both)
        return value

    return statistic


def specificity_at_sensitivity_statistic(score: ArrayLike, label: ArrayLike, sensitivity: float) -> Statistic:
    """Greatest specificity of a threshold whose sensitivity is at least the given one, as a function of weights.

    Returns:
        Weights (b, n) to specificities (b,); NaN where a replicate lacks a class.

    Raises:
        StatisticsError: A sensitivity outside (0, 1), NaN, wrong shapes.
    """
    scores = checks.vector(score, "score")
    _share(sensitivity, "sensitivity")
    return sensitivity_at_specificity_statistic(-scores, ~checks.labels(label, scores.size), sensitivity)


def sensitivity_at_specificity(
    score: ArrayLike,
    label: ArrayLike,
    specificity: float,
    *,
    level: float = 0.95,
    replicates: int = 2_000,
    seed: int = 0,
    cluster: ArrayLike | None = None,
) -> Estimate:
    """Sensitivity at a fixed specificity with Zhou and Qin's BTII interval.

    Each bootstrap replicate gives an adjusted proportion (hits + z^2 / 2) / (positives + z^2); the limits are their
    mean +- z standard deviations. They are never narrower than Wilson's for a threshold known beforehand, so that a
    sensitivity of 1 keeps its width. With `cluster` patients are drawn and Wilson's limits are the clustered ones.

    Raises:
        StatisticsError: One class, a specificity outside (0, 1), too few usable replicates.
    """
    scores = checks.vector(score, "score")
    positive = checks.labels(label, scores.size)
    return _at_fixed(scores, positive, specificity, level, (replicates, seed), cluster)


def specificity_at_sensitivity(
    score: ArrayLike,
    label: ArrayLike,
    sensitivity: float,
    *,
    level: float = 0.95,
    replicates: int = 2_000,
    seed: int = 0,
    cluster: ArrayLike | None = None,
) -> Estimate:
    """Specificity at a fixed sensitivity; everything as `sensitivity_at_specificity` with the classes exchanged.

    Raises:
        StatisticsError: One class, a sensitivity outside (0, 1), too few usable replicates.
    """
    scores = checks.vector(score, "score")
    positive = checks.labels(label, scores.size)
    _share(sensitivity, "sensitivity")
    return _at_fixed(-scores, ~positive, sensitivity, level, (replicates, seed), cluster)


def _at_fixed(
    scores: Floats, positive: Booleans, fixed: float, level: float, draw: tuple[int, int], cluster: ArrayLike | None
) -> Estimate:
    cases, _ = checks.two_classes(positive)
    square = normal_quantile(level) ** 2
    statistic = sensitivity_at_specificity_statistic(scores, positive, fixed)
    value = float(statistic(np.ones((1, scores.size)))[0])
    patient = np.arange(scores.size) if cluster is None else checks.codes(cluster, "cluster", scores.size)
    found = usable(bootstrap([statistic], patient, *draw, positive)[0])
    adjusted = (cases * found + square / 2.0) / (cases + square)
    centre, half = float(adjusted.mean()), math.sqrt(square) * float(adjusted.std(ddof=1))
    known = _known_threshold(value, scores[positive], patient[positive], level)
    low, high = max(0.0, min(centre - half, known[0])), min(1.0, max(centre + half, known[1]))
    method = "bootstrap BTII (Zhou and Qin 2005), at least Wilson"
    return Estimate(value, low, high, level, scores.size, int(patient.max()) + 1, method)


def _known_threshold(value: float, scores: Floats, patient: Integers, level: float) -> tuple[float, float]:
    """Wilson's limits over the positives, as if the threshold had been fixed beforehand."""
    cases = scores.size
    hits = round(value * cases)
    if np.unique(patient).size in {1, cases}:
        limits = wilson(hits, cases, level)
        return limits.low, limits.high
    flagged = scores >= (np.sort(scores)[cases - hits] if hits else np.inf)
    clustered = clustered_wilson(flagged, patient, level)
    return clustered.low, clustered.high
