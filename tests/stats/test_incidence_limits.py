"""Observed incidence with limits: Greenwood's where it is Greenwood's, and the bootstrap's elsewhere."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.endpoints.times import incidence, simulated

from bedside.endpoints.time_to_event.outcome import times_of
from bedside.errors import StatisticsError
from bedside.stats.incidence_limits import observed_incidence
from bedside.stats.times import Times
from bedside.types import Floats

# Freireich et al. 1963, as in Kalbfleisch and Prentice 2002, table 1.1: weeks of remission under 6-mercaptopurine.
REMISSION = np.array([6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35], dtype=np.float64)
RELAPSE = np.array([1] * 9 + [0] * 12, dtype=np.int64)


def test_the_remission_times_have_their_published_survival_and_error() -> None:
    """R's survfit prints survival 0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448 with these standard errors."""
    at = np.array([6.0, 7.0, 10.0, 13.0, 16.0, 22.0, 23.0])
    found = observed_incidence(Times.of(REMISSION, RELAPSE), at)
    published = np.array([0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448])
    errors = np.array([0.0764, 0.0869, 0.0963, 0.1068, 0.1141, 0.1282, 0.1346])
    assert 1 - found.value == pytest.approx(published, abs=5e-4)
    assert found.at_risk.tolist() == [21, 17, 15, 12, 11, 7, 6]
    middle = np.log(-np.log(published))
    half = 1.959964 * errors / (published * -np.log(published))
    assert 1 - found.low == pytest.approx(np.exp(-np.exp(middle - half)), abs=2e-3)
    assert 1 - found.high == pytest.approx(np.exp(-np.exp(middle + half)), abs=2e-3)


@given(st.integers(5, 60), st.integers(0, 1000))
def test_without_censoring_it_is_the_share_and_its_binomial_error(n: int, seed: int) -> None:
    stream = np.random.default_rng(seed)
    times = Times.of(stream.exponential(1.0, n) + 1e-6, stream.integers(1, 3, n))
    at = np.array([0.5, 1.0, 2.0])
    found = observed_incidence(times, at)
    share = ((times.event == 1) & (times.time[:, None] <= at).T).mean(axis=1)
    assert found.value == pytest.approx(share)
    inside = (share > 0) & (share < 1)
    free = 1 - share[inside]
    error = np.sqrt(free * (1 - free) / n)
    assert found.high[inside] == pytest.approx(1 - free ** np.exp(1.959964 * error / (free * -np.log(free))))
    known = np.isfinite(found.value)
    assert (found.low[known] <= found.value[known]).all()
    assert (found.value[known] <= found.high[known]).all()


@pytest.mark.parametrize("causes", [1, 2])
def test_the_error_is_that_of_a_bootstrap_by_patient(causes: int) -> None:
    x, outcomes = simulated(300, 3, causes=causes, truncated=True)
    every = times_of([*outcomes, *outcomes])
    patient = np.tile(np.arange(300), 2)
    at = np.array([5.0, 15.0, 30.0])
    found = observed_incidence(every, at, patient=patient)
    single = times_of(outcomes)
    assert found.value == pytest.approx(observed_incidence(single, at).value)
    assert found.low == pytest.approx(observed_incidence(single, at).low), "a copy tells nothing"
    stream = np.random.default_rng(0)
    drawn = np.array([_again(single, stream.integers(0, 300, 300), at) for _ in range(400)])
    free = 1 - found.value
    error = np.log(np.log(1 - found.high) / np.log(free)) / 1.959964 * free * -np.log(free)
    assert error == pytest.approx(drawn.std(axis=0), rel=0.2)
    assert x.shape == (300, 3)


def _again(times: Times, rows: "np.typing.NDArray[np.int64]", at: Floats) -> Floats:
    return observed_incidence(Times(times.time[rows], times.event[rows], times.entry[rows]), at).value


def test_limits_hold_the_truth_about_as_often_as_they_say() -> None:
    at = np.array([10.0, 25.0])
    held = []
    for seed in range(150):
        x, outcomes = simulated(80, seed, causes=2)
        # The truth of these very cases varies less than they do, so that limits are wide rather than narrow.
        truth = incidence(np.random.default_rng(0).normal(size=(20_000, 3)), at, 2)[:, 0].mean(axis=0)
        found = observed_incidence(times_of(outcomes), at)
        held.append((found.low <= truth) & (truth <= found.high))
        assert len(x) == 80
    assert np.mean(held) == pytest.approx(0.95, abs=0.035)


def test_nothing_seen_is_not_nothing_possible() -> None:
    times = Times.of(np.array([5.0, 6.0, 7.0]), np.zeros(3, dtype=np.int64))
    found = observed_incidence(times, np.array([0.0, 5.5, 8.0]))
    assert found.value[:2].tolist() == [0.0, 0.0]
    assert np.isnan(found.value[2])
    assert found.high[1] == pytest.approx(1 - 0.025 ** (1 / 2))
    assert found.at_risk.tolist() == [3, 2, 0]


def test_one_patient_says_nothing_of_others() -> None:
    times = Times.of(np.array([1.0, 5.0]), np.array([1, 0]))
    found = observed_incidence(times, np.array([2.0]), patient=np.zeros(2, dtype=np.int64))
    assert (found.low[0], found.high[0]) == (0.0, 1.0)


def test_no_cases_and_times_that_fall_are_refused() -> None:
    times = Times.of(np.array([1.0]), np.array([1]))
    with pytest.raises(StatisticsError, match="times from 0 on that rise"):
        observed_incidence(times, np.array([2.0, 1.0]))
    with pytest.raises(StatisticsError, match="at least one case"):
        observed_incidence(Times.of(np.empty(0), np.empty(0, dtype=np.int64)), np.array([1.0]))
