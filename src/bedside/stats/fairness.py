"""Gaps between groups of patients: every pair with interval and test, equality of all, equalised odds.

A gap that is not significant is not equality: that takes `margin.equivalence`, a declared margin and enough events.
Sources: Hardt, Price and Srebro 2016, NIPS (equalised odds); Newcombe 1998, Stat Med 17:873, method 10 (difference of
independent proportions); Holm 1979; Davison and Hinkley 1997 (bootstrap tests).
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc, fdtrc, ndtr

from bedside.errors import StatisticsError
from bedside.stats import checks
from bedside.stats.bootstrap import multiplicities, percentile_interval, two_sided_p
from bedside.stats.compare import holm
from bedside.stats.estimate import Estimate, Estimated, NotEstimable
from bedside.stats.interval import Contrast
from bedside.stats.proportion import clustered_wilson, wilson
from bedside.stats.roc import Statistic
from bedside.types import Booleans, Floats, Integers


class Gap(NamedTuple):
    """First group minus second; `p_adjusted` is Holm's over all pairs."""

    first: str
    second: str
    contrast: Contrast
    p_adjusted: float


class Gaps(NamedTuple):
    """A measure by group.

    Attributes:
        groups: Each group's estimate, or why there is none (too few patients, undefined).
        pairs: Gaps between all estimable groups.
        widest: Largest gap seen; it grows with the number of groups, so judge it by `equality_p`.
        equality_p: Wald test that all estimable groups are equal; None with fewer than two.
    """

    groups: Mapping[str, Estimated]
    pairs: tuple[Gap, ...]
    widest: float | None
    equality_p: float | None


def group_gaps(
    statistic: Statistic,
    group: ArrayLike,
    *,
    patient: ArrayLike | None = None,
    least: int = 20,
    level: float = 0.95,
    replicates: int = 2_000,
    seed: int = 0,
) -> Gaps:
    """Any measure by group and by pairs of groups, bootstrap by patient with weights shared between groups.

    Args:
        statistic: Weights (b, n) to values (b,).
        group: Shape (n,), each case's group.
        patient: Shape (n,), each case's patient; by default every case is a patient.
        least: Groups with fewer patients are not estimated (declare it before the run).
        level: Nominal coverage.
        replicates: Of the bootstrap.
        seed: Of the bootstrap.

    Raises:
        StatisticsError: Different lengths.
    """
    names, code = np.unique(np.asarray(group), return_inverse=True)
    unit = np.arange(code.size) if patient is None else checks.codes(patient, "patient", code.size)
    masks = (code == np.arange(names.size)[:, None]).astype(np.float64)
    sizes = [(int(mask.sum()), np.unique(unit[mask > 0]).size) for mask in masks]
    enough = [k for k in range(names.size) if sizes[k][1] >= least]
    values = statistic(masks)
    found = np.full((names.size, replicates), np.nan)
    done = 0
    for weights in multiplicities(unit, replicates, seed):
        for k in enough:
            found[k, done : done + weights.shape[0]] = statistic(weights * masks[k])
        done += weights.shape[0]
    groups: dict[str, Estimated] = {}
    for k, name in enumerate(names.tolist()):
        groups[name] = _one(float(values[k]), found[k], sizes[k], least if k not in enough else 0, level)
    kept = [k for k in enough if isinstance(groups[str(names[k])], Estimate)]
    pairs = _pairs([str(names[k]) for k in kept], values[kept], found[kept], level)
    widest = float(np.ptp(values[kept])) if len(kept) > 1 else None
    return Gaps(groups, pairs, widest, _equality(values[kept], found[kept]) if len(kept) > 1 else None)


def _one(value: float, found: Floats, size: tuple[int, int], too_small: int, level: float) -> Estimated:
    cases, patients = size
    if too_small:
        return NotEstimable(f"{patients} patients; groups of at least {too_small} are estimated", cases, patients)
    if not np.isfinite(value):
        return NotEstimable("the measure is not defined in this group (one outcome class)", cases, patients)
    try:
        limits = percentile_interval(found, level)
    except StatisticsError as error:
        return NotEstimable(str(error), cases, patients)
    return Estimate(value, limits.low, limits.high, level, cases, patients, limits.method)


def _pairs(names: Sequence[str], values: Floats, found: Floats, level: float) -> tuple[Gap, ...]:
    gaps: list[tuple[str, str, Contrast]] = []
    for i in range(len(names)):
        for j in range(i + 1, len(names)):
            each = found[i] - found[j]
            limits = percentile_interval(each, level)
            contrast = Contrast(
                float(values[i] - values[j]), limits.low, limits.high, two_sided_p(each), "bootstrap by patient"
            )
            gaps.append((names[i], names[j], contrast))
    adjusted = holm([contrast.p for _, _, contrast in gaps]).tolist() if gaps else []
    return tuple(Gap(*gap, p) for gap, p in zip(gaps, adjusted, strict=True))


class Wald(NamedTuple):
    """A Wald test: the statistic, its degrees of freedom, and p."""

    statistic: float
    df: int
    p: float


def joint_equality(values: Floats, replicates: Floats, events: int | None = None) -> Wald:
    """Wald test that each measure is equal in all groups, all measures together.

    The covariance is that of bootstrap replicates, so that measures of the same patients, and groups that share
    patients, need not be independent. Since that covariance is itself uncertain where events are few, p comes from
    Hotelling's T squared (Hotelling 1931, Ann Math Stat 2:360) where `events` is given.

    Args:
        values: Shape (measures, groups).
        replicates: Shape (measures, groups, b), under the same resampled patients.
        events: Patients with the rarest outcome in the smallest group; None takes p from the chi-squared distribution,
            which rejects too often unless there are hundreds.

    Raises:
        StatisticsError: Fewer than two groups, a value or a tenth of the replicates undefined, or values without
            spread (a rate of 0 or 1 in every group), or hardly more events than there are contrasts.
    """
    measures, groups = values.shape
    if groups < 2:
        msg = f"{groups} group can be estimated; a test of equality needs two"
        raise StatisticsError(msg)
    found = replicates.reshape(measures * groups, -1)
    complete = found[:, np.isfinite(found).all(axis=0)]
    if not np.isfinite(values).all() or complete.shape[1] < 0.9 * found.shape[1]:
        msg = "a measure is not defined in every group, or not in nine of ten bootstrap replicates"
        raise StatisticsError(msg)
    each = np.hstack([np.ones((groups - 1, 1)), -np.eye(groups - 1)])
    contrasts = np.kron(np.eye(measures), each)
    spread = contrasts @ np.atleast_2d(np.cov(complete)) @ contrasts.T
    df = contrasts.shape[0]
    left = None if events is None else events - df
    if left is not None and left < 1:
        msg = f"{events} patients with the rarest outcome are too few for {df} contrasts at once; needed are {df + 1}"
        raise StatisticsError(msg)
    if np.linalg.matrix_rank(spread) < df:
        msg = "a measure does not vary within groups (rates of 0 or 1), so that equality cannot be tested"
        raise StatisticsError(msg)
    distance = contrasts @ values.ravel()
    statistic = float(distance @ np.linalg.solve(spread, distance))
    if events is None or left is None:
        return Wald(statistic, df, float(chdtrc(df, statistic)))
    return Wald(statistic, df, float(fdtrc(df, left, statistic * left / ((events - 1) * df))))


def _equality(values: Floats, found: Floats) -> float | None:
    """Chi-squared test that all values are equal, with the covariance of the replicates."""
    try:
        return joint_equality(values[None, :], found[None, :, :]).p
    except StatisticsError:
        return None


class RateGap(NamedTuple):
    """A rate by group and its widest gap."""

    rates: Mapping[str, Estimated]
    widest: Gap | None
    pairs: tuple[Gap, ...]


class EqualisedOdds(NamedTuple):
    """Gaps in true and false positive rates between groups.

    Attributes:
        true_positive, false_positive: Rates, their pairs and widest gap.
        difference: Equalised-odds difference: the wider of the two widest gaps; None with fewer than two groups.
        p: That both rates are equal in all groups: smallest Holm-adjusted p over every pair and both rates.
    """

    true_positive: RateGap
    false_positive: RateGap
    difference: float | None
    p: float | None


def equalised_odds(
    flagged: ArrayLike,
    label: ArrayLike,
    group: ArrayLike,
    *,
    patient: ArrayLike | None = None,
    least: int = 10,
    level: float = 0.95,
) -> EqualisedOdds:
    """True and false positive rates by group at the operating point, with closed-form intervals and tests.

    Args:
        flagged: Shape (n,), whether the case is called positive.
        label: Shape (n,), the outcome.
        group: Shape (n,).
        patient: Shape (n,), each case's patient.
        least: Smallest number of patients with the outcome (or without it) for a group's rate to be estimated.
        level: Nominal coverage.

    Raises:
        StatisticsError: Different lengths, values other than 0 and 1.
    """
    call = checks.labels(flagged)
    positive = checks.labels(label, call.size)
    names, code = np.unique(np.asarray(group), return_inverse=True)
    checks.codes(code, "group", call.size)
    unit = None if patient is None else checks.codes(patient, "patient", call.size)

    def rate(among: Booleans) -> RateGap:
        rates: dict[str, Estimated] = {}
        for k, name in enumerate(names.tolist()):
            inside = among & (code == k)
            rates[str(name)] = _rate(call[inside], None if unit is None else unit[inside], least, level)
        pairs = _rate_pairs(rates, level)
        widest = max(pairs, key=lambda gap: abs(gap.contrast.value)) if pairs else None
        return RateGap(rates, widest, pairs)

    hits, alarms = rate(positive), rate(~positive)
    tests = [gap.contrast.p for gap in (*hits.pairs, *alarms.pairs)]
    gaps = [abs(each.widest.contrast.value) for each in (hits, alarms) if each.widest is not None]
    return EqualisedOdds(
        hits, alarms, max(gaps) if len(gaps) == 2 else None, float(holm(tests).min()) if tests else None
    )


def _rate(call: Booleans, unit: Integers | None, least: int, level: float) -> Estimated:
    patients = call.size if unit is None else np.unique(unit).size
    if patients < max(least, 2):
        reason = f"{patients} patients with this outcome; at least {max(least, 2)} are needed"
        return NotEstimable(reason, call.size, patients)
    if unit is None:
        limits = wilson(int(call.sum()), call.size, level)
        return Estimate(float(call.mean()), limits.low, limits.high, level, call.size, patients, limits.method)
    found = clustered_wilson(call, unit, level)
    return Estimate(found.value, found.low, found.high, level, found.cases, found.patients, found.method)


def _rate_pairs(rates: Mapping[str, Estimated], level: float) -> tuple[Gap, ...]:
    known = [(name, each) for name, each in rates.items() if isinstance(each, Estimate)]
    gaps: list[tuple[str, str, Contrast]] = []
    for i, (first, one) in enumerate(known):
        gaps.extend((first, second, _difference(one, two, level)) for second, two in known[i + 1 :])
    adjusted = holm([contrast.p for _, _, contrast in gaps]).tolist() if gaps else []
    return tuple(Gap(*gap, p) for gap, p in zip(gaps, adjusted, strict=True))


def _difference(one: Estimate, two: Estimate, level: float) -> Contrast:
    """Square-and-add limits of two independent rates, and a pooled z test on (effective) sample sizes."""
    down = math.hypot(one.value - one.low, two.high - two.value)
    up = math.hypot(one.high - one.value, two.value - two.low)
    value = one.value - two.value
    first, second = _effective(one, level), _effective(two, level)
    pooled = (first * one.value + second * two.value) / (first + second)
    error = math.sqrt(pooled * (1.0 - pooled) * (1.0 / first + 1.0 / second))
    p = 1.0 if error <= 1e-15 else 2.0 * float(ndtr(-abs(value) / error))
    return Contrast(value, value - down, value + up, p, "Newcombe square-and-add, pooled z test")


def _effective(each: Estimate, level: float) -> float:
    """Cases that would give Wilson limits as wide, solved from the width; all cases when they are independent."""
    if each.cases == each.patients:
        return float(each.cases)
    width, low, high = each.high - each.low, 1.0, float(each.cases)
    for _ in range(60):
        middle = 0.5 * (low + high)
        limits = wilson(each.value * middle, middle, level)
        low, high = (middle, high) if limits.high - limits.low > width else (low, middle)
    return 0.5 * (low + high)
