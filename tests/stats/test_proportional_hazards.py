"""Whether hazard ratios stay the same over time: published tests, an oracle by loops, laws, size and power."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st
from scipy.stats import kstest
from statsmodels.duration.hazard_regression import PHReg
from tests.endpoints.times import simulated
from tests.stats.cases import given, law
from tests.stats.cox_cases import REMISSION, doubled, prisoners, slow_log_likelihood
from tests.stats.timed_cases import Sample, samples

from bedside.endpoints.time_to_event.outcome import times_of
from bedside.stats.cox import AtRisk, Hazard, Ties, regression
from bedside.stats.proportional_hazards import Drift, clustered, score_residuals, transformed
from bedside.stats.times import Times
from bedside.types import Floats

DATA = Path(os.environ.get("BEDSIDE_DATA", "absent"))


def fitted(times: Times, x: Floats, *, ties: Ties = "efron", cause: int = 1) -> Hazard:
    risk = AtRisk.of(times, cause, ties=ties)
    return Hazard.of(risk, x @ regression(risk, x, ridge=1e-9).coefficients)


def test_scaled_residuals_of_released_prisoners_are_those_published() -> None:
    """The approximate test of 1994 that R's survival printed before version 3.0, from the same residuals and times.

    Fox and Weisberg, Cox Proportional-Hazards Regression for Survival Data in R (2011), section 5.1: chi squared of
    financial aid, age and prior convictions, and of all.
    """
    times, x = prisoners(DATA, ["fin", "age", "prio"])
    hazard = fitted(times, x)
    covariance = np.linalg.inv(hazard.information(x))
    residuals = x[hazard.risk.case] - hazard.means(x)
    moment = transformed(times, 1, hazard.risk)
    moment -= moment.mean()
    size = len(moment) / (moment @ moment)
    summed = moment @ residuals
    each = (summed @ covariance) ** 2 / np.diag(covariance) * size
    np.testing.assert_allclose(each, [0.00507, 6.54147, 0.77288], rtol=1e-3)
    assert summed @ covariance @ summed * size == pytest.approx(7.13046, rel=1e-5)


def test_the_exact_test_of_released_prisoners() -> None:
    """No printed table of R's version 3 is at hand: near the approximation, and the same conclusions."""
    times, x = prisoners(DATA, ["fin", "age", "prio"])
    drift = Drift.of(times, 1, fitted(times, x), x)
    assert [round(drift.test([k]).p_value, 3) for k in range(3)] == [0.801, 0.012, 0.471]
    both = drift.test([0, 1, 2])
    assert (both.degrees, round(both.statistic, 2), round(both.p_value, 3)) == (3, 7.14, 0.068)


@pytest.mark.parametrize("ties", ["breslow", "efron"])
@pytest.mark.parametrize("truncated", [False, True])
def test_it_is_the_score_test_of_terms_that_go_with_time(ties: Ties, *, truncated: bool) -> None:
    """Against the likelihood of x * g(time), by loops, and its derivatives by differences."""
    x, outcomes = simulated(40, 3, truncated=truncated, predictors=2)
    exact = times_of(outcomes)
    times = Times(np.ceil(exact.time / 2), exact.event, np.floor(exact.entry / 2))
    hazard = fitted(times, x, ties=ties)
    beta = regression(hazard.risk, x, ridge=1e-9).coefficients
    moment = transformed(times, 1, hazard.risk)
    clock = dict(zip(hazard.risk.at[hazard.risk.moment].tolist(), (moment - moment.mean()).tolist(), strict=True))

    def slow(told: Floats) -> float:
        return slow_log_likelihood(
            times, 1, lambda t: x @ (told[:2] + clock[float(t)] * told[2:]), efron=ties == "efron"
        )

    at, step, each = np.array([*beta, 0.0, 0.0]), 1e-3, np.eye(4)
    score = np.array([(slow(at + step * e) - slow(at - step * e)) / (2 * step) for e in each])
    information = np.array(
        [
            [
                -(slow(at + a + b) - slow(at + a - b) - slow(at - a + b) + slow(at - a - b)) / (4 * step**2)
                for b in step * each
            ]
            for a in step * each
        ]
    )
    drift = Drift.of(times, 1, hazard, x)
    for columns in ([0], [1], [0, 1]):
        asked = [0, 1, *(2 + k for k in columns)]
        expected = score[asked] @ np.linalg.solve(information[np.ix_(asked, asked)], score[asked])
        assert drift.test(columns).statistic == pytest.approx(expected, rel=1e-3, abs=1e-4)


@law
@given(samples(causes=(1, 2), most=60).filter(lambda one: (one.times.event == 1).sum() > 5), st.floats(0.01, 100.0))
def test_units_and_order_tell_nothing(one: Sample, scale: float) -> None:
    x = np.random.default_rng(len(one.times)).normal(size=(len(one.times), 2))
    expected = Drift.of(one.times, 1, fitted(one.times, x), x).test([0, 1])
    assert 0 <= expected.p_value <= 1
    units = np.array([scale, 1.0])
    hazard = fitted(one.times, x)
    told = Drift.of(one.times, 1, hazard, x * units).test([1, 0])
    assert told.statistic == pytest.approx(expected.statistic, rel=1e-4, abs=1e-5)


def test_time_is_kaplan_and_meiers_from_the_left() -> None:
    moment = transformed(REMISSION, 1, AtRisk.of(REMISSION))
    assert moment[:4].tolist() == pytest.approx([0.0, 0.0, 2 / 42, 2 / 42])
    # All that were at risk at 1 had the event, and another came later.
    odd = Times(np.array([1.0, 3.0, 4.0]), np.array([1, 1, 1]), np.array([0.0, 2.0, 2.0]))
    assert transformed(odd, 1, AtRisk.of(odd)).tolist() == [0.0, 1.0, 1.0]


def test_it_rejects_one_in_twenty_true_hypotheses() -> None:
    told = []
    for seed in range(150):
        x, outcomes = simulated(150, seed, causes=2, truncated=True, predictors=2)
        times = times_of(outcomes)
        told.append(Drift.of(times, 1, fitted(times, x), x).test([0, 1]).p_value)
    assert kstest(told, "uniform").pvalue > 0.01


def test_it_finds_an_effect_that_ends() -> None:
    stream = np.random.default_rng(4)
    x = stream.normal(size=(600, 2))
    early = stream.exponential(1.0, 600) / np.exp(1.5 * x[:, 0])
    time = np.where(early < 0.5, early, 0.5 + stream.exponential(1.0, 600))
    times = Times.of(np.minimum(time, 2.0), (time < 2.0).astype(np.int64))
    drift = Drift.of(times, 1, fitted(times, x), x)
    assert drift.test([0]).p_value < 1e-6
    assert drift.test([1]).p_value > 0.01


@pytest.mark.parametrize("truncated", [False, True])
def test_limits_of_clusters_are_those_of_statsmodels(*, truncated: bool) -> None:
    x, outcomes = simulated(240, 8, truncated=truncated)
    times, cluster = times_of(outcomes), np.arange(240) // 3
    hazard = fitted(times, x, ties="breslow")
    entry = times.entry if truncated else None
    expected = PHReg(times.time, x, status=times.event, entry=entry).fit(groups=cluster)
    np.testing.assert_allclose(
        np.sqrt(np.diag(clustered(hazard, x, hazard.information(x), cluster))), expected.bse, rtol=1e-6
    )


@pytest.mark.parametrize("ties", ["breslow", "efron"])
def test_score_residuals_add_up_and_copies_count_once(ties: Ties) -> None:
    x, outcomes = simulated(150, 9, truncated=True)
    exact = times_of(outcomes)
    times = Times(np.ceil(exact.time), exact.event, np.floor(exact.entry))
    hazard = fitted(times, x, ties=ties)
    np.testing.assert_allclose(score_residuals(hazard, x).sum(axis=0), 0.0, atol=1e-5)
    at_null = Hazard.of(hazard.risk, np.zeros(150))
    np.testing.assert_allclose(score_residuals(at_null, x).sum(axis=0), at_null.derivatives(x)[0], atol=1e-9)
    alone = clustered(hazard, x, hazard.information(x), np.arange(150))
    twice = np.tile(x, (2, 1))
    copied = fitted(doubled(times), twice, ties="breslow")
    once = fitted(times, x, ties="breslow")
    found = clustered(copied, twice, copied.information(twice), np.tile(np.arange(150), 2))
    np.testing.assert_allclose(found, clustered(once, x, once.information(x), np.arange(150)), rtol=1e-5)
    assert np.diag(alone).min() > 0
