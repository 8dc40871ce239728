"""The bootstrap as patient multiplicities: one weight matrix serves every learner, measure and subgroup.

Patients, not rows, are drawn with replacement, so repeated samples of one patient stay together (Field and Welsh
2007, J R Stat Soc B 69:369). Sources of intervals: Efron 1987, J Am Stat Assoc 82:171 (percentile, BCa).
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from bedside.errors import StatisticsError
from bedside.stats import checks
from bedside.stats.interval import Limits, normal_quantile
from bedside.types import Floats, Integers, Weights

_CHUNK = 1 << 23
"""Weights held at once: 64 MiB."""

LEAST_USABLE = 0.9
"""Share of replicates in which a statistic must exist for its interval to be given."""


def multiplicities(
    patient: ArrayLike,
    replicates: int,
    seed: int,
    stratum: ArrayLike | None = None,
    chunk: int | None = None,
) -> Iterator[Weights]:
    """Weight matrices of a bootstrap by patient, in chunks that bound memory.

    Row r of the concatenated chunks is how often each sample's patient was drawn in replicate r. The stream depends on
    the seed alone, never on the chunk size, so that learners and measures judged one after another are paired.

    Args:
        patient: Shape (m,), identifies each row's patient.
        replicates: How many in all.
        seed: Of the random stream.
        stratum: Shape (m,), optional: patients are drawn within strata and their numbers kept. A patient whose rows lie
            in several strata belongs to the last of them in sort order (any event makes an event patient).
        chunk: Replicates a matrix; by default as many as fit 64 MiB.

    Yields:
        Matrices (b, m), float64, whose rows are whole numbers.

    Raises:
        StatisticsError: No rows, no replicates, or arrays of different length.
    """
    codes = checks.codes(patient, "patient")
    if replicates < 1:
        message = f"{replicates} replicates of the bootstrap were asked for; give at least 1 (2,000 are usual)."
        raise StatisticsError(message)
    patients = int(codes.max()) + 1
    groups = _strata(codes, patients, stratum)
    own_rows = patients == codes.size and bool((codes == np.arange(codes.size)).all())
    step = chunk if chunk is not None else max(1, _CHUNK // codes.size)
    streams = [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(len(groups))]
    for start in range(0, replicates, step):
        b = min(step, replicates - start)
        drawn = np.empty((b, patients))
        for members, stream in zip(groups, streams, strict=True):
            whole = members.size == patients
            counts = _counts(stream, b, members.size)
            if whole:
                drawn = counts
            else:
                drawn[:, members] = counts
        yield drawn if own_rows else drawn.take(codes, axis=1)


def _strata(codes: Integers, patients: int, stratum: ArrayLike | None) -> list[Integers]:
    if stratum is None:
        return [np.arange(patients)]
    rows = checks.codes(stratum, "stratum", codes.size)
    of_patient = np.zeros(patients, dtype=np.int64)
    np.maximum.at(of_patient, codes, rows)
    return [np.flatnonzero(of_patient == group) for group in np.unique(of_patient)]


def _counts(stream: np.random.Generator, b: int, size: int) -> Floats:
    """How often each of `size` patients is drawn in `size` draws, (b, size)."""
    counts = np.empty((b, size))
    step = max(1, (1 << 18) // size)
    for start in range(0, b, step):
        rows = min(step, b - start)
        draws = stream.integers(0, size, size=(rows, size), dtype=np.int64)
        draws += np.arange(rows)[:, None] * size
        counts[start : start + rows] = np.bincount(draws.ravel(), minlength=rows * size).reshape(rows, size)
    return counts


def bootstrap(
    statistics: Sequence[Callable[[Weights], Floats]],
    patient: ArrayLike,
    replicates: int,
    seed: int,
    stratum: ArrayLike | None = None,
) -> Floats:
    """Replicates of several statistics under the same weights, shape (len(statistics), replicates).

    Because the weights are shared, the difference of two rows is the paired bootstrap of a contrast.

    Raises:
        StatisticsError: See `multiplicities`.
    """
    result = np.empty((len(statistics), replicates))
    done = 0
    for weights in multiplicities(patient, replicates, seed, stratum):
        for row, statistic in enumerate(statistics):
            result[row, done : done + weights.shape[0]] = statistic(weights)
        done += weights.shape[0]
    return result


def usable(replicates: ArrayLike) -> Floats:
    """The replicates in which the statistic exists.

    Raises:
        StatisticsError: Fewer than nine tenths of them (a class or group vanishes too often to trust the rest).
    """
    values = np.asarray(replicates, dtype=np.float64)
    kept = values[np.isfinite(values)]
    if kept.size == 0 or kept.size < LEAST_USABLE * values.size:
        message = (
            f"The statistic exists in {kept.size} of {values.size} bootstrap replicates; at least "
            f"{LEAST_USABLE:.0%} are needed. There are too few cases of one class or group for an interval."
        )
        raise StatisticsError(message)
    return kept


def percentile_interval(replicates: ArrayLike, level: float = 0.95) -> Limits:
    """The percentile interval (Efron 1987); replicates in which the statistic is undefined are set aside.

    Raises:
        StatisticsError: Too few usable replicates, or a level outside (0, 1).
    """
    normal_quantile(level)
    kept = usable(replicates)
    low, high = np.quantile(kept, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    return Limits(float(low), float(high), "bootstrap by patient, percentile")


def bca_interval(value: float, replicates: ArrayLike, jackknife: ArrayLike, level: float = 0.95) -> Limits:
    """The bias-corrected and accelerated interval (Efron 1987).

    Args:
        value: The statistic on the sample itself.
        replicates: Bootstrap replicates.
        jackknife: The statistic with each patient (or group of patients) left out.
        level: Nominal coverage.

    Raises:
        StatisticsError: Too few usable replicates, or all of them on one side of the value.
    """
    kept = usable(replicates)
    half = normal_quantile(level)
    share = (float(np.sum(kept < value)) + 0.5 * float(np.sum(kept == value))) / kept.size
    if not 0.0 < share < 1.0:
        message = "All bootstrap replicates lie on one side of the value; BCa is undefined, use percentiles."
        raise StatisticsError(message)
    bias = float(ndtri(share))
    left_out = usable(jackknife)
    centred = left_out.mean() - left_out
    spread = float(np.sum(centred**2)) ** 1.5
    acceleration = float(np.sum(centred**3)) / (6.0 * spread) if spread > 0.0 else 0.0
    shifted = bias + np.array([-half, half])
    low, high = np.quantile(kept, ndtr(bias + shifted / (1.0 - acceleration * shifted)))
    return Limits(float(low), float(high), "bootstrap by patient, BCa")


def two_sided_p(differences: ArrayLike) -> float:
    """Two-sided bootstrap p value of a difference: twice the smaller tail beyond zero, (r + 1) / (b + 1).

    The p value that the percentile interval inverts to (Davison and Hinkley 1997, section 4.4); zeros count to both
    tails, so that two equal learners give 1.

    Raises:
        StatisticsError: Too few usable replicates.
    """
    kept = usable(differences)
    tail = min(int(np.sum(kept <= 0.0)), int(np.sum(kept >= 0.0)))
    return min(1.0, 2.0 * (tail + 1) / (kept.size + 1))
