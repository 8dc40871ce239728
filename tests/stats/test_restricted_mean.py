"""Restricted mean: the area over a curve, and no bias of known risks."""

from itertools import pairwise

import numpy as np
import pytest
from tests.endpoints.times import incidence, simulated
from tests.stats.cases import given, law
from tests.stats.timed_cases import Sample, copies, samples, slow_incidence

from bedside.endpoints.time_to_event.outcome import times_of
from bedside.stats.restricted_mean import bias_statistic, predicted_loss
from bedside.stats.times import Times


def test_time_lost_is_the_area_under_a_curve_from_nothing_at_time_0() -> None:
    grid = np.array([1.0, 3.0, 4.0])
    curves = np.array([[0.2, 0.4, 0.5], [0.0, 0.0, 1.0]])
    np.testing.assert_allclose(predicted_loss(curves, grid), [0.1 + 0.6 + 0.45, 0.5])


@law
@given(samples(late=False))
def test_it_is_the_area_between_the_observed_and_the_predicted_curve(one: Sample) -> None:
    until = float(np.quantile(one.times.time, 0.7))
    loss = one.risk * until / 2
    found = bias_statistic(one.times, loss, until)(one.weights)
    for value, weights in zip(found, one.weights, strict=True):
        copied, rows = copies(one.times, weights)
        if np.isfinite(value):
            steps = np.unique(np.concatenate([[0.0, until], copied.time[copied.time < until]]))
            area = sum(slow_incidence(copied, 1, float(low)) * (high - low) for low, high in pairwise(steps))
            assert value == pytest.approx(area - loss[rows].mean(), abs=1e-9)


@pytest.mark.parametrize("truncated", [False, True])
@pytest.mark.parametrize("causes", [1, 2])
def test_known_risks_promise_what_is_had(causes: int, truncated: bool) -> None:
    grid = np.linspace(0.25, 20.0, 80)
    x, outcomes = simulated(8_000, 7, causes=causes, truncated=truncated)
    loss = predicted_loss(incidence(x, grid, causes)[:, 0], grid)
    statistic = bias_statistic(times_of(outcomes), loss, 20.0)
    assert statistic(np.ones((1, 8_000)))[0] == pytest.approx(0.0, abs=0.35)
    assert bias_statistic(times_of(outcomes), 0.8 * loss, 20.0)(np.ones((1, 8_000)))[0] > 0.8


def test_nobody_watched_until_then_leaves_it_undefined() -> None:
    times = Times.of(np.array([1.0, 2.0]), np.array([1, 0]))
    assert np.isnan(bias_statistic(times, np.array([0.5, 0.5]), 3.0)(np.ones((1, 2)))).all()
