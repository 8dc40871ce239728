"""Censored outcomes: weights and pseudo-values against hand-worked examples, simulation and their laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bedside.errors import StatisticsError
from bedside.stats.censoring import (
    CENSORED,
    COMPETING,
    EVENT,
    WATCHED,
    FollowUp,
    censoring_weights,
    fit_censoring,
    pseudo_values,
)

ENDINGS = st.sampled_from([CENSORED, EVENT, COMPETING, WATCHED])
CASES = st.lists(st.tuples(st.integers(0, 9), ENDINGS), min_size=2, max_size=25)


def made(cases: list[tuple[int, int]]) -> FollowUp:
    days, endings = zip(*cases, strict=True)
    return FollowUp(np.array(days, dtype=np.float64), np.array(endings))


def simulated(n: int, seed: int, *, horizon: float = 10.0) -> tuple[FollowUp, NDArray[np.bool_]]:
    """Independent exponential events, competing events and censorings; the truth at the horizon too."""
    rng = np.random.default_rng(seed)
    event, rival, censored = rng.exponential(15, n), rng.exponential(30, n), rng.exponential(20, n)
    days = np.minimum.reduce([event, rival, censored, np.full(n, horizon)])
    ending = np.select([days == event, days == rival, days == censored], [EVENT, COMPETING, CENSORED], WATCHED)
    return FollowUp(days, ending), (event < rival) & (event <= horizon)


def test_the_censoring_curve_by_hand_with_events_before_censorings_at_ties() -> None:
    # At 2 days: 5 at risk, one event first, then one of 4 is censored. At 4 days: the last of 2 known, one censored.
    sample = made([(1, EVENT), (2, EVENT), (2, CENSORED), (3, WATCHED), (4, EVENT), (4, CENSORED)])
    curve = fit_censoring(sample)
    assert curve.days.tolist() == [2, 4]
    assert curve.observed == pytest.approx([0.75, 0.0])
    weights = censoring_weights(curve, sample)
    assert weights.weights == pytest.approx([1, 1, 0, 1 / 0.75, 1 / 0.75, 0])
    assert weights.truncated == 0


@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from([EVENT, COMPETING, WATCHED])), min_size=1, max_size=25))
def test_without_censoring_all_weights_are_one_and_pseudo_values_are_the_outcomes(cases: list[tuple[int, int]]) -> None:
    sample = made(cases)
    weights = censoring_weights(fit_censoring(sample), sample)
    assert (weights.weights == 1.0).all()
    assert weights.effective == pytest.approx(len(sample))
    assert pseudo_values(sample) == pytest.approx((sample.ending == EVENT).astype(float), abs=1e-9)


@given(CASES)
def test_pseudo_values_agree_with_leaving_each_out_in_turn(cases: list[tuple[int, int]]) -> None:
    sample = made(cases)
    n = len(sample)

    def incidence(days: NDArray[np.float64], ending: NDArray[np.int64]) -> float:
        alive, total = 1.0, 0.0
        for day in np.unique(days):
            here, risk = ending[days == day], float((days >= day).sum())
            total += alive * (here == EVENT).sum() / risk
            alive *= 1 - (here != CENSORED).sum() / risk
        return total

    whole = incidence(sample.days, sample.ending)
    slow = [n * whole - (n - 1) * incidence(np.delete(sample.days, k), np.delete(sample.ending, k)) for k in range(n)]
    assert pseudo_values(sample) == pytest.approx(slow, abs=1e-9)


@given(CASES)
def test_the_order_of_samples_decides_nothing(cases: list[tuple[int, int]]) -> None:
    sample = made(cases)
    order = np.argsort(np.arange(len(sample)) * 7 % 11, kind="stable")
    assert pseudo_values(sample[order]) == pytest.approx(pseudo_values(sample)[order])
    shuffled = censoring_weights(fit_censoring(sample[order]), sample[order]).weights
    assert shuffled == pytest.approx(censoring_weights(fit_censoring(sample), sample).weights[order])


def test_weights_average_to_one_and_give_the_risk_back_where_leaving_out_does_not() -> None:
    development, _ = simulated(20_000, 1)
    sample, truth = simulated(20_000, 2)
    weights = censoring_weights(fit_censoring(development), sample)
    assert weights.weights.mean() == pytest.approx(1.0, abs=0.01)
    event = sample.ending == EVENT
    assert np.average(event, weights=weights.weights) == pytest.approx(truth.mean(), abs=0.01)
    left_out = event[sample.known].mean()
    assert abs(left_out - truth.mean()) > 0.02  # what dropping the censored would have said
    assert pseudo_values(sample[:2000]).mean() == pytest.approx(truth[:2000].mean(), abs=0.03)


def test_large_weights_are_cut_off_and_counted() -> None:
    sample, _ = simulated(500, 3, horizon=80.0)
    whole = censoring_weights(fit_censoring(sample), sample, largest=1e9)
    cut = censoring_weights(fit_censoring(sample), sample, largest=3.0)
    assert cut.truncated == (whole.weights > 3.0).sum() > 0
    assert cut.weights.max() == 3.0
    assert cut.effective > whole.effective
    with pytest.raises(StatisticsError, match=r"largest = 0\.5; allowed: 1 or more"):
        censoring_weights(fit_censoring(sample), sample, largest=0.5)


@pytest.mark.parametrize(
    ("days", "ending", "message"),
    [([], [], "one of each"), ([1.0], [1, 2], "one of each"), ([-1.0], [1], "from 0 on"), ([1.0], [4], "none of 0, 1")],
)
def test_impossible_follow_up_is_refused(days: list[float], ending: list[int], message: str) -> None:
    with pytest.raises(StatisticsError, match=message):
        FollowUp(np.array(days), np.array(ending))
