"""Non-inferiority and equivalence against a margin declared before the data were seen.

Absence of a significant difference is not equivalence: that needs an interval inside the margins.
Sources: Schuirmann 1987, J Pharmacokinet Biopharm 15:657 (two one-sided tests); Piaggio et al. 2012, JAMA 308:2594
(CONSORT for non-inferiority).
"""

import math
from typing import NamedTuple

from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from bedside.errors import StatisticsError
from bedside.stats.bootstrap import usable


class MarginTest(NamedTuple):
    """The outcome of a test against a margin.

    Attributes:
        value: Difference, larger is better for the first.
        low, high: The interval that decides: one-sided bound (high infinite) for non-inferiority, the 1 - 2 alpha
            interval for equivalence.
        p: One-sided p value (the larger of two for equivalence).
        margin: As declared.
        holds: Whether the claim is shown at alpha.
        method: Words for the methods section.
    """

    value: float
    low: float
    high: float
    p: float
    margin: float
    holds: bool
    method: str


def _check(error: float, margin: float, alpha: float) -> None:
    if not margin > 0.0 or not math.isfinite(margin):
        message = f"The margin is {margin!r}; declare a positive number in the units of the measure."
        raise StatisticsError(message)
    if not 0.0 < alpha < 0.5:
        message = f"Alpha is {alpha!r}; a one-sided error rate lies between 0 and 0.5, usually 0.025 or 0.05."
        raise StatisticsError(message)
    if not error > 0.0:
        message = f"The standard error is {error!r}; without variation a margin cannot be tested."
        raise StatisticsError(message)


def _tail(statistic: float, degrees: float) -> float:
    """Probability of a value above the statistic."""
    return float(ndtr(-statistic)) if math.isinf(degrees) else float(stdtr(degrees, -statistic))


def _quantile(alpha: float, degrees: float) -> float:
    return float(ndtri(1.0 - alpha)) if math.isinf(degrees) else float(stdtrit(degrees, 1.0 - alpha))


def non_inferiority(
    value: float, error: float, margin: float, alpha: float = 0.025, degrees: float = math.inf
) -> MarginTest:
    """Whether the first is not worse than the second by the margin: the lower bound lies above -margin.

    Args:
        value: Difference, first minus second, larger is better.
        error: Its standard error (paired, clustered, as the design asks).
        margin: Largest loss that would be accepted, positive.
        alpha: One-sided error rate.
        degrees: Of freedom of the error; infinite for a normal reference.

    Raises:
        StatisticsError: A margin that is not positive, no variation, alpha outside (0, 0.5).
    """
    _check(error, margin, alpha)
    low = value - _quantile(alpha, degrees) * error
    p = _tail((value + margin) / error, degrees)
    return MarginTest(value, low, math.inf, p, margin, p <= alpha, f"non-inferiority, one-sided alpha {alpha:g}")


def equivalence(
    value: float, error: float, margin: float, alpha: float = 0.05, degrees: float = math.inf
) -> MarginTest:
    """Whether the difference lies within +- margin: two one-sided tests (Schuirmann 1987).

    Args and errors as `non_inferiority`.
    """
    _check(error, margin, alpha)
    half = _quantile(alpha, degrees) * error
    p = max(_tail((value + margin) / error, degrees), _tail((margin - value) / error, degrees))
    method = f"equivalence, two one-sided tests, alpha {alpha:g}"
    return MarginTest(value, value - half, value + half, p, margin, p <= alpha, method)


def bootstrap_margin(value: float, replicates: ArrayLike, margin: float, alpha: float = 0.025) -> MarginTest:
    """Non-inferiority from bootstrap replicates of the difference: share of them at or below -margin.

    Raises:
        StatisticsError: Too few usable replicates, a margin that is not positive, alpha outside (0, 0.5).
    """
    kept = usable(replicates)
    _check(1.0, margin, alpha)
    beyond = int((kept <= -margin).sum())
    p = (beyond + 1) / (kept.size + 1)
    ordered = sorted(kept.tolist())
    low = ordered[max(0, math.ceil(alpha * (kept.size + 1)) - 1)]
    return MarginTest(value, low, math.inf, p, margin, p <= alpha, f"non-inferiority, bootstrap, alpha {alpha:g}")
