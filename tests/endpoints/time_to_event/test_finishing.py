"""Recalibration of curves: it undoes known distortions, leaves alone what it cannot know, and is kept exactly."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from tests.endpoints.times import incidence, simulated

from bedside.endpoints.time_to_event.finishing import FEWEST_EVENTS, Recalibrating, Recalibration, cumulative_hazards
from bedside.endpoints.time_to_event.kind import time_to_event
from bedside.endpoints.time_to_event.outcome import Followed
from bedside.endpoints.time_to_event.target import timed
from bedside.errors import ModelError, OutcomeProblem, StatisticsError
from bedside.stats.times import incidences
from bedside.training.calibration import restore, temperature
from bedside.types import Floats

ENDPOINTS = {
    1: time_to_event(horizon=5.0, unit="years", until=20.0),
    2: time_to_event(horizon=5.0, unit="years", until=20.0, causes=("relapse", "death")),
}
TARGETS = {causes: timed(endpoint, "a test") for causes, endpoint in ENDPOINTS.items()}


def distorted(curves: Floats, slopes: list[float], intercepts: list[float]) -> Floats:
    changed = np.exp(np.array(intercepts))[:, None] * cumulative_hazards(curves) ** np.array(slopes)[:, None]
    return incidences(np.diff(changed, axis=-1, prepend=0.0))


@pytest.mark.parametrize("truncated", [False, True])
@pytest.mark.parametrize("causes", [1, 2])
def test_a_distortion_is_undone(causes: int, truncated: bool) -> None:
    x, outcomes = simulated(4000, 1, causes=causes, truncated=truncated)
    target = TARGETS[causes]
    true = incidence(x, target.grid, causes)
    slopes, intercepts = [0.6, 1.5][:causes], [0.5, -0.6][:causes]
    wrong = distorted(true, slopes, intercepts)
    found = Recalibrating(target).fit(outcomes, target.predictions(wrong))
    np.testing.assert_allclose(found.slopes, 1 / np.array(slopes), rtol=0.12)
    np.testing.assert_allclose(found.intercepts, -np.array(intercepts) / slopes, atol=0.2)
    mended = target.curves(found(target.predictions(wrong)))
    assert np.abs(mended - true).mean() < 0.15 * np.abs(wrong - true).mean()
    kept = Recalibrating(target).fit(outcomes, target.predictions(true))
    np.testing.assert_allclose(kept.slopes, 1.0, atol=0.08)
    np.testing.assert_allclose(kept.intercepts, 0.0, atol=0.15)


def test_the_fit_is_the_top_of_the_penalised_likelihood() -> None:
    """Written down case by case for exponential hazards, for which the curve at any time is known."""
    _, outcomes = simulated(150, 3, truncated=True)
    target = TARGETS[1]
    rates = np.random.default_rng(0).uniform(0.02, 0.3, 150)
    predictions = target.predictions(1.0 - np.exp(-rates[:, None, None] * target.grid))
    found = Recalibrating(target).fit(outcomes, predictions)
    here = [Followed(min(one.time, 20.0), one.event if one.time <= 20.0 else 0, one.entry) for one in outcomes]
    centre = np.mean([np.log(rate * one.time) for rate, one in zip(rates, here, strict=True) if one.event])

    def loss(at: Floats) -> float:
        slope, total = np.exp(at[0]), 0.5 * float(at @ at) / 4.0
        for rate, one in zip(rates.tolist(), here, strict=True):
            power = np.exp(at[1] + centre - slope * centre)
            total += power * ((rate * one.time) ** slope - (rate * one.entry) ** slope)
            if one.event:
                total -= np.log(power * slope * rate**slope * one.time ** (slope - 1.0))
        return float(total)

    best = minimize(loss, np.zeros(2), method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-9}).x
    slope = float(np.exp(best[0]))
    assert found.slopes[0] == pytest.approx(slope, rel=1e-3)
    assert found.intercepts[0] == pytest.approx(float(best[1] + centre - slope * centre), abs=1e-3)


def test_a_cause_of_few_events_is_left_as_it_is() -> None:
    _, outcomes = simulated(300, 2, causes=2)
    second = [k for k, one in enumerate(outcomes) if one.event == 2]
    for k in second[FEWEST_EVENTS - 1 :]:
        outcomes[k] = Followed(outcomes[k].time, 0)
    predictions = [
        np.vstack([target_curve * 0.5, target_curve * 0.2]) for target_curve in np.tile(TARGETS[2].grid / 40, (300, 1))
    ]
    found = Recalibrating(TARGETS[2]).fit(outcomes, predictions)
    assert found.events == (sum(one.event == 1 and one.time <= 20.0 for one in outcomes), FEWEST_EVENTS - 1)
    assert (found.slopes[1], found.intercepts[1]) == (1.0, 0.0)
    assert found.slopes[0] != 1.0
    nothing = Recalibrating(TARGETS[2]).fit([], [])
    assert not nothing.changes
    assert nothing([]) == []


@pytest.mark.parametrize("causes", [1, 2])
def test_its_state_is_exact_and_belongs_to_its_causes(causes: int) -> None:
    x, outcomes = simulated(200, 5, causes=causes)
    target = TARGETS[causes]
    predictions = target.predictions(incidence(x, target.grid, causes) * 0.5)
    found = temperature(ENDPOINTS[causes], outcomes, predictions)
    assert isinstance(found, Recalibration)
    assert found.changes
    again = restore(ENDPOINTS[causes], json.loads(json.dumps(found.state())))
    assert again.state() == found.state()
    for one, other in zip(found(predictions), again(predictions), strict=True):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(ModelError, match="not one of cumulative hazards of"):
        restore(ENDPOINTS[3 - causes], found.state())
    for state in ({}, {"kind": "platt"}, {"kind": "cumulative hazard", "causes": {target.causes[0]: {"slope": 1.0}}}):
        with pytest.raises(ModelError, match="fit the model again"):
            Recalibrating(target).restore(state)  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10_000),
    st.sampled_from([1, 2]),
    st.lists(st.floats(0.01, 20.0), min_size=2, max_size=2),
    st.lists(st.floats(-8.0, 8.0), min_size=2, max_size=2),
)
def test_what_comes_out_are_incidences_in_single_precision(
    seed: int, causes: int, slopes: list[float], intercepts: list[float]
) -> None:
    stream = np.random.default_rng(seed)
    target = TARGETS[causes]
    steps = stream.dirichlet(np.full(causes * len(target.grid) + 1, 0.2), 20)[:, :-1]
    curves = np.cumsum(steps.reshape(20, causes, -1), axis=2)
    map_of = Recalibration(target, tuple(slopes[:causes]), tuple(intercepts[:causes]), (50,) * causes)
    found = np.array(map_of(target.predictions(curves)))
    np.testing.assert_array_equal(found, found.astype(np.float32))
    assert np.isfinite(found).all()
    assert found.min() >= 0
    assert np.diff(found, axis=2).min() >= 0
    assert found.sum(axis=1).max() <= 1.0
    same = Recalibration(target, (1.0,) * causes, (0.0,) * causes, (0,) * causes)
    once = same(target.predictions(curves))
    np.testing.assert_allclose(once, curves, atol=1e-7)
    np.testing.assert_array_equal(same(once), once)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([1, 2]))
def test_cumulative_hazards_are_the_inverse_of_incidences(seed: int, causes: int) -> None:
    steps = np.random.default_rng(seed).gamma(0.3, 0.1, (10, causes, 12))
    np.testing.assert_allclose(cumulative_hazards(incidences(steps)), steps.cumsum(axis=2), atol=1e-8)


def test_certain_predictions_that_are_wrong_stay_finite() -> None:
    _, outcomes = simulated(200, 7)
    target = TARGETS[1]
    for value in (0.0, 1.0):
        found = Recalibrating(target).fit(outcomes, target.predictions(np.full((200, 1, len(target.grid)), value)))
        assert np.isfinite([*found.slopes, *found.intercepts]).all()
        told = np.array(found(target.predictions(np.full((2, 1, len(target.grid)), value))))
        assert np.isfinite(told).all()


def test_bad_input_is_refused() -> None:
    _, outcomes = simulated(20, 7)
    predictions = TARGETS[1].predictions(np.zeros((19, 1, len(TARGETS[1].grid))))
    with pytest.raises(StatisticsError, match="20 outcomes and 19 predictions"):
        Recalibrating(TARGETS[1]).fit(outcomes, predictions)
    with pytest.raises(OutcomeProblem, match="code 2"):
        Recalibrating(TARGETS[1]).fit([*outcomes[:18], Followed(1.0, 2)], predictions)
