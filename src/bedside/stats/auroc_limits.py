"""Limits and tests of AUROCs once their variance is known, and what to do where it vanishes.

Sources: Pepe 2003, The Statistical Evaluation of Medical Tests, section 5.2 (logit scale); Newcombe 2006, Stat Med
25:559, method 5 (score-type interval); Zou and Donner 2008, Stat Med 27:1693 (limits of a difference).
"""

import math
from collections.abc import Callable

from scipy.optimize import brentq
from scipy.special import expit, logit, ndtr

from bedside.errors import StatisticsError
from bedside.stats.interval import Contrast, Limits, normal_quantile
from bedside.types import Floats


def newcombe_interval(auroc: float, positives: float, negatives: float, level: float = 0.95) -> Limits:
    """Score-type interval of an AUROC from the numbers of cases alone (Newcombe 2006, method 5).

    Never of zero width, also at 0 and 1. Solves |auroc - t| = z sqrt(var(t)) for t, where var is Hanley and McNeil's
    (1982) with both sample sizes in its correction replaced by their mean.

    Raises:
        StatisticsError: A value outside [0, 1] or a class without cases.
    """
    if not 0.0 <= auroc <= 1.0 or min(positives, negatives) < 1:
        message = f"An AUROC of {auroc:g} with {positives:g} positive and {negatives:g} negative cases has no interval."
        raise StatisticsError(message)
    half = normal_quantile(level)
    mean_size = 0.5 * (positives + negatives)

    scale = half**2 / (positives * negatives)

    def shape(value: float) -> float:
        return 1.0 + (mean_size - 1.0) * ((1.0 - value) / (2.0 - value) + value / (1.0 + value))

    def excess(value: float) -> float:
        return (auroc - value) ** 2 - scale * value * (1.0 - value) * shape(value)

    if auroc in (0.0, 1.0):
        # The trivial root at the value itself is divided out; the variance is symmetric about one half.
        inner = float(brentq(lambda value: 1.0 - value - scale * value * shape(value), 0.0, 1.0))
        low, high = (inner, 1.0) if auroc == 1.0 else (0.0, 1.0 - inner)
    else:
        low, high = float(brentq(excess, 0.0, auroc)), float(brentq(excess, auroc, 1.0))
    return Limits(low, high, "score-type (Newcombe 2006, method 5)")


def logit_interval(auroc: float, variance: float, level: float) -> tuple[float, float]:
    """Wald limits on the logit scale, transformed back; the AUROC lies strictly between 0 and 1."""
    half = normal_quantile(level) * math.sqrt(variance) / (auroc * (1.0 - auroc))
    centre = float(logit(auroc))
    return float(expit(centre - half)), float(expit(centre + half))


_NO_VARIANCE = 1e-18
"""Below this a variance is rounding error; AUROCs move in steps of at least 1 / (2 m n)."""


def limits(auroc: float, variance: float, m: int, n: int, level: float, method: str) -> Limits:
    """Logit-scale limits of an AUROC; Newcombe's from m positives and n negatives where its variance vanishes."""
    if variance <= _NO_VARIANCE or not 0.0 < auroc < 1.0:
        return newcombe_interval(min(max(auroc, 0.0), 1.0), m, n, level)
    return Limits(*logit_interval(auroc, variance, level), method)


def contrast(aurocs: Floats, covariance: Floats, m: int, n: int, level: float, method: str) -> Contrast:
    """The first AUROC minus the second, with Wald limits.

    Where the variance of the difference vanishes although they differ (one learner perfect, the other constant),
    limits are Zou and Donner's from Newcombe's intervals, taken as uncorrelated, and p is the level at which they
    reach zero.
    """
    difference = float(aurocs[0] - aurocs[1])
    variance = float(covariance[0, 0] + covariance[1, 1] - 2.0 * covariance[0, 1])
    half = normal_quantile(level)
    if variance > _NO_VARIANCE:
        error = math.sqrt(variance)
        p = 2.0 * float(ndtr(-abs(difference) / error))
        low, high = max(-1.0, difference - half * error), min(1.0, difference + half * error)
        return Contrast(difference, low, high, p, method)
    if abs(difference) <= math.sqrt(_NO_VARIANCE):
        return Contrast(0.0, 0.0, 0.0, 1.0, f"{method}; both rank the cases alike")

    def recovered(at: float) -> tuple[float, float]:
        one, two = newcombe_interval(float(aurocs[0]), m, n, at), newcombe_interval(float(aurocs[1]), m, n, at)
        down = math.hypot(float(aurocs[0]) - one.low, two.high - float(aurocs[1]))
        up = math.hypot(one.high - float(aurocs[0]), float(aurocs[1]) - two.low)
        return difference - down, difference + up

    p = _level_reaching_zero(recovered)
    return Contrast(difference, *recovered(level), p, "Zou-Donner limits from score-type intervals, paired")


def _level_reaching_zero(limits: Callable[[float], tuple[float, float]]) -> float:
    """The p value of an interval procedure: one minus the level at which a limit reaches zero."""

    def product(p: float) -> float:
        low, high = limits(1.0 - p)
        return low * high

    smallest = 1e-12
    return smallest if product(smallest) >= 0.0 else float(brentq(product, smallest, 1.0 - 1e-9))
