"""Intervals of a proportion: sensitivity, specificity, accuracy, predictive values.

Sources: Wilson 1927, J Am Stat Assoc 22:209; Clopper and Pearson 1934, Biometrika 26:404; Rao and Scott 1992,
Biometrics 48:577 and Korn and Graubard 1998, Survey Methodology 24:193 (clusters: effective sample size).
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaincinv, stdtrit

from bedside.errors import StatisticsError
from bedside.stats import checks
from bedside.stats.interval import Limits, normal_quantile
from bedside.types import Booleans, Floats, Integers


def _counts(successes: float, n: float) -> None:
    if not (n > 0 and 0 <= successes <= n):
        message = (
            f"{successes:g} successes among {n:g} cases is no proportion; 0 <= successes <= n and n > 0 are needed."
        )
        raise StatisticsError(message)


def wilson(successes: float, n: float, level: float = 0.95) -> Limits:
    """Wilson's score interval of successes / n; never zero width, never outside [0, 1].

    Args:
        successes: Number of successes; not a whole number when the sample is an effective one.
        n: Number of cases.
        level: Nominal coverage.

    Raises:
        StatisticsError: No cases, more successes than cases.
    """
    _counts(successes, n)
    return Limits(*_score(successes / n, n, normal_quantile(level)), "Wilson score")


class WeightedShare(NamedTuple):
    """A share of weighted cases with its limits."""

    value: float
    low: float
    high: float


def weighted_wilson(
    success: Booleans, weights: Floats, level: float = 0.95, cluster: Integers | None = None
) -> WeightedShare:
    """Share of weighted cases with Wilson's limits for as many unweighted ones as would be worth as much.

    That number is (sum of weights) squared over the sum of squares, the weights of one patient's cases added up first
    (Kish 1965, Survey Sampling, section 11.7): all cases of a patient are then taken to be alike, which is cautious.

    Raises:
        StatisticsError: No weight.
    """
    sums = weights if cluster is None else np.bincount(cluster, weights=weights)
    total, squares = float(weights.sum()), float(np.square(sums).sum())
    worth = total**2 / squares if squares > 0 else 0.0
    _counts(0.0, worth)
    share = min(1.0, float(weights[success].sum()) / total)
    low, high = _score(share, worth, normal_quantile(level))
    return WeightedShare(share, low, high)


def _score(p: float, n: float, quantile: float) -> tuple[float, float]:
    square = quantile**2
    centre = (p + square / (2.0 * n)) / (1.0 + square / n)
    half = quantile / (1.0 + square / n) * math.sqrt(p * (1.0 - p) / n + square / (4.0 * n**2))
    # At 0 and 1 the limit is that value exactly; rounding must not move it.
    return (0.0 if p == 0.0 else max(0.0, centre - half)), (1.0 if p == 1.0 else min(1.0, centre + half))


def clopper_pearson(successes: int, n: int, level: float = 0.95) -> Limits:
    """The exact binomial interval; coverage is at least the level.

    Raises:
        StatisticsError: No cases, more successes than cases.
    """
    _counts(successes, n)
    normal_quantile(level)
    tail = (1.0 - level) / 2.0
    low = 0.0 if successes == 0 else float(betaincinv(successes, n - successes + 1, tail))
    high = 1.0 if successes == n else float(betaincinv(successes + 1, n - successes, 1.0 - tail))
    return Limits(low, high, "Clopper-Pearson exact")


class ClusteredProportion(NamedTuple):
    """A proportion over cases whose patients contribute several.

    Attributes:
        value: Successes / cases.
        low, high: Limits.
        design_effect: Variance over that of as many independent cases, at least 1 here.
        cases, patients: Numbers.
        method: Words for the methods section.
    """

    value: float
    low: float
    high: float
    design_effect: float
    cases: int
    patients: int
    method: str


def clustered_wilson(success: ArrayLike, cluster: ArrayLike, level: float = 0.95) -> ClusteredProportion:
    """Wilson's interval with the effective sample size of clustered cases.

    The proportion is a ratio estimator (Rao and Scott 1992); n is divided by its design effect (not below 1), and the
    normal quantile is replaced by Student's with patients - 1 degrees of freedom (Korn and Graubard 1998). With one
    case a patient the design effect is 1 and only the quantile differs from `wilson`.

    Args:
        success: Shape (n,), 0/1 or booleans.
        cluster: Shape (n,), each case's patient.
        level: Nominal coverage.

    Raises:
        StatisticsError: Fewer than two patients, values other than 0 and 1.
    """
    hit = checks.labels(success).astype(np.float64)
    patient = checks.codes(cluster, "cluster", hit.size)
    patients = int(patient.max()) + 1
    if patients < 2:
        message = "All cases come from one patient; a clustered interval needs at least two patients."
        raise StatisticsError(message)
    value, n = float(hit.mean()), hit.size
    effect = 1.0
    if 0.0 < value < 1.0 and patients < n:
        residuals = np.bincount(patient, weights=hit - value)
        variance = patients / (patients - 1) * float(residuals @ residuals) / n**2
        effect = max(1.0, variance / (value * (1.0 - value) / n))
    elif patients < n:
        # All alike: no variance to estimate; nothing contradicts perfect correlation within patients.
        effect = n / patients
    normal_quantile(level)
    half = float(stdtrit(patients - 1, (1.0 + level) / 2.0))
    low, high = _score(value, n / effect, half)
    method = "Wilson score, effective sample size (clustered by patient)"
    return ClusteredProportion(value, low, high, effect, n, patients, method)
