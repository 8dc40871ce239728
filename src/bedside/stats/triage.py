"""What a model does to a reading room: earlier review of positives, and reading left to the model.

Queue and arrivals are in `worklist`. Intervals carry both the sample of cases and the chance of the queue.
Sources: Thompson et al. 2024, J Med Imaging 11:024502; Efron 1987 (percentile intervals); Wilson 1927.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from bedside.errors import StatisticsError
from bedside.stats import checks
from bedside.stats.bootstrap import percentile_interval
from bedside.stats.conformal import coverage
from bedside.stats.estimate import Estimate
from bedside.stats.worklist import Worklist, waits
from bedside.types import Booleans, Floats, Integers


class Triage(NamedTuple):
    """Minutes until reading begins, first come first served against ordered by the model.

    Attributes:
        positives_first_come, positives_ordered: Mean wait of positive cases.
        saved: Mean wait saved per positive case (first come minus ordered), paired within simulated periods.
        slowest_first_come, slowest_ordered: 95th percentile of positives' waits: what a missed case pays.
        negatives_added: Mean wait added per negative case.
        load: Share of the readers' time asked for; near or above 1 waits depend on the length of the period.
        periods: Number of simulated periods.
    """

    positives_first_come: Estimate
    positives_ordered: Estimate
    saved: Estimate
    slowest_first_come: Estimate
    slowest_ordered: Estimate
    negatives_added: Estimate
    load: float
    periods: int


def triage(
    score: ArrayLike,
    label: ArrayLike,
    worklist: Worklist,
    *,
    threshold: float | None = None,
    prevalence: float | None = None,
    periods: int = 200,
    seed: int = 0,
    level: float = 0.95,
    cluster: ArrayLike | None = None,
) -> Triage:
    """Simulate a worklist with and without the model's order on the same arrivals and reading times.

    Each period draws patients anew from the sample (a bootstrap), so that limits are of the mean over a period like
    the simulated one, and carry the uncertainty of the model's scores.

    Args:
        score: Shape (n,), larger is more urgent.
        label: Shape (n,).
        worklist: How cases arrive and are read.
        threshold: Flag cases at or above it and read them first, in order of arrival; None orders by the score itself.
        prevalence: Of the reading room, when the sample is enriched.
        periods: How many periods to simulate.
        seed: Of the random streams.
        level: Nominal coverage.
        cluster: Shape (n,), each case's patient, drawn as a whole.

    Raises:
        StatisticsError: One class, NaN, fewer than 20 periods, or periods so short that positives hardly ever arrive.
    """
    scores = checks.vector(score, "score")
    positive = checks.labels(label, scores.size)
    checks.two_classes(positive)
    if periods < 20:
        message = f"{periods} periods were asked for; limits need at least 20 (200 are usual)."
        raise StatisticsError(message)
    urgency = scores if threshold is None else (scores >= threshold).astype(np.float64)
    unit = np.arange(scores.size) if cluster is None else checks.codes(cluster, "cluster", scores.size)
    found = np.full((periods, 6), np.nan)
    for period, child in enumerate(np.random.SeedSequence(seed).spawn(periods)):
        found[period] = _period(urgency, positive, unit, worklist, prevalence, np.random.default_rng(child))
    patients = int(unit.max()) + 1

    def estimate(column: int) -> Estimate:
        limits = percentile_interval(found[:, column], level)
        value = float(np.nanmean(found[:, column]))
        method = "simulated worklist, percentile over periods with redrawn patients"
        return Estimate(value, limits.low, limits.high, level, scores.size, patients, method)

    return Triage(
        positives_first_come=estimate(0),
        positives_ordered=estimate(1),
        saved=estimate(2),
        slowest_first_come=estimate(3),
        slowest_ordered=estimate(4),
        negatives_added=estimate(5),
        load=worklist.load,
        periods=periods,
    )


def _period(
    urgency: Floats,
    positive: Booleans,
    unit: Integers,
    worklist: Worklist,
    prevalence: float | None,
    stream: np.random.Generator,
) -> Floats:
    """The six numbers of one simulated period, in minutes; NaN where no positive or no negative case arrived."""
    arrival = worklist.arrivals(stream)
    drawn = _cases(positive, unit, prevalence, arrival.size, stream)
    duration = worklist.durations(arrival.size, stream)
    ill = positive[drawn]
    if ill.all() or not ill.any():
        return np.full(6, np.nan)
    before = 60.0 * waits(arrival, duration, None, worklist.readers)
    after = 60.0 * waits(arrival, duration, urgency[drawn], worklist.readers)
    first, ordered = float(before[ill].mean()), float(after[ill].mean())
    slow = [float(np.quantile(each[ill], 0.95)) for each in (before, after)]
    return np.array([first, ordered, first - ordered, *slow, float((after - before)[~ill].mean())])


def _cases(
    positive: Booleans, unit: Integers, prevalence: float | None, count: int, stream: np.random.Generator
) -> Integers:
    """Which case each arrival is: patients are redrawn, then cases of them."""
    patients = int(unit.max()) + 1
    weight = np.bincount(stream.integers(0, patients, patients), minlength=patients)[unit].astype(np.float64)
    if prevalence is not None:
        for mask, share in ((positive, prevalence), (~positive, 1.0 - prevalence)):
            total = weight[mask].sum()
            weight[mask] *= share / total if total > 0 else 0.0
    return np.asarray(stream.choice(positive.size, size=count, p=weight / weight.sum()), dtype=np.int64)


class Alone(NamedTuple):
    """What happens when the model alone dismisses cases below a threshold.

    Attributes:
        dismissed: Share of all cases nobody reads any more.
        missed: Share of positive cases among the dismissed, over all positives.
        safe: Share of dismissed cases that are negative (negative predictive value); None if none are dismissed.
        hours_saved: Reader hours saved per 100 cases.
    """

    dismissed: Estimate
    missed: Estimate
    safe: Estimate | None
    hours_saved: float


def reading_alone(
    score: ArrayLike,
    label: ArrayLike,
    threshold: float,
    reading_minutes: float,
    *,
    level: float = 0.95,
    cluster: ArrayLike | None = None,
) -> Alone:
    """Workload and misses when the model reads alone below a threshold (fixed on tuning), at the sample's prevalence.

    Raises:
        StatisticsError: One class, NaN, a reading time that is not positive; with `cluster`, fewer than two patients
            among the positives or the dismissed.
    """
    scores = checks.vector(score, "score")
    positive = checks.labels(label, scores.size)
    checks.two_classes(positive)
    if not reading_minutes > 0:
        message = f"Reading time is {reading_minutes!r} minutes; a number above 0 is needed."
        raise StatisticsError(message)
    below = scores < threshold
    unit = None if cluster is None else checks.codes(cluster, "cluster", scores.size)

    def share(success: Booleans, among: Booleans) -> Estimate:
        return coverage(success[among], level, None if unit is None else unit[among])

    dismissed = share(below, np.ones(scores.size, dtype=np.bool_))
    return Alone(
        dismissed=dismissed,
        missed=share(below, positive),
        safe=share(~positive, below) if below.any() else None,
        hours_saved=dismissed.value * 100.0 * reading_minutes / 60.0,
    )
