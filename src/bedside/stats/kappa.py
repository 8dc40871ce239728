"""Cohen's kappa of two raters: plain, linear or quadratic weights.

Sources: Cohen 1960, Educ Psychol Meas 20:37 and 1968, Psychol Bull 70:213; Fleiss, Cohen and Everitt 1969, Psychol
Bull 72:323 (standard errors); Yang and Zhou 2014, Stat Med 33:4425 (clusters).
"""

import math
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, stdtrit

from bedside.errors import StatisticsError
from bedside.stats import checks
from bedside.stats.estimate import Estimate
from bedside.stats.interval import normal_quantile
from bedside.stats.proportion import wilson
from bedside.stats.roc import Statistic
from bedside.types import Floats, Integers, Weights

Weighting: TypeAlias = Literal["none", "linear", "quadratic"]


class Kappa(NamedTuple):
    """Kappa of a table.

    Attributes:
        value: Kappa.
        error: Asymptotic standard error, for intervals.
        null_error: Standard error under no agreement beyond chance, for the test.
        p: Two-sided p value of that test.
        observed, expected: (Weighted) agreement seen, and expected by chance.
        cases: Number of cases.
    """

    value: float
    error: float
    null_error: float
    p: float
    observed: float
    expected: float
    cases: int


def credit(categories: int, weighting: Weighting) -> Floats:
    """How much agreement each pair of categories counts, (k, k): 1 on the diagonal."""
    apart = np.abs(np.subtract.outer(np.arange(categories), np.arange(categories))).astype(np.float64)
    if weighting == "none":
        return np.eye(categories)
    scaled = apart / max(categories - 1, 1)
    return 1.0 - (scaled if weighting == "linear" else scaled**2)


def kappa_table(table: ArrayLike, weighting: Weighting = "none") -> Kappa:
    """Kappa of a square table of counts, rows the first rater, columns the second.

    Raises:
        StatisticsError: Not square, negative or no counts, or both raters used one and the same category only.
    """
    counts = np.asarray(table, dtype=np.float64)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
        message = f"The table has shape {counts.shape}; give a square table, the same categories for both raters."
        raise StatisticsError(message)
    if not np.isfinite(counts).all() or counts.min() < 0 or counts.sum() <= 0:
        message = "The table holds negative, missing or no counts; give the number of cases in each cell."
        raise StatisticsError(message)
    n = float(counts.sum())
    share, worth = counts / n, credit(counts.shape[0], weighting)
    observed, expected, per_cell = _parts(share, worth)
    if expected >= 1.0 - 1e-12:
        message = "Both raters used one and the same category throughout; kappa is 0 / 0. Report percent agreement."
        raise StatisticsError(message)
    value = (observed - expected) / (1.0 - expected)
    error = math.sqrt(max(0.0, float((share * per_cell**2).sum())) / n)
    rows, columns = share.sum(axis=1), share.sum(axis=0)
    shift = worth - (worth @ columns)[:, None] - (rows @ worth)[None, :]
    under_null = max(0.0, float((np.outer(rows, columns) * shift**2).sum()) - expected**2)
    null_error = math.sqrt(under_null / n) / (1.0 - expected)
    p = 2.0 * float(ndtr(-abs(value) / null_error)) if null_error > 0 else 1.0
    return Kappa(value, error, null_error, p, observed, expected, round(n))


def _parts(share: Floats, worth: Floats) -> tuple[float, float, Floats]:
    """Observed and expected agreement, and the influence of a case in each cell on kappa."""
    rows, columns = share.sum(axis=1), share.sum(axis=0)
    observed, expected = float((share * worth).sum()), float(rows @ worth @ columns)
    spare = 1.0 - expected
    margins = (worth @ columns)[:, None] + (rows @ worth)[None, :]
    if spare <= 1e-12:
        return observed, expected, np.zeros_like(share)
    centre = observed * expected - 2.0 * expected + observed
    influence: Floats = (worth * spare - margins * (1.0 - observed) - centre) / spare**2
    return observed, expected, influence


def _ratings(first: ArrayLike, second: ArrayLike, categories: int) -> tuple[Integers, Integers]:
    one = checks.finite(first, "first rating")
    two = checks.finite(second, "second rating", one.size)
    both = np.concatenate([one, two])
    if categories < 2 or (both != np.floor(both)).any() or both.min() < 0 or both.max() >= categories:
        message = (
            f"Ratings run from {both.min():g} to {both.max():g} with {categories} categories; give whole numbers "
            "0 ... categories - 1, at least two categories."
        )
        raise StatisticsError(message)
    return one.astype(np.int64), two.astype(np.int64)


def cohen_kappa(
    first: ArrayLike,
    second: ArrayLike,
    categories: int,
    weighting: Weighting = "none",
    *,
    level: float = 0.95,
    cluster: ArrayLike | None = None,
) -> Estimate:
    """Kappa of two raters of the same cases, with interval.

    Limits on Fisher's z scale with Student's quantile and the asymptotic error of Fleiss, Cohen and Everitt, summed
    within patients where `cluster` is given: plain Wald limits cover too little in small samples with good agreement.
    Where the error vanishes (perfect agreement) Wilson's limits of the agreement carried over to kappa, so that the
    width is never zero.

    Args:
        first: Shape (n,), category numbers in their order.
        second: The same cases by the second rater.
        categories: How many categories the scale has, used or not.
        weighting: Credit for near agreement.
        level: Nominal coverage.
        cluster: Shape (n,), each case's patient.

    Raises:
        StatisticsError: Ratings outside the scale, different lengths, one category used throughout.
    """
    one, two = _ratings(first, second, categories)
    table = np.bincount(one * categories + two, minlength=categories**2).reshape(categories, categories)
    found = kappa_table(table, weighting)
    normal_quantile(level)
    unit = np.arange(one.size) if cluster is None else checks.codes(cluster, "cluster", one.size)
    patients = int(unit.max()) + 1
    if patients < 2:
        message = f"{one.size} cases of {patients} patient give no interval; at least two patients are needed."
        raise StatisticsError(message)
    _, _, influence = _parts(table / one.size, credit(categories, weighting))
    sums = np.bincount(unit, weights=influence[one, two])
    error = math.sqrt(patients / (patients - 1) * float(sums @ sums)) / one.size
    method = "Fisher's z, error of Fleiss, Cohen and Everitt" + ("" if cluster is None else ", clustered by patient")
    if error <= 1e-12 or abs(found.value) >= 1.0:
        limits = wilson(found.observed * patients, patients, level)
        low, high = ((limit - found.expected) / (1.0 - found.expected) for limit in (limits.low, limits.high))
        method = "Wilson limits of the agreement"
    else:
        half = float(stdtrit(patients - 1, (1.0 + level) / 2.0)) * error / (1.0 - found.value**2)
        low, high = math.tanh(math.atanh(found.value) - half), math.tanh(math.atanh(found.value) + half)
    return Estimate(found.value, max(-1.0, low), min(1.0, high), level, one.size, patients, method)


def kappa_statistic(first: ArrayLike, second: ArrayLike, categories: int, weighting: Weighting = "none") -> Statistic:
    """Kappa as a function of weights; NaN where both raters use one category in a replicate.

    Raises:
        StatisticsError: Ratings outside the scale, different lengths.
    """
    one, two = _ratings(first, second, categories)
    worth = credit(categories, weighting)
    cells = np.zeros((one.size, categories**2))
    cells[np.arange(one.size), one * categories + two] = 1.0

    def statistic(weights: Weights) -> Floats:
        tables = (checks.weight_matrix(weights, one.size) @ cells).reshape(-1, categories, categories)
        total = tables.sum(axis=(1, 2))
        share = tables / np.where(total > 0, total, 1.0)[:, None, None]
        observed = (share * worth).sum(axis=(1, 2))
        expected = np.einsum("bi,ij,bj->b", share.sum(axis=2), worth, share.sum(axis=1))
        out = np.full(total.size, np.nan)
        np.divide(observed - expected, 1.0 - expected, out=out, where=(total > 0) & (expected < 1.0 - 1e-12))
        return out

    return statistic
