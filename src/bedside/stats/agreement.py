"""Agreement of two or more raters on categories: percent agreement, Fleiss' kappa, Gwet's AC1.

Cohen's kappa of two raters is in `kappa`, Krippendorff's alpha in `krippendorff`, intraclass correlation in `icc`.
Sources: Fleiss 1971, Psychol Bull 76:378; Gwet 2008, Br J Math Stat Psychol 61:29 and 2021, Handbook of Inter-Rater
Reliability, 5th ed., chapter 5 (AC1; variances by linearisation, also with missing ratings).
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from bedside.errors import StatisticsError
from bedside.stats import checks
from bedside.stats.estimate import Estimate
from bedside.stats.interval import normal_quantile
from bedside.types import Booleans, Floats, Integers


def rating_counts(ratings: ArrayLike, categories: int) -> Floats:
    """Ratings (subjects, raters), NaN where missing, to counts (subjects, categories).

    Raises:
        StatisticsError: Ratings other than whole numbers 0 ... categories - 1.
    """
    table = np.asarray(ratings, dtype=np.float64)
    given = table[~np.isnan(table)]
    if table.ndim != 2 or given.size == 0:
        message = f"Ratings have shape {table.shape} with {given.size} given; (subjects, raters) is needed."
        raise StatisticsError(message)
    if (given != np.floor(given)).any() or given.min() < 0 or given.max() >= categories:
        message = (
            f"Ratings run from {given.min():g} to {given.max():g} with {categories} categories; whole numbers "
            "0 ... categories - 1 are needed."
        )
        raise StatisticsError(message)
    counts: Floats = (table[:, :, None] == np.arange(categories)).sum(axis=1).astype(np.float64)
    return counts


def _counts(counts: ArrayLike) -> Floats:
    table = np.asarray(counts, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] < 2 or not np.isfinite(table).all() or (table < 0).any():
        message = f"Counts have shape {table.shape}; (subjects, categories) of ratings is needed, none negative."
        raise StatisticsError(message)
    table = np.asarray(table[table.sum(axis=1) > 0], dtype=np.float64)
    paired = int((table.sum(axis=1) > 1).sum())
    if paired < 2:
        message = f"{paired} subjects have two or more ratings; agreement needs at least two such subjects."
        raise StatisticsError(message)
    return table


def _agreeing(table: Floats) -> tuple[Floats, Booleans]:
    """Share of agreeing pairs of raters of each subject, and which subjects have pairs."""
    raters = table.sum(axis=1)
    pairs = raters * (raters - 1.0)
    paired = pairs > 0
    agreed = (table * (table - 1.0)).sum(axis=1)
    return np.divide(agreed, pairs, out=np.zeros_like(agreed), where=paired), paired


def percent_agreement(counts: ArrayLike, level: float = 0.95, cluster: ArrayLike | None = None) -> Estimate:
    """Share of pairs of raters that agree, averaged over subjects; no correction for chance.

    Args:
        counts: Shape (subjects, categories), how many raters chose each; see `rating_counts`.
        level: Nominal coverage.
        cluster: Shape (subjects,), each subject's patient.

    Raises:
        StatisticsError: Fewer than two subjects with two ratings, negative counts.
    """
    table = _counts(counts)
    agreed, paired = _agreeing(table)
    value, unit = float(agreed[paired].mean()), _kept(counts, cluster)
    return _estimate(agreed[paired], value, _Ends(value > 0.5, 0.0), level, None if unit is None else unit[paired])


def fleiss_kappa(counts: ArrayLike, level: float = 0.95, cluster: ArrayLike | None = None) -> Estimate:
    """Fleiss' kappa, also with unequal numbers of ratings a subject.

    Args and errors as `percent_agreement`; also StatisticsError where all ratings are of one category.
    """
    table = _counts(counts)
    share = table / table.sum(axis=1, keepdims=True)
    prevalence = share.mean(axis=0)
    return _corrected(table, float(prevalence @ prevalence), share @ prevalence, level, _kept(counts, cluster))


def gwet_ac1(counts: ArrayLike, level: float = 0.95, cluster: ArrayLike | None = None) -> Estimate:
    """Gwet's AC1, which stays meaningful where nearly all cases are of one category.

    Args and errors as `percent_agreement`.
    """
    table = _counts(counts)
    share = table / table.sum(axis=1, keepdims=True)
    prevalence = share.mean(axis=0)
    fewer = table.shape[1] - 1
    expected = float((prevalence * (1.0 - prevalence)).sum()) / fewer
    return _corrected(table, expected, share @ (1.0 - prevalence) / fewer, level, _kept(counts, cluster))


def _kept(counts: ArrayLike, cluster: ArrayLike | None) -> Integers | None:
    if cluster is None:
        return None
    table = np.asarray(counts, dtype=np.float64)
    unit: Integers = checks.codes(cluster, "cluster", table.shape[0])[table.sum(axis=1) > 0]
    return unit


def _corrected(
    table: Floats, expected: float, expected_each: Floats, level: float, cluster: Integers | None
) -> Estimate:
    """(agreement - expected) / (1 - expected), with Gwet's linearised subject values."""
    if expected >= 1.0 - 1e-12:
        message = "All ratings are of one category; agreement beyond chance is 0 / 0. Report percent agreement."
        raise StatisticsError(message)
    agreed, paired = _agreeing(table)
    observed = float(agreed[paired].mean())
    value = (observed - expected) / (1.0 - expected)
    scale = table.shape[0] / int(paired.sum())
    each = np.where(paired, scale * (agreed - expected) / (1.0 - expected), 0.0)
    linear = each - 2.0 * (1.0 - value) * (expected_each - expected) / (1.0 - expected)
    return _estimate(linear, value, _Ends(bool(agreed.mean() > 0.5), -1.0), level, cluster)


class _Ends(NamedTuple):
    """Whether subjects that are all alike agree (or disagree), and the least possible value."""

    agree: bool
    least: float


def _estimate(each: Floats, value: float, ends: _Ends, level: float, cluster: Integers | None) -> Estimate:
    """Student limits from subject values, patients being independent.

    Subjects that are all alike give no variance; the limit is then the exact one-sided bound of the share of subjects
    of the other sort, so that the width is never zero.
    """
    normal_quantile(level)
    unit = np.arange(each.size) if cluster is None else checks.codes(cluster, "cluster", each.size)
    units, n = int(unit.max()) + 1, each.size
    if units < 2:
        message = "All subjects are of one patient; an interval needs at least two patients."
        raise StatisticsError(message)
    sums = np.bincount(unit, weights=each - each.mean())
    error = math.sqrt(units / (units - 1) * float(sums @ sums)) / n
    if error <= 1e-12:
        reach = 1.0 - ((1.0 - level) / 2.0) ** (1.0 / units)
        low, high = (value - reach, value) if ends.agree else (value, value + reach)
        method = "exact bound on unlike subjects (all are alike)"
        return Estimate(value, max(ends.least, low), min(1.0, high), level, n, units, method)
    half = float(stdtrit(units - 1, (1.0 + level) / 2.0)) * error
    method = "linearised variance (Gwet), Student t" + ("" if cluster is None else ", clustered by patient")
    return Estimate(value, max(ends.least, value - half), min(1.0, value + half), level, n, units, method)
