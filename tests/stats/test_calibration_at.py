"""Calibration at a horizon: known risks, slow fits, pseudo-values against leaving each out."""

import numpy as np
import pytest
from scipy.optimize import least_squares
from tests.endpoints.times import incidence, simulated
from tests.stats.cases import given, law
from tests.stats.timed_cases import Sample, copies, sample, samples, slow_incidence

from bedside.endpoints.time_to_event.outcome import times_of
from bedside.stats.calibration_at import lines, ratio_statistic, slope_statistic
from bedside.stats.censoring import CENSORED, COMPETING, EVENT, WATCHED, FollowUp, pseudo_values
from bedside.stats.incidence import curve
from bedside.stats.pseudo_values import PseudoValues
from bedside.stats.times import Times
from bedside.types import Floats


def powered(risk: Floats, slope: float) -> Floats:
    """Risks whose complementary log-log is `slope` times as steep."""
    return np.asarray(1 - np.exp(-((-np.log1p(-np.minimum(risk, 1 - 1e-12))) ** slope)), dtype=np.float64)


@law
@given(samples(late=False))
def test_observed_over_expected_is_the_incidence_over_the_mean_risk(one: Sample) -> None:
    at = float(np.median(one.times.time))
    risk = 0.1 + 0.8 * one.risk
    found = ratio_statistic(one.times, risk, at)(one.weights)
    for value, weights in zip(found, one.weights, strict=True):
        copied, rows = copies(one.times, weights)
        if np.isfinite(value):
            assert value == pytest.approx(slow_incidence(copied, 1, at) / risk[rows].mean(), abs=1e-12)


@pytest.mark.parametrize("truncated", [False, True])
def test_known_risks_are_calibrated_however_cases_are_watched(*, truncated: bool) -> None:
    x, outcomes = simulated(8_000, 3, truncated=truncated)
    risk, times, one = incidence(x, np.array([10.0]))[:, 0, 0], times_of(outcomes), np.ones((1, 8_000))
    assert ratio_statistic(times, risk, 10.0)(one)[0] == pytest.approx(1.0, abs=0.05)
    assert ratio_statistic(times, 0.8 * risk, 10.0)(one)[0] == pytest.approx(1.25, abs=0.06)
    assert slope_statistic(times, risk, 10.0)(one)[0] == pytest.approx(1.0, abs=0.07)
    assert slope_statistic(times, powered(risk, 1.6), 10.0)(one)[0] == pytest.approx(1 / 1.6, abs=0.05)


def test_slopes_agree_with_a_slow_fit_for_any_weights() -> None:
    one = sample(1, 60, ties=False)
    risk = 0.05 + 0.9 * one.risk
    values, _ = PseudoValues(one.times, 6.0)(one.weights)
    x = np.log(-np.log1p(-risk))
    found = slope_statistic(one.times, risk, 6.0)(one.weights)
    for row, weights in enumerate(one.weights):
        fit = least_squares(
            lambda parts, w=weights, y=values[row]: np.sqrt(w) * (y - 1 + np.exp(-np.exp(parts[0] + parts[1] * x))),  # type: ignore[misc]
            np.array([0.0, 1.0]),
            xtol=1e-14,
            ftol=1e-14,
            gtol=1e-14,
        )
        assert found[row] == pytest.approx(fit.x[1], rel=1e-5)


def test_no_slope_fits_one_outcome_one_risk_or_events_told_apart_without_error() -> None:
    x, one = np.linspace(-2.0, 1.0, 30), np.ones((1, 30))
    assert np.isnan(lines(x, np.zeros((1, 30)), one)).all()
    assert np.isnan(lines(x, np.ones((1, 30)), one)).all()
    assert np.isnan(lines(np.zeros(30), (x > 0)[None].astype(float), one)).all()
    assert np.isnan(lines(x, (x > 0)[None].astype(float), one)).all()
    assert np.isnan(lines(x, (x > 0)[None].astype(float), 0 * one)).all()


@law
@given(samples())
def test_pseudo_values_are_derivatives_of_the_incidence_by_weights(one: Sample) -> None:
    at = float(np.median(one.times.time))
    before = curve(one.times, 1, one.weights[:1], np.array([at]))[0, 0]
    if np.isnan(before) or curve(one.times, 0, one.weights[:1], np.array([at]))[0, 0] < 1e-9:
        return
    values, stand = PseudoValues(one.times, at)(one.weights[:1])
    assert (values @ stand[0])[0] / stand.sum() == pytest.approx(before)
    step = 1e-7
    for case in np.flatnonzero(one.weights[0]):
        more = one.weights[:1].copy()
        more[0, case] += step
        change = (curve(one.times, 1, more, np.array([at]))[0, 0] - before) / step
        assert values[0, case] == pytest.approx(before + one.weights[0].sum() * change, abs=1e-4)


def test_pseudo_values_are_close_to_leaving_each_out_and_are_outcomes_without_censoring() -> None:
    one = sample(2, 400, causes=2, ties=False)
    times, at = one.times, 6.0
    ending = np.select([times.time > at, times.event == 1, times.event == 2], [WATCHED, EVENT, COMPETING], CENSORED)
    left_out = pseudo_values(FollowUp(np.minimum(times.time, at), ending.astype(np.int64)))
    values, _ = PseudoValues(times, at)(np.ones((1, 400)))
    np.testing.assert_allclose(values[0], left_out, atol=0.02)
    uncensored = Times.of(np.array([1.0, 2.0, 3.0, 4.0]), np.array([1, 2, 1, 1]))
    np.testing.assert_allclose(PseudoValues(uncensored, 3.0)(np.ones((1, 4)))[0][0], [1, 0, 1, 0], atol=1e-12)


def test_where_nobody_is_watched_until_the_horizon_there_is_no_calibration() -> None:
    times = Times.of(np.array([1.0, 2.0, 3.0]), np.array([1, 1, 0]))
    risk, one = np.array([0.5, 0.2, 0.1]), np.ones((1, 3))
    assert np.isnan(ratio_statistic(times, risk, 4.0)(one)).all()
    assert np.isnan(slope_statistic(times, risk, 4.0)(one)).all()
