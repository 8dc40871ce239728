"""AUC over time: pairs counted one by one, ordinary AUROC without censoring, no bias by censoring or late entry."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from tests.endpoints.times import hazards, incidence, simulated
from tests.stats.cases import given, law
from tests.stats.timed_cases import Sample, copies, samples, slow_uncensored

from bedside.endpoints.time_to_event.outcome import times_of
from bedside.stats.auc_over_time import auc_statistic
from bedside.stats.times import Times
from bedside.types import Floats


def by_pairs(times: Times, risk: Floats, at: float) -> float:
    """Every case with the event against every control, by inverse-probability-of-censoring weights."""
    won = every = 0.0
    watched = slow_uncensored(times, at, before=True)
    for i in range(len(times)):
        if times.event[i] != 1 or times.time[i] > at:
            continue
        own = slow_uncensored(times, times.time[i], before=True)
        for j in range(len(times)):
            if times.event[j] > 1 and times.time[j] <= at:
                other = slow_uncensored(times, times.time[j], before=True)
            elif times.time[j] > at or (times.time[j] == at and times.event[j] == 0):
                other = watched
            else:
                continue
            every += 1 / own / other
            won += ((risk[i] > risk[j]) + 0.5 * (risk[i] == risk[j])) / own / other
    return won / every if every else float("nan")


@law
@given(samples(most=25, late=False))
def test_it_agrees_with_counting_pairs(one: Sample) -> None:
    at = float(np.median(one.times.time))
    found = auc_statistic(one.times, one.risk, at)(one.weights)
    for value, weights in zip(found, one.weights, strict=True):
        copied, rows = copies(one.times, weights)
        if np.isfinite(value):
            assert value == pytest.approx(by_pairs(copied, one.risk[rows], at))
        else:
            nobody = not ((copied.time > at) | ((copied.time == at) & (copied.event == 0))).any()
            assert nobody or np.isnan(by_pairs(copied, one.risk[rows], at))


def test_without_censoring_it_is_the_ordinary_area() -> None:
    x, outcomes = simulated(300, 1, causes=2)
    times = times_of([one for one in outcomes if one.event])
    risk = hazards(x, 2)[[one.event > 0 for one in outcomes], 0]
    label = (times.event == 1) & (times.time <= 8.0)
    found = auc_statistic(times, risk, 8.0)(np.ones((1, len(times))))[0]
    assert found == pytest.approx(roc_auc_score(label, risk))


@pytest.mark.parametrize("truncated", [False, True])
@pytest.mark.parametrize("causes", [1, 2])
def test_censoring_and_late_entries_leave_no_bias(causes: int, truncated: bool) -> None:
    x, outcomes = simulated(6_000, 2, causes=causes, truncated=truncated)
    found = auc_statistic(times_of(outcomes), x[:, 0], 10.0)(np.ones((1, 6_000)))[0]
    everybody = np.random.default_rng(3).normal(size=(100_000, 3))
    chance = incidence(everybody, np.array([10.0]), causes)[:, 0, 0]
    order = np.argsort(everybody[:, 0])
    below = np.cumsum(1 - chance[order])
    truth = float((chance[order] * below).sum() / chance.sum() / (1 - chance).sum())
    assert found == pytest.approx(truth, abs=0.012)


def test_no_case_no_control_and_nobody_watched_leave_it_undefined() -> None:
    risk, one = np.array([0.1, 0.2, 0.3]), np.ones((1, 3))
    times = Times.of(np.array([2.0, 3.0, 4.0]), np.array([1, 1, 1]))
    assert np.isnan(auc_statistic(times, risk, 1.0)(one)).all()
    assert np.isnan(auc_statistic(times, risk, 4.0)(one)).all()
    assert auc_statistic(times, risk, 3.0)(one)[0] == 0.0
    watched = Times.of(np.array([2.0, 3.0, 4.0]), np.array([1, 2, 0]))
    assert np.isnan(auc_statistic(watched, risk, 5.0)(one)).all()
    assert np.isnan(auc_statistic(Times.of(np.ones(3), np.zeros(3, dtype=np.int64)), risk, 2.0)(one)).all()
