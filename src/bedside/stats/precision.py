"""How many cases of the test partition make an estimate precise enough.

Sources: Riley et al. 2021, Stat Med 40:4230 (external validation of binary outcomes); Hanley and McNeil 1982, Radiology
143:29; Newcombe 2006, Stat Med 25:559; Wilson 1927.
"""

import math

from numpy.typing import ArrayLike
from scipy.optimize import brentq

from bedside.errors import StatisticsError
from bedside.stats import checks
from bedside.stats.interval import normal_quantile
from bedside.stats.logistic import chances
from bedside.stats.sample_size import between, smallest


def auroc_error(auroc: float, positives: float, negatives: float) -> float:
    """Standard error of an AUROC before the data are seen (Hanley and McNeil 1982, as modified by Newcombe 2006).

    Raises:
        StatisticsError: An AUROC outside (0, 1), fewer than one case of a class.
    """
    between(auroc, "AUROC")
    if min(positives, negatives) < 1:
        message = f"{positives:g} positive and {negatives:g} negative cases; at least one of each is needed."
        raise StatisticsError(message)
    half = (positives + negatives) / 2.0 - 1.0
    shape = 1.0 + half * (1.0 - auroc) / (2.0 - auroc) + half * auroc / (1.0 + auroc)
    return math.sqrt(auroc * (1.0 - auroc) * shape / (positives * negatives))


def cases_for_auroc(auroc: float, prevalence: float, width: float, level: float = 0.95) -> int:
    """Patients in the test partition for an AUROC interval of this width.

    Raises:
        StatisticsError: A value outside its range.
    """
    between(prevalence, "Prevalence")
    between(width, "Width of the interval")
    half = normal_quantile(level)
    least = math.ceil(1.0 / min(prevalence, 1.0 - prevalence))

    def narrow(n: int) -> bool:
        return 2.0 * half * auroc_error(auroc, n * prevalence, n * (1.0 - prevalence)) <= width

    return smallest(least, narrow)


def cases_for_observed_expected(prevalence: float, width: float, level: float = 0.95) -> int:
    """Patients in the test partition for an interval of observed / expected, at 1, of this width.

    Raises:
        StatisticsError: A value outside its range.
    """
    between(prevalence, "Prevalence")
    between(width, "Width of the interval", 0.0, 10.0)
    error = math.asinh(width / 2.0) / normal_quantile(level)
    return math.ceil((1.0 - prevalence) / (prevalence * error**2) - 1e-9)


def cases_for_slope(linear_predictor: ArrayLike, width: float, level: float = 0.95) -> int:
    """Patients in the test partition for a calibration-slope interval, at 1, of this width.

    Args:
        linear_predictor: Logits of predictions in patients like those to come, e.g. the tuning partition.
        width: Of the interval.
        level: Nominal coverage.

    Raises:
        StatisticsError: Fewer than two different values, a width that is not positive.
    """
    odds = checks.finite(linear_predictor, "linear predictor")
    between(width, "Width of the interval", 0.0, 10.0)
    risk = chances(odds)
    information = risk * (1.0 - risk)
    a, b, c = float(information.mean()), float((information * odds).mean()), float((information * odds**2).mean())
    free = a * c - b**2
    if free <= 1e-12:
        message = "The linear predictor does not vary; a calibration slope cannot be estimated at any size."
        raise StatisticsError(message)
    error = width / (2.0 * normal_quantile(level))
    return math.ceil(a / (error**2 * free) - 1e-9)


def cases_for_share(share: float, width: float, level: float = 0.95) -> int:
    """Cases for a Wilson interval of this width around a sensitivity, specificity or accuracy.

    Divide by the prevalence (or one minus it) for patients of a test partition.

    Raises:
        StatisticsError: A value outside its range.
    """
    between(width, "Width of the interval")
    if not 0.0 <= share <= 1.0:
        message = f"The share is {share!r}; a number in [0, 1] is needed."
        raise StatisticsError(message)
    z = normal_quantile(level)

    def excess(n: float) -> float:
        return 2.0 * z / (1.0 + z**2 / n) * math.sqrt(share * (1.0 - share) / n + z**2 / (4.0 * n**2)) - width

    return max(1, math.ceil(float(brentq(excess, 1e-6, 1e12)) - 1e-9)) if excess(1e-6) > 0 else 1
