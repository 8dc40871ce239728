"""Means over cases whose patients may repeat: Brier score, log loss, errors, differences of benefit.

Sources: Student 1908, Biometrika 6:1; Liang and Zeger 1986, Biometrika 73:13 (variance of sums within clusters).
"""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr, stdtrit

from bedside.errors import StatisticsError
from bedside.stats import checks
from bedside.stats.interval import Contrast, Limits, normal_quantile


def mean_error(values: ArrayLike, cluster: ArrayLike | None = None) -> tuple[float, float, int]:
    """Mean over cases, its standard error and the number of independent units (patients, or cases).

    Raises:
        StatisticsError: Fewer than two units, values that are not finite.
    """
    numbers = checks.finite(values, "values")
    unit = np.arange(numbers.size) if cluster is None else checks.codes(cluster, "cluster", numbers.size)
    units = int(unit.max()) + 1
    if units < 2:
        message = f"{numbers.size} cases of {units} patient give no standard error; at least two patients are needed."
        raise StatisticsError(message)
    value = float(numbers.mean())
    sums = np.bincount(unit, weights=numbers - value)
    return value, math.sqrt(units / (units - 1) * float(sums @ sums)) / numbers.size, units


def mean_interval(values: ArrayLike, level: float = 0.95, cluster: ArrayLike | None = None) -> Limits:
    """Student's interval of a mean, patients being the independent units.

    Raises:
        StatisticsError: See `mean_error`, and when all values are equal, which says nothing about their spread.
    """
    normal_quantile(level)
    value, error, units = mean_error(values, cluster)
    if error <= 1e-14 * max(1.0, abs(value)):
        message = f"All {units} units have the same value, so its interval cannot be estimated from them."
        raise StatisticsError(message)
    half = float(stdtrit(units - 1, (1.0 + level) / 2.0)) * error
    return Limits(value - half, value + half, "Student t" if cluster is None else "Student t, clustered by patient")


def mean_test(differences: ArrayLike, level: float = 0.95, cluster: ArrayLike | None = None) -> Contrast:
    """Paired t test of per-case differences, patients being the independent units.

    Raises:
        StatisticsError: See `mean_error`, and when all differences equal one non-zero number.
    """
    normal_quantile(level)
    value, error, units = mean_error(differences, cluster)
    method = "paired t" if cluster is None else "paired t, clustered by patient"
    if error <= 1e-14 * max(1.0, abs(value)):
        if value != 0.0:
            message = f"All {units} units differ by the same amount; a t test is not defined."
            raise StatisticsError(message)
        return Contrast(0.0, 0.0, 0.0, 1.0, f"{method}; no difference in any case")
    half = float(stdtrit(units - 1, (1.0 + level) / 2.0)) * error
    p = 2.0 * float(stdtr(units - 1, -abs(value) / error))
    return Contrast(value, value - half, value + half, p, method)
