"""Paired comparison of two learners: McNemar, corrected resampled t over folds, and Holm's adjustment.

Sources: McNemar 1947, Psychometrika 12:153; Fagerland, Lydersen and Laake 2013, BMC Med Res Methodol 13:91 (mid-p);
Newcombe 1998, Stat Med 17:2635, method 10 (interval of a paired difference); Obuchowski 1998, Stat Med 17:1495 and
Yang, Sun and Hardin 2010, Biom J 52:638 (clusters); Nadeau and Bengio 2003, Mach Learn 52:239; Bouckaert and Frank
2004, PAKDD; Holm 1979, Scand J Stat 6:65.
"""

import math
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc, stdtr, stdtrit
from scipy.stats import binom

from bedside.errors import StatisticsError
from bedside.stats import checks
from bedside.stats.interval import Contrast, normal_quantile
from bedside.stats.proportion import wilson
from bedside.types import Floats

Form: TypeAlias = Literal["exact", "mid-p", "corrected", "uncorrected"]


class Discordance(NamedTuple):
    """McNemar's test from the discordant counts; the statistic is NaN-free: exact forms give the smaller count."""

    statistic: float
    p: float


def mcnemar_counts(first_only: int, second_only: int, form: Form = "mid-p") -> Discordance:
    """McNemar's test from the numbers of cases that only the first, or only the second, got right.

    "exact" is the conditional binomial test, "mid-p" the same less half the probability of what was seen (keeps the
    level nearly always and wastes less), "corrected" and "uncorrected" the chi-squared forms (1 degree of freedom).
    Without discordant cases p is 1.

    Raises:
        StatisticsError: A negative count.
    """
    if min(first_only, second_only) < 0:
        message = f"Discordant counts are {first_only} and {second_only}; counts are at least 0."
        raise StatisticsError(message)
    n, smaller = first_only + second_only, min(first_only, second_only)
    if n == 0:
        return Discordance(0.0, 1.0)
    if form in {"exact", "mid-p"}:
        tail = float(binom.cdf(smaller, n, 0.5))
        p = 2.0 * tail - (float(binom.pmf(smaller, n, 0.5)) if form == "mid-p" else 0.0)
        return Discordance(float(smaller), min(1.0, p))
    distance = abs(first_only - second_only)
    if form == "corrected":
        distance = max(0, distance - 1)
    statistic = distance**2 / n
    return Discordance(statistic, float(chdtrc(1.0, statistic)))


def mcnemar(first: ArrayLike, second: ArrayLike, *, form: Form = "mid-p", level: float = 0.95) -> Contrast:
    """Paired difference of two proportions on the same independent cases: first minus second.

    Args:
        first: Shape (n,), whether the first learner was right (or flagged) each case.
        second: The same for the second learner.
        form: Of the test.
        level: Of the interval (Newcombe's square-and-add Wilson limits with correlation).

    Raises:
        StatisticsError: Different lengths, values other than 0 and 1.
    """
    one = checks.labels(first)
    two = checks.labels(second, one.size)
    both, first_only = int((one & two).sum()), int((one & ~two).sum())
    second_only, neither = int((~one & two).sum()), int((~one & ~two).sum())
    p = mcnemar_counts(first_only, second_only, form).p
    low, high = _newcombe_paired(both, first_only, second_only, neither, level)
    return Contrast((first_only - second_only) / one.size, low, high, p, f"McNemar {form}, Newcombe interval")


def _newcombe_paired(both: int, first_only: int, second_only: int, neither: int, level: float) -> tuple[float, float]:
    n = both + first_only + second_only + neither
    one, two = (both + first_only) / n, (both + second_only) / n
    of_one, of_two = wilson(both + first_only, n, level), wilson(both + second_only, n, level)
    product = math.sqrt((both + first_only) * (second_only + neither) * (both + second_only) * (first_only + neither))
    excess = both * neither - first_only * second_only
    # Newcombe's continuity correction of the correlation when it is positive.
    phi = 0.0 if product == 0 else (max(excess - n / 2.0, 0.0) if excess > 0 else excess) / product
    down, up = one - of_one.low, of_two.high - two
    rise, fall = of_one.high - one, two - of_two.low
    below = math.sqrt(max(0.0, down**2 - 2.0 * phi * down * up + up**2))
    above = math.sqrt(max(0.0, fall**2 - 2.0 * phi * fall * rise + rise**2))
    return one - two - below, one - two + above


def clustered_mcnemar(first: ArrayLike, second: ArrayLike, cluster: ArrayLike, level: float = 0.95) -> Contrast:
    """Paired difference of two proportions when patients contribute several cases: first minus second.

    The test sums discordances within patients, (sum d)^2 / sum d^2, and equals the uncorrected McNemar statistic when
    every patient has one case; the limits use the variance of the ratio estimator. Both refer to Student's t with
    patients - 1 degrees of freedom. Report it separately in diseased and non-diseased cases.

    Raises:
        StatisticsError: Fewer than two patients, different lengths, values other than 0 and 1.
    """
    one = checks.labels(first)
    two = checks.labels(second, one.size)
    patient = checks.codes(cluster, "cluster", one.size)
    patients = int(patient.max()) + 1
    if patients < 2:
        message = "All cases come from one patient; a clustered test needs at least two patients."
        raise StatisticsError(message)
    normal_quantile(level)
    each = one.astype(np.float64) - two
    value = float(each.mean())
    sums, sizes = np.bincount(patient, weights=each), np.bincount(patient)
    under_null = float(sums @ sums)
    p = 1.0 if under_null == 0.0 else 2.0 * float(stdtr(patients - 1, -abs(sums.sum()) / math.sqrt(under_null)))
    residuals = sums - sizes * value
    error = math.sqrt(patients / (patients - 1) * float(residuals @ residuals)) / one.size
    half = float(stdtrit(patients - 1, (1.0 + level) / 2.0)) * error
    method = "McNemar clustered by patient (Obuchowski 1998; Yang 2010)"
    return Contrast(value, max(-1.0, value - half), min(1.0, value + half), p, method)


def corrected_resampled_t(differences: ArrayLike, n_train: float, n_test: float, level: float = 0.95) -> Contrast:
    """Mean difference over resampled splits, with the variance inflated for overlapping training sets.

    The variance of the mean is s^2 (1 / k + n_test / n_train), with k - 1 degrees of freedom (Nadeau and Bengio 2003;
    for repeated cross-validation Bouckaert and Frank 2004).

    Args:
        differences: Shape (k,), first minus second learner in each fold of each repetition.
        n_train: Patients that models were fitted on, mean over splits.
        n_test: Patients judged, mean over splits.
        level: Nominal coverage.

    Raises:
        StatisticsError: Fewer than two splits, NaN, sizes not positive, or the same non-zero difference in all.
    """
    values = checks.finite(differences, "differences")
    if values.size < 2 or min(n_train, n_test) <= 0:
        message = (
            f"{values.size} splits with {n_train:g} patients to fit and {n_test:g} to judge; at least two splits and "
            "patients on both sides are needed."
        )
        raise StatisticsError(message)
    normal_quantile(level)
    value, method = float(values.mean()), "corrected resampled t (Nadeau-Bengio)"
    variance = float(values.var(ddof=1)) * (1.0 / values.size + n_test / n_train)
    if variance <= np.finfo(np.float64).eps ** 2:
        if abs(value) > np.finfo(np.float64).eps:
            message = "All splits show the same difference; its variance, and so a t test, is not defined."
            raise StatisticsError(message)
        return Contrast(0.0, 0.0, 0.0, 1.0, f"{method}; no difference in any split")
    error, degrees = math.sqrt(variance), values.size - 1
    half = float(stdtrit(degrees, (1.0 + level) / 2.0)) * error
    return Contrast(value, value - half, value + half, 2.0 * float(stdtr(degrees, -abs(value) / error)), method)


def holm(p: ArrayLike) -> Floats:
    """Holm's adjusted p values, in the order given; the family-wise error is held at any dependence.

    Raises:
        StatisticsError: A value outside [0, 1] or NaN.
    """
    values = checks.probabilities(p, "p value")
    order = np.argsort(values, kind="stable")
    stepped = values[order] * np.arange(values.size, 0, -1)
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(np.maximum.accumulate(stepped), 1.0)
    return adjusted
