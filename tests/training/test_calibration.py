"""Recalibration: it undoes what was done, keeps order, and stays sober on separated cases."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit
from tests.training.cohorts import endpoint

from bedside.endpoints.endpoint import Categorical
from bedside.errors import ModelError
from bedside.training.calibration import Temperature, Unchanged, calibrate, fit_temperature, restore, tempered
from bedside.types import Json


def test_temperature_is_found() -> None:
    stream = np.random.default_rng(1)
    probability = expit(stream.normal(scale=1.5, size=20_000))
    index = (stream.random(20_000) < probability).astype(np.int64)
    overconfident = expit(2.5 * logit(probability))
    found = fit_temperature(np.column_stack([1 - overconfident, overconfident]), index)
    assert found == pytest.approx(2.5, rel=0.05)


def test_separated_cases_do_not_ask_for_certainty() -> None:
    index = np.repeat([0, 1], 30)
    positive = np.where(index == 1, 0.95, 0.05)
    assert 0.5 < fit_temperature(np.column_stack([1 - positive, positive]), index) < 1


def test_no_cases_change_nothing() -> None:
    assert fit_temperature(np.zeros((0, 2)), np.zeros(0, dtype=np.int64)) == 1.0


@given(
    st.lists(st.floats(0.01, 0.99), min_size=2, max_size=20, unique=True),
    st.floats(0.3, 4.0),
)
def test_order_and_sums_are_kept(positive: list[float], temperature: float) -> None:
    matrix = np.column_stack([1 - np.array(positive), positive])
    warmed = tempered(matrix, temperature)
    np.testing.assert_allclose(warmed.sum(axis=1), 1.0, atol=1e-9)
    ranks = np.argsort(positive)
    assert (np.diff(warmed[ranks, 1]) >= 0).all()
    np.testing.assert_allclose(tempered(warmed, 1 / temperature), matrix, atol=1e-4)


def test_certain_predictions_stay_finite() -> None:
    binary = endpoint("binary")
    assert isinstance(binary.target, Categorical)
    told = Temperature(binary.target, 0.5)([0.0, 1.0])
    assert 0 < told[0] < told[1] < 1
    assert np.isfinite(binary.loss([True, False], told))


def test_numbers_are_only_rounded() -> None:
    continuous = endpoint("continuous")
    calibrator = calibrate(continuous, [1.0, 2.0], [0.1, 0.2])
    assert isinstance(calibrator, Unchanged)
    assert calibrator([0.1]) == [float(np.float32(0.1))]


@pytest.mark.parametrize("kind", ["binary", "continuous"])
def test_state_of_another_endpoint_is_refused(kind: str) -> None:
    states: dict[str, dict[str, Json]] = {
        "binary": {"kind": "unchanged"},
        "continuous": {"kind": "temperature", "temperature": 1.0},
    }
    with pytest.raises(ModelError, match="does not belong"):
        restore(endpoint("binary" if kind == "binary" else "continuous"), states[kind])
