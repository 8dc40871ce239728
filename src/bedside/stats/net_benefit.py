"""Decision curves: net benefit of acting on a prediction, against acting on all and on none.

At threshold t a false positive costs t / (1 - t) of a true positive. No p values belong to these curves.
Sources: Vickers and Elkin 2006, Med Decis Making 26:565; Kerr et al. 2016, J Clin Oncol 34:2534 (standardised);
Vickers et al. 2008, BMC Med Inform Decis Mak 8:53 (interventions avoided, case-control); Zou 2008, J Biopharm Stat
18:1013 (limits from those of the two rates).
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from bedside.errors import StatisticsError
from bedside.stats import checks
from bedside.stats.interval import Contrast, Limits
from bedside.stats.mean import mean_test
from bedside.stats.proportion import clustered_wilson, weighted_wilson, wilson
from bedside.stats.roc import Statistic, ladder, ratio
from bedside.types import Booleans, Floats, Weights


def harm(threshold: float) -> float:
    """Odds of the threshold: what a false positive costs in true positives.

    Raises:
        StatisticsError: A threshold outside [0, 1).
    """
    if not 0.0 <= threshold < 1.0:
        message = f"Threshold probability is {threshold!r}; give a number of at least 0 and below 1."
        raise StatisticsError(message)
    return threshold / (1.0 - threshold)


def _prevalence(prevalence: float | None) -> None:
    if prevalence is not None and not 0.0 < prevalence < 1.0:
        message = f"Target prevalence is {prevalence!r}; give a share strictly between 0 and 1."
        raise StatisticsError(message)


def net_benefit_statistic(
    probability: ArrayLike, label: ArrayLike, threshold: float, prevalence: float | None = None
) -> Statistic:
    """Net benefit of treating where probability >= threshold, as a function of weights.

    Args:
        probability: Shape (n,).
        label: Shape (n,).
        threshold: Threshold probability, 0 <= threshold < 1.
        prevalence: Of the population the curve is meant for, when the sample is enriched; by default the sample's.

    Returns:
        Weights (b, n) to net benefit (b,), true positives per patient; NaN where a replicate has no weight or, at a
        declared prevalence, lacks a class.

    Raises:
        StatisticsError: Values outside their range, NaN, wrong shapes.
    """
    chance = checks.probabilities(probability)
    positive = checks.labels(label, chance.size)
    odds = harm(threshold)
    _prevalence(prevalence)
    flagged = chance >= threshold
    columns = np.column_stack([positive & flagged, ~positive & flagged, positive, ~positive]).astype(np.float64)

    def statistic(weights: Weights) -> Floats:
        hits, alarms, ill, well = (checks.weight_matrix(weights, chance.size) @ columns).T
        if prevalence is None:
            return ratio(hits - odds * alarms, ill + well)
        return prevalence * ratio(hits, ill) - (1.0 - prevalence) * odds * ratio(alarms, well)

    return statistic


class DecisionCurve(NamedTuple):
    """Net benefit over thresholds, arrays of one length.

    Attributes:
        threshold: Threshold probabilities.
        model: Net benefit of acting on the prediction.
        low, high: Its limits.
        treat_all: Net benefit of acting on everyone; acting on nobody is 0.
        standardised: `model` over the prevalence: share of the greatest possible net benefit.
        avoided: Interventions avoided per patient against treating all, at no loss of true positives; 0 at
            threshold 0, where treating all is free.
        prevalence: Of the sample, or as declared.
        level: Of the limits.
    """

    threshold: Floats
    model: Floats
    low: Floats
    high: Floats
    treat_all: Floats
    standardised: Floats
    avoided: Floats
    prevalence: float
    level: float


def decision_curve(
    probability: ArrayLike,
    label: ArrayLike,
    thresholds: ArrayLike,
    *,
    prevalence: float | None = None,
    level: float = 0.95,
    cluster: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> DecisionCurve:
    """The decision curve with limits at each threshold; with weights, that of weighted cases.

    Raises:
        StatisticsError: One class, values outside their range, NaN, wrong shapes.
    """
    chance = checks.probabilities(probability)
    positive = checks.labels(label, chance.size)
    checks.two_classes(positive)
    at = checks.finite(thresholds, "thresholds")
    odds = np.array([harm(float(threshold)) for threshold in at])
    _prevalence(prevalence)
    stand = np.ones(chance.size) if weights is None else checks.finite(weights, "weights", chance.size)
    share = float(np.average(positive, weights=stand)) if prevalence is None else prevalence
    sensitivity, false_alarms = _rates(chance, positive, at, stand)
    model = share * sensitivity - (1.0 - share) * odds * false_alarms
    everyone = share - (1.0 - share) * odds
    limits = [
        net_benefit_interval(
            chance, positive, float(t), prevalence=prevalence, level=level, cluster=cluster, weights=weights
        )
        for t in at
    ]
    return DecisionCurve(
        threshold=at,
        model=model,
        low=np.array([each.low for each in limits]),
        high=np.array([each.high for each in limits]),
        treat_all=everyone,
        standardised=model / share,
        avoided=np.divide(model - everyone, odds, out=np.zeros_like(model), where=odds > 0),
        prevalence=share,
        level=level,
    )


def _rates(chance: Floats, positive: Booleans, thresholds: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Sensitivity and false positive rate at each threshold."""
    steps = ladder(chance)
    true, stand = positive[steps.order], weights[steps.order]
    flagged = chance.size - np.searchsorted(np.sort(chance), thresholds, side="left")
    hits = np.concatenate(([0.0], np.cumsum(stand * true)))
    alarms = np.concatenate(([0.0], np.cumsum(stand * ~true)))
    return hits[flagged] / hits[-1], alarms[flagged] / alarms[-1]


def net_benefit_interval(
    probability: ArrayLike,
    label: ArrayLike,
    threshold: float,
    *,
    prevalence: float | None = None,
    level: float = 0.95,
    cluster: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Limits:
    """Interval of a net benefit from Wilson's limits of the two rates it is made of; never of zero width.

    The rates are true and false positives among all cases (negatively correlated), or at a declared prevalence
    sensitivity and false positive rate (independent; taken so for repeated patients too).

    Raises:
        StatisticsError: Values outside their range; at a declared prevalence, one class only.
    """
    chance = checks.probabilities(probability)
    positive = checks.labels(label, chance.size)
    odds = harm(threshold)
    _prevalence(prevalence)
    flagged = chance >= threshold
    unit = None if cluster is None else checks.codes(cluster, "cluster", chance.size)

    stand = None if weights is None else checks.finite(weights, "weights", chance.size)

    def rate(success: Booleans, among: Booleans) -> tuple[float, float, float]:
        if stand is not None:
            return weighted_wilson(success[among], stand[among], level, None if unit is None else unit[among])
        if unit is None or np.unique(unit[among]).size < 2:
            limits = wilson(int(success[among].sum()), int(among.sum()), level)
            return float(success[among].mean()), limits.low, limits.high
        clustered = clustered_wilson(success[among], unit[among], level)
        return clustered.value, clustered.low, clustered.high

    if prevalence is None:
        everyone = np.ones(chance.size, dtype=np.bool_)
        hits, alarms = rate(positive & flagged, everyone), rate(~positive & flagged, everyone)
        spread = (1.0 - hits[0]) * (1.0 - alarms[0])
        correlation = -math.sqrt(hits[0] * alarms[0] / spread) if spread > 0 else 0.0
        gain, loss = 1.0, odds
    else:
        checks.two_classes(positive)
        hits, alarms, correlation = rate(flagged, positive), rate(flagged, ~positive), 0.0
        gain, loss = prevalence, (1.0 - prevalence) * odds
    value = gain * hits[0] - loss * alarms[0]
    down, up = gain * (hits[0] - hits[1]), gain * (hits[2] - hits[0])
    fall, rise = loss * (alarms[0] - alarms[1]), loss * (alarms[2] - alarms[0])
    below = math.sqrt(max(0.0, down**2 + rise**2 - 2.0 * correlation * down * rise))
    above = math.sqrt(max(0.0, up**2 + fall**2 - 2.0 * correlation * up * fall))
    return Limits(value - below, value + above, "limits of rates combined (Zou 2008)")


def net_benefit_difference(
    first: ArrayLike,
    second: ArrayLike,
    label: ArrayLike,
    threshold: float,
    level: float = 0.95,
    cluster: ArrayLike | None = None,
) -> Contrast:
    """Net benefit of the first prediction minus that of the second at one threshold, on the same cases.

    The p value is there for equivalence and for software that needs one; decision curves are read without it.

    Raises:
        StatisticsError: Values outside their range, fewer than two patients.
    """
    one, two = checks.probabilities(first), checks.probabilities(second, size=np.size(first))
    positive = checks.labels(label, one.size)
    worth = np.where(positive, 1.0, -harm(threshold))
    return mean_test(worth * ((one >= threshold).astype(np.float64) - (two >= threshold)), level, cluster)
