"""The smooth calibration curve and what is read from it: ICI, E50, E90; and observed frequency by bins.

The curve is a logistic regression of the outcome on a restricted cubic spline (not loess) of the logit of the
prediction. Sources: Austin and Steyerberg 2019, Stat Med 38:4051 (ICI, E50, E90); Harrell 2015, Regression Modeling
Strategies, section 2.4 (spline, placing of knots).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from bedside.errors import StatisticsError
from bedside.stats import checks, logistic
from bedside.stats.calibration import Bins, bins, log_odds
from bedside.stats.interval import normal_quantile
from bedside.stats.proportion import clustered_wilson, weighted_wilson, wilson
from bedside.stats.roc import Statistic, blocks
from bedside.types import Booleans, Floats, Integers, Weights

_KNOTS = {3: (0.1, 0.5, 0.9), 4: (0.05, 0.35, 0.65, 0.95)}
"""Quantiles at which Harrell places knots."""

FEW = 100
"""Below so many cases three knots instead of four."""


def spline(x: Floats, knots: Floats) -> Floats:
    """Restricted cubic spline basis without intercept, (m, len(knots) - 1); linear beyond the outer knots."""
    last, before, span = knots[-1], knots[-2], (knots[-1] - knots[0]) ** 2

    def cube(at: float) -> Floats:
        return np.asarray(np.maximum(x - at, 0.0) ** 3, dtype=np.float64)

    columns = [x]
    for knot in knots[:-2]:
        tail = cube(before) * (last - knot) - cube(last) * (before - knot)
        columns.append((cube(knot) - tail / (last - before)) / span)
    return np.column_stack(columns)


def _design(odds: Floats) -> Floats:
    """Ones and the spline; a straight line where the predictions take too few values for distinct knots."""
    knots = np.quantile(odds, _KNOTS[3 if odds.size < FEW else 4])
    curved = np.unique(odds).size >= 10 and np.all(np.diff(knots) > 1e-6)
    basis = spline(odds, knots) if curved else odds[:, None]
    return np.column_stack([np.ones(odds.size), basis])


class CalibrationError(NamedTuple):
    """Distances between the smooth curve and the prediction, over cases."""

    ici: float
    e50: float
    e90: float


def calibration_error(probability: ArrayLike, label: ArrayLike) -> CalibrationError:
    """Mean (ICI), median (E50) and 90th percentile (E90) of |smooth observed - predicted|.

    Raises:
        StatisticsError: One class, or a curve without a finite fit (separated classes, equal predictions).
    """
    chance = checks.probabilities(probability)
    positive = checks.labels(label, chance.size)
    checks.two_classes(positive)
    everyone = np.ones((1, chance.size))
    values = [float(make(chance, positive)(everyone)[0]) for make in (ici_statistic, e50_statistic, e90_statistic)]
    if not np.isfinite(values).all():
        message = (
            "The smooth calibration curve has no finite fit: all predictions are equal, or they separate the two "
            "outcome classes perfectly."
        )
        raise StatisticsError(message)
    return CalibrationError(*values)


def ici_statistic(probability: ArrayLike, label: ArrayLike) -> Statistic:
    """Integrated calibration index as a function of weights; the curve is fitted anew in every replicate.

    An absolute distance: its replicates are shifted upwards and a percentile interval does not hold 0.
    """
    return _error_statistic(probability, label, None)


def e50_statistic(probability: ArrayLike, label: ArrayLike) -> Statistic:
    """Median absolute distance to the smooth curve as a function of weights."""
    return _error_statistic(probability, label, 0.5)


def e90_statistic(probability: ArrayLike, label: ArrayLike) -> Statistic:
    """90th percentile of the absolute distance to the smooth curve as a function of weights."""
    return _error_statistic(probability, label, 0.9)


def _error_statistic(probability: ArrayLike, label: ArrayLike, quantile: float | None) -> Statistic:
    chance = checks.probabilities(probability)
    positive = checks.labels(label, chance.size)
    design = _design(log_odds(chance))

    def statistic(weights: Weights) -> Floats:
        matrix = checks.weight_matrix(weights, positive.size)
        coefficients = logistic.fit(design, positive, matrix)
        value = np.full(matrix.shape[0], np.nan)
        for block in blocks(matrix.shape[0], positive.size):
            distance = np.abs(logistic.chances(coefficients[block] @ design.T) - chance)
            part = matrix[block]
            if quantile is None:
                value[block] = np.einsum("ij,ij->i", part, distance) / part.sum(axis=1).clip(1e-300)
            else:
                value[block] = _weighted_quantile(distance, part, quantile)
        value[~np.isfinite(coefficients).all(axis=1)] = np.nan
        return value

    return statistic


def _weighted_quantile(values: Floats, weights: Floats, quantile: float) -> Floats:
    """The smallest value whose cumulative weight reaches the share, row by row."""
    order = np.argsort(values, axis=1)
    reached = np.cumsum(np.take_along_axis(weights, order, axis=1), axis=1)
    first = np.argmax(reached >= quantile * reached[:, -1:] - 1e-9, axis=1)
    return np.take_along_axis(values, np.take_along_axis(order, first[:, None], axis=1), axis=1)[:, 0]


class SmoothCurve(NamedTuple):
    """A smooth calibration curve with pointwise limits."""

    predicted: Floats
    observed: Floats
    low: Floats
    high: Floats


def smooth_curve(
    probability: ArrayLike,
    label: ArrayLike,
    points: int = 100,
    level: float = 0.95,
    cluster: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> SmoothCurve:
    """The smooth calibration curve from the 1st to the 99th percentile of the predictions.

    Limits are Wald's on the logit scale, with the sandwich variance over patients when `cluster` is given, and over
    cases when only `weights` are.

    Raises:
        StatisticsError: One class, or no finite fit.
    """
    chance = checks.probabilities(probability)
    positive = checks.labels(label, chance.size)
    checks.two_classes(positive)
    odds = log_odds(chance)
    design = _design(odds)
    stand = None if weights is None else checks.finite(weights, "weights", chance.size)
    everyone = np.ones((1, chance.size)) if stand is None else stand[None, :]
    coefficients = logistic.fit(design, positive, everyone)[0]
    if not np.isfinite(coefficients).all():
        message = "The smooth calibration curve has no finite fit (equal predictions, or classes perfectly separated)."
        raise StatisticsError(message)
    unit = None if cluster is None else checks.codes(cluster, "cluster", chance.size)
    spread = logistic.covariance(design, positive, coefficients, unit, weights=stand)
    low, high = np.quantile(odds, (0.01, 0.99))
    grid = np.linspace(low, high, points)
    curved = design.shape[1] > 2
    knots = np.quantile(odds, _KNOTS[3 if odds.size < FEW else 4])
    rows = np.column_stack([np.ones(points), spline(grid, knots) if curved else grid])
    centre = rows @ coefficients
    half = normal_quantile(level) * np.sqrt(np.einsum("ij,jk,ik->i", rows, spread, rows))
    made = logistic.chances
    return SmoothCurve(made(grid), made(centre), made(centre - half), made(centre + half))


class Reliability(NamedTuple):
    """Observed frequency by bin of prediction, empty bins left out."""

    predicted: Floats
    observed: Floats
    low: Floats
    high: Floats
    cases: Integers


def reliability(
    probability: ArrayLike,
    label: ArrayLike,
    kind: Bins = "equal_count",
    count: int = 10,
    level: float = 0.95,
    cluster: ArrayLike | None = None,
    *,
    weights: ArrayLike | None = None,
) -> Reliability:
    """Mean prediction and observed frequency in each bin, Wilson limits (clustered where patients repeat).

    With weights both are weighted, and limits are those of the effective sample size.

    A bin whose cases all come from one patient keeps the limits of one case, for that is what it holds.

    Raises:
        StatisticsError: Values outside [0, 1], wrong shapes.
    """
    chance = checks.probabilities(probability)
    positive = checks.labels(label, chance.size)
    unit = None if cluster is None else checks.codes(cluster, "cluster", chance.size)
    number = bins(chance, kind, count)
    stand = None if weights is None else checks.finite(weights, "weights", chance.size)
    found = []
    for each in np.unique(number):
        inside = np.flatnonzero(number == each)
        if stand is not None:
            shown = weighted_wilson(positive[inside], stand[inside], level, None if unit is None else unit[inside])
            told = float(np.average(chance[inside], weights=stand[inside]))
            found.append((told, *shown, float(inside.size)))
            continue
        low, high = _bin_limits(positive[inside], None if unit is None else unit[inside], level)
        found.append((float(chance[inside].mean()), float(positive[inside].mean()), low, high, float(inside.size)))
    table = np.array(found)
    return Reliability(table[:, 0], table[:, 1], table[:, 2], table[:, 3], table[:, 4].astype(np.int64))


def _bin_limits(positive: Booleans, unit: Integers | None, level: float) -> tuple[float, float]:
    if unit is None:
        limits = wilson(int(positive.sum()), positive.size, level)
        return limits.low, limits.high
    if np.unique(unit).size < 2:
        limits = wilson(float(positive.mean()), 1, level)
        return limits.low, limits.high
    clustered = clustered_wilson(positive, unit, level)
    return clustered.low, clustered.high
