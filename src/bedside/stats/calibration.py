"""Calibration of predicted probabilities: slope, intercept, in the large, Brier score, log loss, ECE.

Sources: Cox 1958, Biometrika 45:562 (logistic recalibration); Steyerberg 2019, Clinical Prediction Models, chapter 15;
Van Calster et al. 2019, BMC Med 17:230; Brier 1950, Mon Weather Rev 78:1; Naeini, Cooper and Hauskrecht 2015, AAAI
(ECE).
"""

import math
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logit, stdtrit

from bedside.errors import StatisticsError
from bedside.stats import checks, logistic
from bedside.stats.estimate import Estimate
from bedside.stats.interval import normal_quantile
from bedside.stats.roc import Statistic, ratio
from bedside.types import Booleans, Floats, Integers, Weights

CLIP = 1e-7
"""Probabilities are held to [CLIP, 1 - CLIP] before their logarithm is taken."""

Bins: TypeAlias = Literal["equal_width", "equal_count"]


def _given(probability: ArrayLike, label: ArrayLike) -> tuple[Floats, Booleans]:
    chance = checks.probabilities(probability)
    return chance, checks.labels(label, chance.size)


def log_odds(probability: Floats) -> Floats:
    """Logit of probabilities held to [CLIP, 1 - CLIP]."""
    return np.asarray(logit(np.clip(probability, CLIP, 1.0 - CLIP)), dtype=np.float64)


def slope_statistic(probability: ArrayLike, label: ArrayLike) -> Statistic:
    """Calibration slope: coefficient of the logit of the prediction; 1 is ideal, below 1 too extreme.

    Returns:
        Weights (b, n) to slopes (b,); NaN where none is finite (one class, equal predictions, separation).

    Raises:
        StatisticsError: Values outside [0, 1], NaN, wrong shapes.
    """
    chance, positive = _given(probability, label)
    design = np.column_stack([np.ones(chance.size), log_odds(chance)])
    return lambda weights: logistic.fit(design, positive, checks.weight_matrix(weights, positive.size))[:, 1]


def in_the_large_statistic(probability: ArrayLike, label: ArrayLike) -> Statistic:
    """Calibration in the large: intercept with the slope held at 1; 0 is ideal, above 0 too low predictions.

    Returns:
        Weights (b, n) to intercepts (b,); NaN where a replicate lacks a class.

    Raises:
        StatisticsError: Values outside [0, 1], NaN, wrong shapes.
    """
    chance, positive = _given(probability, label)
    ones, offset = np.ones((chance.size, 1)), log_odds(chance)
    return lambda weights: logistic.fit(ones, positive, checks.weight_matrix(weights, positive.size), offset)[:, 0]


class Recalibration(NamedTuple):
    """Logistic recalibration of a set of predictions."""

    slope: Estimate
    intercept: Estimate
    in_the_large: Estimate


def recalibration(
    probability: ArrayLike, label: ArrayLike, level: float = 0.95, cluster: ArrayLike | None = None
) -> Recalibration:
    """Slope and intercept (fitted together) and calibration in the large, with Wald intervals.

    Args:
        probability: Shape (n,).
        label: Shape (n,).
        level: Nominal coverage.
        cluster: Shape (n,), each case's patient: the sandwich variance over patients replaces the model's.

    Raises:
        StatisticsError: One class, equal predictions, perfectly separated classes, values outside [0, 1].
    """
    chance, positive = _given(probability, label)
    checks.two_classes(positive)
    unit = None if cluster is None else checks.codes(cluster, "cluster", positive.size)
    if unit is not None and unit.max() < 1:
        message = "All cases come from one patient; an interval needs at least two patients."
        raise StatisticsError(message)
    ones, odds = np.ones(chance.size), log_odds(chance)
    all_cases = np.ones((1, chance.size))
    design = np.column_stack([ones, odds])
    both = logistic.fit(design, positive, all_cases)[0]
    if not np.isfinite(both).all():
        message = (
            "The calibration slope has no finite estimate: all predictions are equal, or they separate the two "
            "outcome classes perfectly."
        )
        raise StatisticsError(message)
    of_both = logistic.covariance(design, positive, both, unit)
    large = logistic.fit(ones[:, None], positive, all_cases, odds)[0]
    of_large = logistic.covariance(ones[:, None], positive, large, unit, odds)

    z = normal_quantile(level)

    def estimate(value: float, variance: float) -> Estimate:
        patients = chance.size if unit is None else int(unit.max()) + 1
        half = (z if unit is None else float(stdtrit(patients - 1, (1.0 + level) / 2.0))) * math.sqrt(variance)
        method = "Wald" if unit is None else "Wald, sandwich variance (clustered by patient), Student t"
        return Estimate(value, value - half, value + half, level, chance.size, patients, method)

    return Recalibration(
        slope=estimate(float(both[1]), float(of_both[1, 1])),
        intercept=estimate(float(both[0]), float(of_both[0, 0])),
        in_the_large=estimate(float(large[0]), float(of_large[0, 0])),
    )


def _weighted_mean(values: Floats) -> Statistic:
    def statistic(weights: Weights) -> Floats:
        matrix = checks.weight_matrix(weights, values.size)
        total = matrix.sum(axis=1)
        return ratio(matrix @ values, total)

    return statistic


def brier_scores(probability: ArrayLike, label: ArrayLike) -> Floats:
    """Squared error of each case, (n,); their mean is the Brier score."""
    chance, positive = _given(probability, label)
    scores: Floats = (chance - positive) ** 2
    return scores


def log_losses(probability: ArrayLike, label: ArrayLike) -> Floats:
    """Negative log likelihood of each case in nats, (n,), probabilities held to [CLIP, 1 - CLIP]."""
    chance, positive = _given(probability, label)
    held = np.clip(chance, CLIP, 1.0 - CLIP)
    losses: Floats = -np.log(np.where(positive, held, 1.0 - held))
    return losses


def brier_statistic(probability: ArrayLike, label: ArrayLike) -> Statistic:
    """Brier score as a function of weights."""
    return _weighted_mean(brier_scores(probability, label))


def log_loss_statistic(probability: ArrayLike, label: ArrayLike) -> Statistic:
    """Log loss as a function of weights."""
    return _weighted_mean(log_losses(probability, label))


def bins(probability: ArrayLike, kind: Bins = "equal_width", count: int = 10) -> Integers:
    """Number of each case's bin, (n,): tenths of [0, 1], or of the sorted predictions with ties kept together.

    Raises:
        StatisticsError: Fewer than one bin, values outside [0, 1].
    """
    chance = checks.probabilities(probability)
    if count < 1:
        message = f"{count} bins were asked for; give at least 1 (10 are usual)."
        raise StatisticsError(message)
    if kind == "equal_width":
        return np.minimum((chance * count).astype(np.int64), count - 1)
    edges = np.unique(np.quantile(chance, np.arange(1, count) / count))
    return np.searchsorted(edges, chance, side="right").astype(np.int64)


def ece_statistic(probability: ArrayLike, label: ArrayLike, kind: Bins = "equal_width", count: int = 10) -> Statistic:
    """Expected calibration error over named bins as a function of weights; the bins are fixed on the sample.

    The share-weighted mean of |observed - predicted| over bins. It is biased upwards in small samples and depends on
    the bins, so the bins belong beside every value.

    Raises:
        StatisticsError: Fewer than one bin, values outside [0, 1], wrong shapes.
    """
    chance, positive = _given(probability, label)
    number = bins(chance, kind, count)
    gaps = np.zeros((chance.size, int(number.max()) + 1))
    gaps[np.arange(chance.size), number] = positive - chance

    def statistic(weights: Weights) -> Floats:
        matrix = checks.weight_matrix(weights, positive.size)
        total = matrix.sum(axis=1)
        error = np.abs(matrix @ gaps).sum(axis=1)
        return ratio(error, total)

    return statistic
