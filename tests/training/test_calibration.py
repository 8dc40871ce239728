"""Recalibration: it undoes what was done, keeps order, agrees with the definitions, and stays sober on few cases."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from tests.training.cohorts import SCHEMA, cohort, endpoint, folds

from bedside.comparators.elastic_net import ElasticNet
from bedside.errors import ModelError
from bedside.training.calibration import Unchanged, isotonic, platt, restore, temperature, venn_abers
from bedside.training.isotonic import Isotonic
from bedside.training.platt import Platt
from bedside.training.probability import tempered
from bedside.training.temperature import Temperature
from bedside.training.tuned import Tuned
from bedside.training.venn_abers import VennAbers
from bedside.types import Floats, Integers, Json

Positive = st.lists(st.floats(0.01, 0.99), min_size=4, max_size=25, unique=True)


def both(positive: Any) -> Floats:
    return np.column_stack([1 - np.asarray(positive), positive])


def drawn(n: int, *, slope: float = 1.0, shift: float = 0.0, seed: int = 1) -> tuple[Floats, Integers]:
    """Predictions whose log-odds are the true ones times a slope plus a shift, and outcomes."""
    stream = np.random.default_rng(seed)
    true = stream.normal(scale=1.5, size=n)
    return both(expit(slope * true + shift)), (stream.random(n) < expit(true)).astype(np.int64)


def test_temperature_is_found() -> None:
    assert Temperature.fit(*drawn(20_000, slope=2.5)).temperature == pytest.approx(2.5, rel=0.05)


def test_separated_cases_do_not_ask_for_certainty() -> None:
    index = np.repeat([0, 1], 30)
    positive = np.where(index == 1, 0.95, 0.05)
    assert 0.5 < Temperature.fit(both(positive), index).temperature < 1
    assert Platt.fit(both(positive), index).slope < 4


def test_platt_is_logistic_regression_on_the_log_odds() -> None:
    matrix, index = drawn(5_000, slope=0.5, shift=1.0)
    score = logit(matrix[:, [1]])
    expected = LogisticRegression(C=1e6, tol=1e-10).fit(score, index).predict_proba(score)
    np.testing.assert_allclose(Platt.fit(matrix, index)(matrix), expected, atol=2e-3)


def test_platt_mends_shifted_classes_of_three() -> None:
    stream = np.random.default_rng(2)
    true = stream.dirichlet([2, 2, 2], size=8_000)
    index = np.array([stream.choice(3, p=row) for row in true])
    shifted = tempered(true, 0.5, np.array([1.0, 0.0, -1.0]))
    np.testing.assert_allclose(Platt.fit(shifted, index)(shifted), true, atol=0.08)


def test_isotonic_is_scikit_learns_between_its_steps() -> None:
    matrix, index = drawn(400, slope=0.3)
    expected = IsotonicRegression(out_of_bounds="clip").fit(matrix[:, 1], index).predict(matrix[:, 1])
    np.testing.assert_allclose(Isotonic.fit(matrix, index)(matrix)[:, 1], expected, atol=1e-6)


@settings(deadline=None, max_examples=25)
@given(Positive, st.integers(0, 2**16))
def test_venn_abers_is_its_definition(positive: list[float], bits: int) -> None:
    scores = np.round(positive, 6)  # scores that differ in their last bits are ties to one of the two and not the other
    index = np.array([bits >> k & 1 for k in range(len(scores))])
    found = VennAbers.fit(both(scores), index)
    low, high = found.interval(both(scores))
    for place in range(0, len(scores), 5):
        for hit, told in ((0, low), (1, high)):
            one = IsotonicRegression().fit(np.append(scores, scores[place]), np.append(index, hit))
            assert told[place] == pytest.approx(float(one.predict([scores[place]])[0]), abs=1e-9)
    assert (low <= high).all()
    merged = found(both(scores))[:, 1]
    assert ((merged >= low - 1e-6) & (merged <= high + 1e-6)).all()


def test_venn_abers_groups_many_scores() -> None:
    matrix, index = drawn(5_000, slope=0.4, shift=-1.0)
    found = VennAbers.fit(matrix, index)
    assert len(found.low) <= 500
    undone = expit((logit(matrix[:, 1]) + 1.0) / 0.4)
    assert np.abs(found(matrix)[:, 1] - undone).mean() < 0.04


def test_venn_abers_refuses_three_classes() -> None:
    with pytest.raises(ModelError, match="3 classes and is defined for 2"):
        VennAbers.fit(np.full((4, 3), 1 / 3), np.array([0, 1, 2, 0]))


@given(Positive, st.floats(0.4, 4.0))
def test_temperature_keeps_order_and_can_be_undone(positive: list[float], degree: float) -> None:
    matrix = both(positive)
    warmed = tempered(matrix, degree)
    np.testing.assert_allclose(warmed.sum(axis=1), 1.0, atol=1e-9)
    assert (np.diff(warmed[np.argsort(positive), 1]) >= 0).all()
    np.testing.assert_allclose(tempered(warmed, 1 / degree), matrix, atol=1e-4)


METHODS: tuple[Callable[..., Any], ...] = (temperature, platt, isotonic, venn_abers)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_lowers_the_loss_and_is_restored(method: Callable[..., Any]) -> None:
    matrix, index = drawn(3_000, slope=3.0)
    binary, told = endpoint("binary"), matrix[:, 1].tolist()
    outcomes = [bool(one) for one in index]
    calibrator = method(binary, outcomes, told)
    assert binary.loss(outcomes, calibrator(told)) < 0.9 * binary.loss(outcomes, told)
    assert restore(binary, calibrator.state())(told) == calibrator(told)
    assert calibrator([]) == []
    extreme = calibrator([0.0, 1.0])
    assert 0 < extreme[0] < extreme[1] < 1
    assert np.isfinite(binary.loss([True, False], extreme))


@pytest.mark.parametrize("method", METHODS)
def test_without_cases_nothing_changes(method: Callable[..., Any]) -> None:
    assert method(endpoint("binary"), [], [])([0.25]) == [0.25]


@pytest.mark.parametrize("method", METHODS)
def test_numbers_are_only_rounded(method: Callable[..., Any]) -> None:
    calibrator = method(endpoint("continuous"), [1.0, 2.0], [0.1, 0.2])
    assert isinstance(calibrator, Unchanged)
    assert calibrator([0.1]) == [float(np.float32(0.1))]


@pytest.mark.parametrize("method", [platt, isotonic, venn_abers])
def test_a_learner_may_choose_its_calibration(method: Callable[..., Any], tmp_path: Any) -> None:
    simulated = cohort("binary", 160)
    learner = Tuned(ElasticNet(simulated.endpoint, SCHEMA), simulated.endpoint, trials=1, calibration=method)
    fit = learner.fit(simulated.samples[:120], folds(simulated.samples[:120], 3), seed=1)
    fit.fitted.save(tmp_path)
    new = [sample.predictors for sample in simulated.samples[120:]]
    assert list(learner.load(tmp_path).predict(new)) == list(fit.fitted.predict(new))


STATES: dict[str, dict[str, Json]] = {
    "a number's for classes": {"kind": "unchanged"},
    "unheard of": {"kind": "magic"},
    "incomplete": {"kind": "platt", "slope": 1.0},
    "crooked": {"kind": "isotonic", "curves": [[1.0]]},
    "unequal": {"kind": "venn_abers", "edges": [0.5], "low": [0.1], "high": [0.2]},
}


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_states_that_do_not_fit_are_refused(state: dict[str, Json]) -> None:
    with pytest.raises(ModelError, match="fit the model again"):
        restore(endpoint("binary"), state)


def test_a_temperature_is_not_for_numbers() -> None:
    with pytest.raises(ModelError, match="does not belong to a continuous"):
        restore(endpoint("continuous"), {"kind": "temperature", "temperature": 1.0})
