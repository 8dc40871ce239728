"""Measures of predicted numbers."""

from collections.abc import Callable, Sequence

import numpy as np

from bedside.endpoints.measure import Contributions, Measure, Statistic
from bedside.endpoints.ratio import divided, mean, one_row_a_case
from bedside.stats import checks
from bedside.stats.roc import blocks
from bedside.types import Floats, Integers, Weights

_INFINITY = float("inf")
_NO_SPREAD = 1e-12
"""A weighted variance below this share of the largest square is rounding error: the numbers are all the same."""

NumberMeasure = Measure[float, float]


def numbers(values: Sequence[float], name: str) -> Floats:
    """Numbers as an array, shape (n,); raises StatisticsError for NaN or infinity."""
    return checks.finite(np.asarray(values, dtype=np.float64), name)


def continuous_measures(unit: str) -> tuple[NumberMeasure, ...]:
    """All measures, errors in `unit`."""
    unit = f", {unit}" if unit else ""
    return (
        _of_errors(("rmse", f"Root mean squared error{unit}"), "squared_error", np.square, _root_mean),
        _of_errors(("mae", f"Mean absolute error{unit}"), "absolute_error", np.abs, mean),
        _of_pairs("r2", "R squared", r_squared, higher_is_better=True, bounds=(-_INFINITY, 1.0)),
        _of_pairs(
            "spearman", "Spearman correlation", spearman, higher_is_better=True, bounds=(-1.0, 1.0), pooled=False
        ),
        _of_errors(("bias", f"Bias (predicted minus observed){unit}"), "error", np.positive, mean, target=0.0),
        _of_pairs("calibration_slope", "Calibration slope", calibration_slope, target=1.0),
        _of_pairs("calibration_intercept", f"Calibration intercept{unit}", calibration_intercept, target=0.0),
    )


def _of_errors(
    names: tuple[str, str],
    column: str,
    loss: Callable[[Floats], Floats],
    statistic: Callable[[Floats], Statistic],
    *,
    target: float | None = None,
) -> NumberMeasure:
    """A measure of predicted minus observed: lower is better, unless it has a target."""
    name, label = names
    return Measure(
        name=name,
        label=label,
        columns=(column,),
        contribute=lambda outcomes, predictions: one_row_a_case(
            loss(numbers(predictions, "prediction") - numbers(outcomes, "outcome"))
        ),
        statistic=statistic,
        higher_is_better=False if target is None else None,
        target=target,
        bounds=(0.0 if target is None else -_INFINITY, _INFINITY),
    )


def _of_pairs(
    name: str,
    label: str,
    statistic: Callable[[Floats], Statistic],
    *,
    higher_is_better: bool | None = None,
    target: float | None = None,
    bounds: tuple[float, float] = (-_INFINITY, _INFINITY),
    pooled: bool = True,
) -> NumberMeasure:
    return Measure(
        name=name,
        label=label,
        columns=("observed", "predicted"),
        contribute=_observed_and_predicted,
        statistic=statistic,
        higher_is_better=higher_is_better,
        target=target,
        bounds=bounds,
        pooled=pooled,
    )


def _observed_and_predicted(outcomes: Sequence[float], predictions: Sequence[float]) -> Contributions:
    return one_row_a_case(numbers(outcomes, "outcome"), numbers(predictions, "prediction"))


def _root_mean(rows: Floats) -> Statistic:
    squared = mean(rows)
    return lambda weights: np.sqrt(squared(weights))


class _Moments:
    """Weighted means, variances and covariance of pairs for many replicates, by one matrix product.

    Numbers are centred beforehand, so that sums of squares do not cancel.
    """

    def __init__(self, rows: Floats) -> None:
        self.centre = rows.mean(axis=0)
        centred = rows - self.centre
        y, p = centred.T
        self.columns = np.column_stack([np.ones_like(y), y, p, y * y, p * p, y * p, (y - p) ** 2])
        # Rounding of the numbers themselves, and of sums of their centred squares.
        self.smallest = (_NO_SPREAD * np.abs(rows).max(axis=0)) ** 2 + _NO_SPREAD * np.abs(centred).max(axis=0) ** 2

    def __call__(self, weights: Weights) -> tuple[Floats, ...]:
        """Means of y and p, variances of y and p (NaN where there is none), covariance, mean squared difference.

        Means and the difference are of the centred numbers.
        """
        sums = weights @ self.columns
        y, p, yy, pp, yp, gap = divided(sums[:, 1:], sums[:, :1]).T
        return y, p, _spread(yy - y * y, self.smallest[0]), _spread(pp - p * p, self.smallest[1]), yp - y * p, gap


def _spread(variance: Floats, smallest: float) -> Floats:
    return np.where(variance > smallest, variance, np.nan)


def r_squared(rows: Floats) -> Statistic:
    """1 - residual / total sum of squares, about the mean of the judged cases; NaN where all outcomes are the same."""
    moments = _Moments(rows)
    offset = float(moments.centre[0] - moments.centre[1])

    def statistic(weights: Weights) -> Floats:
        y, p, of_outcome, _, _, gap = moments(weights)
        squared_error = gap + 2.0 * offset * (y - p) + offset**2
        explained: Floats = 1.0 - squared_error / of_outcome
        return explained

    return statistic


def calibration_slope(rows: Floats) -> Statistic:
    """Slope of the least-squares line of observed on predicted; NaN where all predictions are the same."""
    moments = _Moments(rows)

    def statistic(weights: Weights) -> Floats:
        _, _, _, of_prediction, covariance, _ = moments(weights)
        return covariance / of_prediction

    return statistic


def calibration_intercept(rows: Floats) -> Statistic:
    """Intercept of the least-squares line of observed on predicted; NaN where all predictions are the same."""
    moments = _Moments(rows)

    def statistic(weights: Weights) -> Floats:
        y, p, _, of_prediction, covariance, _ = moments(weights)
        intercept: Floats = y + moments.centre[0] - covariance / of_prediction * (p + moments.centre[1])
        return intercept

    return statistic


def spearman(rows: Floats) -> Statistic:
    """Spearman's rank correlation, ties at their mean rank; NaN where either side is all the same.

    A row of weight w counts as w rows, so ranks are taken anew in each replicate; rows are sorted once.
    """
    ranks = [_weighted_ranks(rows[:, k]) for k in range(2)]
    m = len(rows)

    def statistic(weights: Weights) -> Floats:
        found = np.full(len(weights), np.nan)
        for block in blocks(len(weights), m):
            part = weights[block]
            total = part.sum(axis=1, keepdims=True)
            share = divided(part, total)
            middle = (total + 1.0) / 2.0
            y, p = (rank(part) - middle for rank in ranks)
            of_y, of_p = (np.einsum("ij,ij,ij->i", share, side, side) for side in (y, p))
            both = np.einsum("ij,ij,ij->i", share, y, p)
            spread = _NO_SPREAD * total[:, 0] ** 2
            usable = (of_y > spread) & (of_p > spread)
            np.divide(both, np.sqrt(of_y * of_p, out=np.ones_like(both), where=usable), out=found[block], where=usable)
        np.clip(found, -1.0, 1.0, out=found)
        return found

    return statistic


def _weighted_ranks(values: Floats) -> Callable[[Weights], Floats]:
    """Mean ranks under weights: weight below, plus half of the weight tied with it and a half."""
    order: Integers = np.argsort(values, kind="stable")
    ordered = values[order]
    first = np.searchsorted(ordered, values, side="left")
    last = np.searchsorted(ordered, values, side="right")

    def ranks(weights: Weights) -> Floats:
        running = np.zeros((weights.shape[0], order.size + 1))
        np.cumsum(weights[:, order], axis=1, out=running[:, 1:])
        found: Floats = 0.5 * (running[:, first] + running[:, last] + 1.0)
        return found

    return ranks
