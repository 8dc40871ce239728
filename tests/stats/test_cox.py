"""Cox regression: published coefficients, a likelihood by loops, statsmodels, laws and simulated truth."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st
from statsmodels.duration.hazard_regression import PHReg
from tests.endpoints.times import HAZARDS, SLOPES, simulated
from tests.stats.cases import given, law
from tests.stats.cox_cases import PLACEBO, PRISONERS, REMISSION, arff, doubled, prisoners, slow_log_likelihood
from tests.stats.timed_cases import Sample, samples

from bedside.endpoints.time_to_event.outcome import times_of
from bedside.errors import StatisticsError
from bedside.stats.cox import AtRisk, Hazard, Ties, regression
from bedside.stats.times import Times
from bedside.types import Floats

DATA = Path(os.environ.get("BEDSIDE_DATA", "absent"))
TIES: tuple[Ties, ...] = ("breslow", "efron")

timed = samples(causes=(1, 2)).filter(lambda one: bool((one.times.event == 1).any()))


def predictors(one: Sample, seed: int, columns: int = 2) -> Floats:
    return np.random.default_rng(seed).normal(size=(len(one.times), columns))


@pytest.mark.parametrize(("ties", "coefficient", "error"), [("breslow", 1.509, 0.410), ("efron", 1.572, 0.412)])
def test_the_published_effect_of_mercaptopurine(ties: Ties, coefficient: float, error: float) -> None:
    """As in Collett, Modelling Survival Data in Medical Research, and every package since."""
    found = regression(AtRisk.of(REMISSION, ties=ties), PLACEBO)
    assert found.converged
    assert round(float(found.coefficients[0]), 3) == coefficient
    assert round(float(found.information[0, 0] ** -0.5), 3) == error


def test_the_published_coefficients_of_released_prisoners() -> None:
    """Fox and Weisberg, Cox Proportional-Hazards Regression for Survival Data in R, an appendix to their Companion."""
    times, x = prisoners(DATA, PRISONERS)
    found = regression(AtRisk.of(times, ties="efron"), x)
    expected = [-0.3794, -0.0574, 0.3139, -0.1498, -0.4337, -0.0849, 0.0915]
    np.testing.assert_allclose(found.coefficients, expected, atol=5e-5)
    errors = np.sqrt(np.diag(np.linalg.inv(found.information)))
    np.testing.assert_allclose(errors, [0.1914, 0.0220, 0.3080, 0.2122, 0.3819, 0.1958, 0.0287], atol=6e-5)
    assert found.log_likelihood == pytest.approx(-658.748, abs=1e-3)


@law
@given(timed, st.integers(0, 99), st.sampled_from(TIES))
def test_the_likelihood_and_its_derivatives_are_those_by_loops(one: Sample, seed: int, ties: Ties) -> None:
    x = predictors(one, seed)
    beta = np.array([0.7, -0.4])
    risk = AtRisk.of(one.times, ties=ties)
    hazard = Hazard.of(risk, x @ beta)

    def slow(at: Floats) -> float:
        return slow_log_likelihood(one.times, 1, lambda _: x @ at, efron=ties == "efron")

    assert hazard.log_likelihood == pytest.approx(slow(beta), abs=1e-9)
    gradient, information = hazard.derivatives(x)
    step, each = 1e-4, np.eye(2)
    numeric = [(slow(beta + step * e) - slow(beta - step * e)) / (2 * step) for e in each]
    np.testing.assert_allclose(gradient, numeric, atol=1e-5)
    after = [[-(slow(beta + a + b) - slow(beta + a - b)) for b in step * each] for a in step * each]
    before = [[-(slow(beta - a - b) - slow(beta - a + b)) for b in step * each] for a in step * each]
    second = (np.array(after) + np.array(before)) / (4 * step**2)
    np.testing.assert_allclose(information, second, atol=1e-4)
    np.testing.assert_allclose(risk.events - hazard.expected, _by_case(one.times, x @ beta, ties), atol=1e-5)
    assert hazard.expected.sum() == pytest.approx(risk.events.sum())


def _by_case(times: Times, scores: Floats, ties: Ties) -> Floats:
    """Derivatives of the likelihood by the score of each case."""

    def moved(k: int, step: float) -> float:
        changed = scores + step * (np.arange(len(scores)) == k)
        return slow_log_likelihood(times, 1, lambda _: changed, efron=ties == "efron")

    return np.array([(moved(k, 1e-4) - moved(k, -1e-4)) / 2e-4 for k in range(len(scores))])


@pytest.mark.parametrize("ties", TIES)
def test_the_curvature_by_the_score_of_each_case(ties: Ties) -> None:
    x, outcomes = simulated(25, 3, truncated=True)
    exact = times_of(outcomes)
    times = Times(np.ceil(exact.time), exact.event, np.floor(exact.entry))
    risk, scores = AtRisk.of(times, ties=ties), x @ np.array([1.0, -0.5, 0.2])
    step = 1e-3
    for k in range(len(times)):
        e = step * (np.arange(len(times)) == k)
        three = [Hazard.of(risk, scores + part * e).log_likelihood for part in (-1, 0, 1)]
        numeric = -(three[0] - 2 * three[1] + three[2]) / step**2
        assert Hazard.of(risk, scores).curvature[k] == pytest.approx(numeric, abs=1e-5)


def test_who_enters_at_a_time_is_not_at_risk_at_it() -> None:
    times = Times(np.array([2.0, 3.0, 3.0]), np.array([1, 1, 0]), np.array([0.0, 2.0, 0.0]))
    assert Hazard.of(AtRisk.of(times), np.zeros(3)).total.tolist() == [2.0, 2.0]


def test_breslows_baseline_is_nelson_and_aalens_where_all_are_alike() -> None:
    found = Hazard.of(AtRisk.of(REMISSION), np.full(42, 0.3)).cumulative(np.array([0.5, 1.0, 2.0, 6.5]))
    by_hand = np.cumsum([0.0, 2 / 42, 2 / 40, 1 / 38 + 2 / 37 + 2 / 35 + 3 / 33]) * np.exp(-0.3)
    np.testing.assert_allclose(found, by_hand)


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize("name", ["GBSG2", "whas500"])
def test_statsmodels_finds_the_same(name: str, ties: Ties) -> None:
    frame = arff(DATA / "reference_vectors" / "surv" / f"{name}.arff")
    columns = {"GBSG2": ["age", "tsize", "pnodes", "progrec"], "whas500": ["age", "hr", "sysbp", "bmi", "chf"]}[name]
    time, event = {"GBSG2": ("time", "cens"), "whas500": ("lenfol", "fstat")}[name]
    x = frame.select(columns).to_numpy().astype(np.float64)
    times = Times.of(frame[time].to_numpy().astype(np.float64), frame[event].to_numpy().astype(np.int64))
    found = regression(AtRisk.of(times, ties=ties), (x - x.mean(axis=0)) / x.std(axis=0))
    expected = PHReg(times.time, x, status=times.event, ties=ties).fit()
    np.testing.assert_allclose(found.coefficients / x.std(axis=0), expected.params, rtol=1e-6)
    errors = np.sqrt(np.diag(np.linalg.inv(found.information))) / x.std(axis=0)
    np.testing.assert_allclose(errors, expected.bse, rtol=1e-6)
    assert found.log_likelihood == pytest.approx(expected.llf, abs=1e-6)


def test_statsmodels_finds_the_same_where_cases_come_late() -> None:
    x, outcomes = simulated(400, 1, truncated=True)
    times = times_of(outcomes)
    found = regression(AtRisk.of(times), x)
    expected = PHReg(times.time, x, status=times.event, entry=times.entry).fit()
    np.testing.assert_allclose(found.coefficients, expected.params, atol=1e-8)


@law
@given(timed, st.integers(0, 99), st.sampled_from(TIES))
def test_laws_of_the_likelihood(one: Sample, seed: int, ties: Ties) -> None:
    """Neither a shift of scores, nor the order of cases, nor another clock, nor who left before all events tells."""
    times = one.times
    scores = predictors(one, seed)[:, 0]
    expected = Hazard.of(AtRisk.of(times, ties=ties), scores).log_likelihood

    def told(other: Times, at: Floats) -> float:
        return Hazard.of(AtRisk.of(other, ties=ties), at).log_likelihood

    assert told(times, scores + 50.0) == pytest.approx(expected)
    order = np.random.default_rng(seed).permutation(len(times))
    moved = Times(times.time[order], times.event[order], times.entry[order])
    assert told(moved, scores[order]) == pytest.approx(expected)
    assert told(Times(times.time**2, times.event, times.entry**2), scores) == pytest.approx(expected)
    first = times.time[times.event == 1].min()
    more = Times(
        *(np.append(a, b) for a, b in zip((times.time, times.event, times.entry), (first / 2, 0, 0), strict=True))
    )
    assert told(more, np.append(scores, 9.0)) == pytest.approx(expected)


def test_doubled_cases_leave_coefficients_and_halve_variances() -> None:
    x, outcomes = simulated(200, 2, truncated=True)
    times = times_of(outcomes)
    once = regression(AtRisk.of(times), x)
    twice = regression(AtRisk.of(doubled(times)), np.tile(x, (2, 1)))
    np.testing.assert_allclose(twice.coefficients, once.coefficients, atol=1e-7)
    np.testing.assert_allclose(twice.information, 2 * once.information, rtol=1e-6)


def test_the_truth_is_found_and_late_entries_must_be_told() -> None:
    x, outcomes = simulated(4_000, 5, truncated=True)
    times = times_of(outcomes)
    found = regression(AtRisk.of(times), x)
    errors = np.sqrt(np.diag(np.linalg.inv(found.information)))
    assert (np.abs(found.coefficients - np.array([*SLOPES, 0.0])) < 3.5 * errors).all()
    at = np.array([5.0, 10.0, 20.0])
    told = Hazard.of(AtRisk.of(times), x @ found.coefficients).cumulative(at)
    np.testing.assert_allclose(told, HAZARDS[0] * at, rtol=0.1)
    as_if_early = Times.of(times.time, times.event)
    wrong = Hazard.of(AtRisk.of(as_if_early), x @ found.coefficients).cumulative(at)
    assert (wrong[:2] < 0.85 * HAZARDS[0] * at[:2]).all(), "who was not watched early makes events look rarer"


def test_each_of_competing_causes_has_its_own_coefficients() -> None:
    x, outcomes = simulated(4_000, 6, causes=2)
    found = regression(AtRisk.of(times_of(outcomes), 2), x).coefficients
    np.testing.assert_allclose(found[:2], SLOPES[::-1], atol=0.12)


def test_what_separates_or_repeats_ends_all_the_same() -> None:
    times = Times.of(np.arange(1.0, 9.0), np.array([1, 1, 1, 1, 0, 0, 0, 0]))
    divides = (np.arange(8) < 4).astype(np.float64)[:, None]
    assert regression(AtRisk.of(times), divides).coefficients[0] > 8
    held = regression(AtRisk.of(times), divides, ridge=0.1)
    assert held.converged
    assert 1 < held.coefficients[0] < 8
    x, outcomes = simulated(100, 7)
    twice = regression(AtRisk.of(times_of(outcomes)), np.column_stack([x[:, 0], x[:, 0]]))
    once = regression(AtRisk.of(times_of(outcomes)), x[:, :1])
    np.testing.assert_allclose(twice.coefficients, np.tile(once.coefficients / 2, 2), atol=1e-6)


def test_a_cause_without_events_has_no_likelihood() -> None:
    with pytest.raises(StatisticsError, match="no case of 42 has an event of cause 2"):
        AtRisk.of(REMISSION, 2)
