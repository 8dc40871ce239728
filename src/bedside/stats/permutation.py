"""Paired permutation tests: under the null hypothesis the two learners' predictions may be swapped.

Sources: Fisher 1935, The Design of Experiments (sign flips); Venkatraman and Begg 1996, Biometrika 83:835 and Bandos,
Rockette and Gur 2005, Stat Med 24:2873 (swapping ranks of two diagnostic scores); Phipson and Smyth 2010, Stat Appl
Genet Mol Biol 9:39 (p values of random permutations are never zero).
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata

from bedside.errors import StatisticsError
from bedside.stats import checks
from bedside.stats.roc import Statistic, auroc_statistic
from bedside.types import Booleans, Integers

EXHAUSTIVE = 12
"""Up to so many patients all 2^n swaps are tried and the test is exact."""

_BLOCK = 1 << 21


def _swaps(units: int, replicates: int, seed: int, width: int) -> Iterator[Booleans]:
    """Which units are swapped, (b, units): every combination for few units, else random ones."""
    if units <= EXHAUSTIVE:
        yield ((np.arange(1 << units)[:, None] >> np.arange(units)) & 1).astype(np.bool_)
        return
    stream = np.random.default_rng(seed)
    step = max(1, _BLOCK // width)
    for start in range(0, replicates, step):
        yield stream.random((min(step, replicates - start), units)) < 0.5


def _p(extreme: int, tried: int, units: int) -> float:
    return extreme / tried if units <= EXHAUSTIVE else (extreme + 1) / (tried + 1)


def _units(cluster: ArrayLike | None, size: int) -> Integers:
    return np.arange(size) if cluster is None else checks.codes(cluster, "cluster", size)


def _asked(replicates: int) -> None:
    if replicates < 1:
        message = f"{replicates} permutations were asked for; give at least 1 (10,000 are usual)."
        raise StatisticsError(message)


def sign_flip_test(
    differences: ArrayLike, replicates: int = 10_000, seed: int = 0, cluster: ArrayLike | None = None
) -> float:
    """Two-sided p value of a mean paired difference; a patient's differences change sign together.

    Raises:
        StatisticsError: Values that are not finite, no permutations asked for.
    """
    values = checks.finite(differences, "differences")
    _asked(replicates)
    sums = np.bincount(_units(cluster, values.size), weights=values)
    seen = abs(float(sums.sum())) - 1e-12 * float(np.abs(sums).sum())
    extreme = tried = 0
    for swapped in _swaps(sums.size, replicates, seed, sums.size):
        totals = np.where(swapped, -1.0, 1.0) @ sums
        extreme += int((np.abs(totals) >= seen).sum())
        tried += totals.size
    return _p(extreme, tried, sums.size)


def swap_test(
    statistic: Statistic, n: int, replicates: int = 2_000, seed: int = 0, cluster: ArrayLike | None = None
) -> float:
    """Two-sided p value of a difference in any measure, by swapping learners within patients.

    Args:
        statistic: A statistic over 2 n rows: the first learner's n rows, then the second's in the same order.
        n: Number of cases.
        replicates: Random permutations; ignored where all can be tried.
        seed: Of the random stream.
        cluster: Shape (n,), each case's patient; a patient's cases are swapped together.

    Raises:
        StatisticsError: The statistic is not defined on the sample, no permutations asked for.
    """
    _asked(replicates)
    unit = _units(cluster, n)
    units = int(unit.max()) + 1
    nobody = np.zeros((1, n))
    seen = float(_difference(statistic, nobody.astype(np.bool_))[0])
    if not np.isfinite(seen):
        message = f"The statistic is not defined on these {n} cases, so it cannot be compared by permutation."
        raise StatisticsError(message)
    extreme = tried = 0
    for swapped in _swaps(units, replicates, seed, 2 * n):
        found = _difference(statistic, swapped[:, unit])
        found = found[np.isfinite(found)]
        extreme += int((np.abs(found) >= abs(seen) - 1e-12).sum())
        tried += found.size
    return _p(extreme, tried, units)


def _difference(statistic: Statistic, swapped: Booleans) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    second = swapped.astype(np.float64)
    first = 1.0 - second
    return statistic(np.hstack([first, second])) - statistic(np.hstack([second, first]))


def auroc_swap_test(
    a: ArrayLike,
    b: ArrayLike,
    label: ArrayLike,
    replicates: int = 2_000,
    seed: int = 0,
    cluster: ArrayLike | None = None,
) -> float:
    """Two-sided p value of a difference in AUROC by swapping the learners' ranks within patients (Bandos 2005).

    Raises:
        StatisticsError: One class only, NaN, wrong shapes.
    """
    one, two = checks.vector(a, "first score"), checks.vector(b, "second score", np.size(a))
    positive = checks.labels(label, one.size)
    checks.two_classes(positive)
    # Learners may use different scales: only ranks can change places.
    stacked = auroc_statistic(np.concatenate([rankdata(one), rankdata(two)]), np.concatenate([positive, positive]))
    return swap_test(stacked, one.size, replicates, seed, cluster)
