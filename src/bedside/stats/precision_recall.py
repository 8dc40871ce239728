"""Interval of average precision.

Source: Boyd, Eng and Page 2013, ECML PKDD, LNCS 8190:451 (logit and binomial intervals).
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit

from bedside.stats import checks
from bedside.stats.bootstrap import bootstrap, percentile_interval
from bedside.stats.interval import Limits, normal_quantile
from bedside.stats.proportion import wilson
from bedside.stats.roc import average_precision_statistic


def average_precision_interval(score: ArrayLike, label: ArrayLike, level: float = 0.95) -> Limits:
    """Boyd's logit interval of average precision for independent cases; Wilson's form at a value of 1.

    The positives are taken as its sample size. It conditions on the sample's prevalence, which average precision
    depends on, and does not transport to another.

    Raises:
        StatisticsError: One class, NaN, wrong shapes.
    """
    scores = checks.vector(score, "score")
    positive = checks.labels(label, scores.size)
    cases, _ = checks.two_classes(positive)
    value = float(average_precision_statistic(scores, positive)(np.ones((1, scores.size)))[0])
    if value >= 1.0 - 1e-12:
        return Limits(wilson(cases, cases, level).low, 1.0, "Wilson score on the positives")
    half = normal_quantile(level) / np.sqrt(cases * value * (1.0 - value))
    centre = float(logit(value))
    return Limits(float(expit(centre - half)), float(expit(centre + half)), "logit (Boyd 2013)")


def average_precision_bootstrap(
    score: ArrayLike,
    label: ArrayLike,
    level: float = 0.95,
    *,
    replicates: int = 2_000,
    seed: int = 0,
    cluster: ArrayLike | None = None,
) -> Limits:
    """Percentile interval of average precision, patients being drawn; the form for repeated patients.

    Raises:
        StatisticsError: One class, too few usable replicates.
    """
    scores = checks.vector(score, "score")
    positive = checks.labels(label, scores.size)
    checks.two_classes(positive)
    patient = np.arange(scores.size) if cluster is None else checks.codes(cluster, "cluster", scores.size)
    found = bootstrap([average_precision_statistic(scores, positive)], patient, replicates, seed)[0]
    return percentile_interval(found, level)
