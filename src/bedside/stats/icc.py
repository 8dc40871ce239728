"""Intraclass correlation of raters or repeated measurements of numbers.

Sources: Shrout and Fleiss 1979, Psychol Bull 86:420; McGraw and Wong 1996, Psychol Methods 1:30 (names, F limits);
Weerahandi 1993, J Am Stat Assoc 88:899 and Burdick, Borror and Montgomery 2005, Design and Analysis of Gauge R&R
Studies (generalised limits for absolute agreement, where the usual approximation covers too little with few raters).
"""

from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import fdtri

from bedside.errors import StatisticsError
from bedside.stats import checks
from bedside.stats.bootstrap import bootstrap, percentile_interval
from bedside.stats.estimate import Estimate
from bedside.stats.interval import normal_quantile
from bedside.types import Floats, Weights

Form: TypeAlias = Literal["one-way", "agreement", "consistency"]

_DRAWS = 20_000


class _Squares(NamedTuple):
    """Mean squares of a two-way layout (subjects, raters)."""

    subjects: float
    raters: float
    residual: float
    within: float
    n: int
    k: int


def _table(ratings: ArrayLike) -> Floats:
    table = np.asarray(ratings, dtype=np.float64)
    if table.ndim != 2 or min(table.shape) < 2 or not np.isfinite(table).all():
        message = (
            f"Ratings have shape {table.shape}; at least two subjects by two raters are needed, every cell filled."
        )
        raise StatisticsError(message)
    return table


def _squares(table: Floats) -> _Squares:
    n, k = table.shape
    centred = table - table.mean()
    subjects = k * float((centred.mean(axis=1) ** 2).sum())
    raters = n * float((centred.mean(axis=0) ** 2).sum())
    total = float((centred**2).sum())
    residual = max(0.0, total - subjects - raters)
    return _Squares(
        subjects / (n - 1), raters / (k - 1), residual / ((n - 1) * (k - 1)), (total - subjects) / (n * (k - 1)), n, k
    )


def icc(ratings: ArrayLike, form: Form = "agreement", *, average: bool = False, level: float = 0.95) -> Estimate:
    """Intraclass correlation with F limits, or for agreement generalised limits (simulated from a fixed seed).

    Args:
        ratings: Shape (subjects, raters), no cell missing.
        form: "one-way" (ICC(1): other raters for each subject), "agreement" (ICC(A): raters' offsets count as error)
            or "consistency" (ICC(C): offsets do not).
        average: Reliability of the mean of the raters instead of one of them.
        level: Nominal coverage.

    Raises:
        StatisticsError: Missing cells, fewer than two subjects or raters, or no variation at all.
    """
    normal_quantile(level)
    table = _table(ratings)
    squares = _squares(table)
    if float(np.ptp(table)) == 0.0:
        message = "All ratings are equal; an intraclass correlation is 0 / 0."
        raise StatisticsError(message)
    value = _value(squares, form)
    if squares.residual == 0.0 and form != "agreement":
        message = "Raters differ by nothing but an offset; the F limits have no width. Report the value alone."
        raise StatisticsError(message)
    low, high = _limits(squares, form, (1.0 - level) / 2.0)
    if average:
        value, low, high = (_of_mean(each, squares.k) for each in (value, low, high))
    name = {"one-way": "ICC(1)", "agreement": "ICC(A,1)", "consistency": "ICC(C,1)"}[form]
    limits = "generalised limits" if form == "agreement" else "F limits (McGraw and Wong)"
    return Estimate(value, low, high, level, table.shape[0], table.shape[0], f"{name}, {limits}")


def _value(s: _Squares, form: Form) -> float:
    if form == "one-way":
        return (s.subjects - s.within) / (s.subjects + (s.k - 1) * s.within)
    offset = 0.0 if form == "consistency" else s.k * (s.raters - s.residual) / s.n
    return (s.subjects - s.residual) / (s.subjects + (s.k - 1) * s.residual + offset)


def _of_mean(single: float, k: int) -> float:
    """Spearman-Brown."""
    return k * single / (1.0 + (k - 1) * single)


def _limits(s: _Squares, form: Form, tail: float) -> tuple[float, float]:
    if form != "agreement":
        error = s.within if form == "one-way" else s.residual
        degrees = s.n * (s.k - 1) if form == "one-way" else (s.n - 1) * (s.k - 1)
        ratio = s.subjects / error
        low = ratio / float(fdtri(s.n - 1, degrees, 1.0 - tail))
        high = ratio * float(fdtri(degrees, s.n - 1, 1.0 - tail))
        return (low - 1.0) / (low + s.k - 1.0), (high - 1.0) / (high + s.k - 1.0)
    if s.residual == 0.0 and s.raters == 0.0:
        message = "All raters agree exactly on every subject; the limits have no width. Report the value alone."
        raise StatisticsError(message)
    return _generalised(s, tail)


def _generalised(s: _Squares, tail: float) -> tuple[float, float]:
    """Quantiles of the share of variance between subjects when each mean square has its chi-squared distribution."""
    stream = np.random.default_rng(0)
    degrees = (s.n - 1) * (s.k - 1)
    residual = s.residual * degrees / stream.chisquare(degrees, _DRAWS)
    raters = s.raters * (s.k - 1) / stream.chisquare(s.k - 1, _DRAWS)
    subjects = s.subjects * (s.n - 1) / stream.chisquare(s.n - 1, _DRAWS)
    between = np.maximum(0.0, (subjects - residual) / s.k)
    total = between + np.maximum(0.0, (raters - residual) / s.n) + residual
    low, high = np.quantile(between / total, [tail, 1.0 - tail])
    return float(low), float(high)


def clustered_icc(
    ratings: ArrayLike,
    cluster: ArrayLike,
    form: Form = "agreement",
    *,
    level: float = 0.95,
    replicates: int = 2_000,
    seed: int = 0,
) -> Estimate:
    """Intraclass correlation of one rater when patients give several subjects: percentile interval, patients drawn.

    Raises:
        StatisticsError: As `icc`.
    """
    table = _table(ratings)
    patient = checks.codes(cluster, "cluster", table.shape[0])

    def statistic(weights: Weights) -> Floats:
        return np.array([_of_weighted(table, row, form) for row in checks.weight_matrix(weights, table.shape[0])])

    value = float(statistic(np.ones((1, table.shape[0])))[0])
    limits = percentile_interval(bootstrap([statistic], patient, replicates, seed)[0], level)
    return Estimate(value, limits.low, limits.high, level, table.shape[0], int(patient.max()) + 1, limits.method)


def _of_weighted(table: Floats, weight: Floats, form: Form) -> float:
    drawn = np.repeat(table, weight.astype(np.int64), axis=0)
    return _value(_squares(drawn), form) if drawn.shape[0] > 1 and np.ptp(drawn) > 0 else np.nan
