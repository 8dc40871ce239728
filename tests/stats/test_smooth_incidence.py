"""The smooth calibration curve under censoring runs along what is true."""

import numpy as np
import pytest
from tests.endpoints.times import incidence, simulated

from bedside.endpoints.time_to_event.outcome import times_of
from bedside.errors import StatisticsError
from bedside.stats.smooth_incidence import smooth_incidence
from bedside.stats.times import Times

HORIZON = 12.0


@pytest.mark.parametrize("causes", [1, 2])
def test_true_risks_lie_on_the_diagonal(causes: int) -> None:
    x, outcomes = simulated(4_000, 2, causes=causes)
    risk = incidence(x, np.array([HORIZON]), causes)[:, 0, 0]
    found = smooth_incidence(times_of(outcomes), risk, HORIZON)
    assert np.abs(found.observed - found.predicted).max() < 0.08
    assert (np.diff(found.predicted) > 0).all()


def test_risks_that_are_twice_as_high_lie_below() -> None:
    x, outcomes = simulated(2_000, 3)
    true = incidence(x, np.array([HORIZON]))[:, 0, 0]
    found = smooth_incidence(times_of(outcomes), 1 - (1 - true) ** 2, HORIZON)
    expected = 1 - np.sqrt(1 - found.predicted)
    assert np.abs(found.observed - expected).max() < 0.12
    middle = (found.predicted > 0.3) & (found.predicted < 0.9)
    assert (found.observed[middle] < found.predicted[middle]).all()


@pytest.mark.parametrize("seed", range(5))
def test_few_cases_still_have_a_curve(seed: int) -> None:
    x, outcomes = simulated(120, seed, causes=2)
    found = smooth_incidence(times_of(outcomes), incidence(x, np.array([6.0]), 2)[:, 0, 0], 6.0)
    assert np.isfinite(found.observed).all()
    assert ((found.observed >= 0) & (found.observed <= 1)).all()


def test_what_cannot_be_drawn_is_refused() -> None:
    x, outcomes = simulated(200, 1)
    with pytest.raises(StatisticsError, match="risks are equal"):
        smooth_incidence(times_of(outcomes), np.full(200, 0.3), HORIZON)
    late = simulated(200, 1, truncated=True)[1]
    with pytest.raises(StatisticsError, match="watched from 0 on"):
        smooth_incidence(times_of(late), np.linspace(0.1, 0.9, 200), HORIZON)
    with pytest.raises(StatisticsError, match="asked for 0 events"):
        smooth_incidence(times_of(outcomes), np.linspace(0.1, 0.9, 200), 1e-9)
    everybody = Times.of(np.arange(1.0, 21.0), np.ones(20, dtype=np.int64))
    with pytest.raises(StatisticsError, match="with and without the event"):
        smooth_incidence(everybody, np.linspace(0.1, 0.9, 20), 30.0)
    assert len(x) == 200
