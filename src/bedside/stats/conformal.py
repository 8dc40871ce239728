"""Is the stated uncertainty true: coverage of prediction sets, and risk when the model may abstain.

Coverage is over patients, not for one patient, and only for patients like those calibrated on.
Sources: Vovk 2012, ACML (coverage given the calibration sample); Angelopoulos and Bates 2023, Found Trends Mach Learn
16:494; Geifman and El-Yaniv 2017, NIPS (selective prediction); Ding et al. 2023, NeurIPS (class-conditional).
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaincinv

from bedside.errors import StatisticsError
from bedside.stats import checks
from bedside.stats.estimate import Estimate, Estimated, NotEstimable
from bedside.stats.interval import normal_quantile
from bedside.stats.proportion import clustered_wilson, wilson
from bedside.stats.roc import Statistic, ladder, ratio
from bedside.types import Floats, Weights


def coverage(covered: ArrayLike, level: float = 0.95, cluster: ArrayLike | None = None) -> Estimate:
    """Share of cases whose prediction set or interval held the outcome.

    Raises:
        StatisticsError: Values other than 0 and 1; with `cluster`, fewer than two patients.
    """
    hit = checks.labels(covered)
    if cluster is None:
        limits = wilson(int(hit.sum()), hit.size, level)
        return Estimate(float(hit.mean()), limits.low, limits.high, level, hit.size, hit.size, limits.method)
    found = clustered_wilson(hit, cluster, level)
    return Estimate(found.value, found.low, found.high, level, found.cases, found.patients, found.method)


def coverage_by(
    covered: ArrayLike,
    group: ArrayLike,
    *,
    least: int = 20,
    level: float = 0.95,
    cluster: ArrayLike | None = None,
) -> Mapping[str, Estimated]:
    """Coverage in each group or outcome class; groups with fewer than `least` patients are not estimated.

    Raises:
        StatisticsError: Different lengths, values other than 0 and 1.
    """
    hit = checks.labels(covered)
    names, code = np.unique(np.asarray(group), return_inverse=True)
    checks.codes(code, "group", hit.size)
    unit = np.arange(hit.size) if cluster is None else checks.codes(cluster, "cluster", hit.size)
    found: dict[str, Estimated] = {}
    for k, name in enumerate(names.tolist()):
        inside = code == k
        patients = np.unique(unit[inside]).size
        if patients < max(least, 2):
            reason = f"{patients} patients; groups of at least {max(least, 2)} are estimated"
            found[str(name)] = NotEstimable(reason, int(inside.sum()), patients)
        else:
            found[str(name)] = coverage(hit[inside], level, None if cluster is None else unit[inside])
    return found


def coverage_range(calibration: int, miscoverage: float, level: float = 0.95) -> tuple[float, float]:
    """Where the true coverage of a split conformal predictor lies, over calibration samples of this size.

    Coverage given the calibration sample follows Beta(k, n + 1 - k), k = ceil((n + 1) (1 - miscoverage)) (Vovk 2012):
    a coverage in this range is no evidence against the method.

    Raises:
        StatisticsError: Too small a calibration sample for the coverage asked, a value outside its range.
    """
    normal_quantile(level)
    if not 0.0 < miscoverage < 1.0:
        message = f"Miscoverage is {miscoverage!r}; give a share strictly between 0 and 1, usually 0.05 or 0.1."
        raise StatisticsError(message)
    rank = math.ceil((calibration + 1) * (1.0 - miscoverage) - 1e-9)
    if rank > calibration or calibration < 1:
        need = math.ceil(1.0 / miscoverage) - 1
        message = (
            f"{calibration} calibration cases cannot give {1 - miscoverage:.0%} coverage; at least {need} are needed."
        )
        raise StatisticsError(message)
    tail = (1.0 - level) / 2.0
    other = calibration + 1 - rank
    return float(betaincinv(rank, other, tail)), float(betaincinv(rank, other, 1.0 - tail))


class RiskCoverage(NamedTuple):
    """Risk among the cases the model answers, as it abstains on the least certain.

    Attributes:
        coverage: Share answered, rising to 1; one point for each distinct confidence.
        risk: Mean loss among them.
        threshold: Least confidence answered.
        area: Area under the curve by cases (lower is better); the risk at full coverage when confidence says nothing.
    """

    coverage: Floats
    risk: Floats
    threshold: Floats
    area: float


def risk_coverage(confidence: ArrayLike, loss: ArrayLike) -> RiskCoverage:
    """The risk-coverage curve; cases of equal confidence are answered or left together.

    Raises:
        StatisticsError: NaN, different lengths.
    """
    sure = checks.vector(confidence, "confidence")
    lost = checks.finite(loss, "loss", sure.size)
    steps = ladder(sure)
    answered = (steps.ends + 1).astype(np.float64)
    risk = np.cumsum(lost[steps.order])[steps.ends] / answered
    area = float(np.diff(answered, prepend=0.0) @ risk) / sure.size
    return RiskCoverage(answered / sure.size, risk, steps.threshold, area)


def selective_risk_statistic(confidence: ArrayLike, loss: ArrayLike, threshold: float) -> Statistic:
    """Mean loss of the cases with confidence >= threshold (chosen on tuning), as a function of weights.

    Raises:
        StatisticsError: NaN, different lengths, a threshold that leaves no case.
    """
    sure = checks.vector(confidence, "confidence")
    lost = checks.finite(loss, "loss", sure.size)
    kept = (sure >= threshold).astype(np.float64)
    if not kept.any():
        message = f"No case has a confidence of {threshold:g} or more; the model would answer none."
        raise StatisticsError(message)

    def statistic(weights: Weights) -> Floats:
        matrix = checks.weight_matrix(weights, sure.size)
        return ratio(matrix @ (kept * lost), matrix @ kept)

    return statistic


def abstention_threshold(confidence: ArrayLike, loss: ArrayLike, risk: float) -> float:
    """Smallest confidence on tuning cases down to which the mean loss stays at most `risk`.

    The point estimate on tuning, not a guarantee: judge it on test.

    Raises:
        StatisticsError: No threshold meets the risk.
    """
    curve = risk_coverage(confidence, loss)
    meets = np.flatnonzero(curve.risk <= risk)
    if meets.size == 0:
        message = f"No threshold keeps the risk at {risk:g}; the least it reaches is {curve.risk.min():g}."
        raise StatisticsError(message)
    return float(curve.threshold[meets[-1]])
