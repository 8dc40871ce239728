"""Do 95 % intervals of measures of times to events cover 95 %? By simulation, percentile bootstrap by patient.

Cases are censored, half come late in a second population, and a second cause competes in a third. The model that is
judged is wrong on purpose: it sees one predictor with noise, and its risks are too low and too timid.
"""

from functools import cache

import numpy as np
import pytest
from tests.endpoints.times import incidence, simulated

from bedside.endpoints.endpoint import Reference
from bedside.endpoints.time_to_event.kind import TimeEndpoint, time_to_event
from bedside.endpoints.time_to_event.outcome import Followed, Incidence
from bedside.endpoints.time_to_event.target import timed
from bedside.stats.bootstrap import multiplicities
from bedside.types import Floats

pytestmark = pytest.mark.slow

POPULATIONS = {"censored": (1, False), "late": (1, True), "competing": (2, False)}
SIZES = (100, 400)
REPETITIONS, REPLICATES = 200, 400
MANY = 40_000
COVERS = (0.93, 0.97)
KNOWN = {("late", "calibration_ratio_at_10", 400): (0.91, 0.97)}
"""Where a method is known to miss the band, by population, measure and size: what it keeps instead.

Where many come late, few are at risk in the beginning, and the observed share hangs on them.
"""


def endpoint(causes: int) -> TimeEndpoint:
    words = ("death", "transplant")[:causes]
    return time_to_event(horizon=10, unit="months", until=15, steps=10, causes=words, thresholds=(0.3,))


def judged(n: int, seed: int, population: str) -> tuple[list[Followed], list[Incidence]]:
    causes, truncated = POPULATIONS[population]
    x, outcomes = simulated(n, seed, causes=causes, truncated=truncated)
    noise = np.random.default_rng([seed, 1]).normal(scale=0.7, size=x.shape)
    told = 0.9 * incidence(np.column_stack([0.6 * (x[:, 0] + noise[:, 0]), 0 * x[:, 1]]), grid(causes), causes)
    return outcomes, list(told)


def grid(causes: int) -> Floats:
    return timed(endpoint(causes), "a simulation").grid


def values(n: int, seed: int, population: str, replicates: int) -> dict[str, Floats]:
    """Of each measure the value and its replicates."""
    outcomes, told = judged(n, seed, population)
    found = {}
    for measure in endpoint(POPULATIONS[population][0]).measures(Reference((), (), ())):
        given = measure.contribute(outcomes, told)
        weights = [np.ones((1, n))]
        if replicates:
            weights += list(multiplicities(np.arange(n), replicates, seed))
        found[measure.name] = measure.statistic(given.rows)(np.concatenate(weights))
    return found


@cache
def truth(population: str) -> dict[str, float]:
    several = [values(MANY // 10, 10_000 + k, population, 0) for k in range(40)]
    return {name: float(np.mean([one[name][0] for one in several])) for name in several[0]}


@cache
def coverage(population: str, n: int) -> dict[str, float]:
    inside: dict[str, list[bool]] = {}
    for seed in range(REPETITIONS):
        for name, found in values(n, seed, population, REPLICATES).items():
            kept = found[1:][np.isfinite(found[1:])]
            if kept.size < 0.9 * REPLICATES:
                continue
            low, high = np.quantile(kept, [0.025, 0.975])
            inside.setdefault(name, []).append(bool(low <= truth(population)[name] <= high))
    return {name: float(np.mean(each)) for name, each in inside.items()}


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("population", POPULATIONS)
def test_intervals_cover(population: str, n: int) -> None:
    error = 2 * np.sqrt(0.95 * 0.05 / REPETITIONS)
    missed = {}
    for name, share in coverage(population, n).items():
        low, high = KNOWN.get((population, name, n), COVERS)
        if not low - error <= share <= high + error:
            missed[name] = share
    assert not missed
