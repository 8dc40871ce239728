"""Conformal sets and intervals: the published quantile, coverage by class and by group, honest ignorance."""

import json
from typing import Any

import numpy as np
import pytest
from mapie.classification import SplitConformalClassifier
from mapie.regression import SplitConformalRegressor
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from tests.training.cohorts import endpoint

from bedside.endpoints.endpoint import Categorical, Numeric
from bedside.errors import StatisticsError
from bedside.training.conformal import (
    PredictionIntervals,
    PredictionSets,
    one_each,
    prediction_intervals,
    prediction_sets,
)


def classes() -> Categorical[Any, Any]:
    target = endpoint("binary").target
    assert isinstance(target, Categorical)
    return target


def number() -> Numeric[Any, Any]:
    target = endpoint("continuous").target
    assert isinstance(target, Numeric)
    return target


def drawn(n: int, seed: int, *, prevalence_shift: float = -1.5) -> tuple[list[bool], list[float]]:
    stream = np.random.default_rng(seed)
    score = stream.normal(scale=1.5, size=n) + prevalence_shift
    return [bool(one) for one in stream.random(n) < expit(score)], expit(score).tolist()


class Told(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A fitted classifier of two classes whose probability is its input."""

    def __init__(self) -> None:
        self.fitted_ = True
        self.classes_ = np.array([0, 1])

    def fit(self, _: Any, __: Any) -> "Told":
        return self

    def predict_proba(self, matrix: Any) -> Any:
        return np.column_stack([1 - np.asarray(matrix)[:, 0], np.asarray(matrix)[:, 0]])

    def predict(self, matrix: Any) -> Any:
        return self.predict_proba(matrix).argmax(axis=1)


class Given(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A fitted model whose prediction is its input."""

    def __init__(self) -> None:
        self.fitted_ = True

    def fit(self, _: Any, __: Any) -> "Given":
        return self

    def predict(self, matrix: Any) -> Any:
        return np.asarray(matrix)[:, 0]


def test_intervals_are_mapies() -> None:
    stream = np.random.default_rng(1)
    told = stream.normal(size=157)
    outcome = told + stream.normal(size=157)
    peer = SplitConformalRegressor(Given(), confidence_level=0.9, prefit=True).conformalize(told[:, None], outcome)
    _, limits = peer.predict_interval(np.array([[0.0], [2.0]]))
    low, high = prediction_intervals(number(), outcome.tolist(), told.tolist(), level=0.9)([0.0, 2.0])
    np.testing.assert_allclose(np.column_stack([low, high]), limits[:, :, 0], atol=1e-9)


@pytest.mark.parametrize("cases", [57, 157, 400])
def test_sets_are_mapies(cases: int) -> None:
    outcomes, told = drawn(cases, 5)
    _, new = drawn(300, 6)
    peer = SplitConformalClassifier(Told(), confidence_level=0.9, prefit=True, conformity_score="lac")
    peer.conformalize(np.array(told)[:, None], np.array(outcomes, dtype=int))
    _, sets = peer.predict_set(np.array(new)[:, None])
    found = prediction_sets(classes(), outcomes, told, level=0.9, by_class=False)(new)
    np.testing.assert_array_equal(found, sets[:, :, 0])
    assert 0 < found.sum() < found.size


def test_the_quantile_is_the_published_one() -> None:
    """ceil((n + 1) level)-th smallest score: of 19 errors 1 … 19 at 90 % the 18th."""
    found = prediction_intervals(number(), [float(k) for k in range(1, 20)], [0.0] * 19, level=0.9)
    assert found.limits[""].tolist() == [18.0]


def test_coverage_by_class_holds_for_the_rare_one() -> None:
    outcomes, told = drawn(4_000, 1)
    later, new = drawn(20_000, 2)
    index = np.array(later, dtype=int)
    by_class = prediction_sets(classes(), outcomes, told, level=0.9)(new)
    marginal = prediction_sets(classes(), outcomes, told, level=0.9, by_class=False)(new)
    held = by_class[np.arange(20_000), index]
    assert held[index == 1].mean() == pytest.approx(0.9, abs=0.03)
    assert held[index == 0].mean() == pytest.approx(0.9, abs=0.03)
    plain = marginal[np.arange(20_000), index]
    assert plain.mean() == pytest.approx(0.9, abs=0.02)
    assert plain[index == 1].mean() < 0.8, "marginal coverage misses the rare class, which is why classes are held"


def test_coverage_by_group() -> None:
    stream = np.random.default_rng(3)
    groups = np.where(stream.random(6_000) < 0.3, "old", "young")
    spread = np.where(groups == "old", 4.0, 1.0)
    outcome = stream.normal(size=6_000) * spread
    half = slice(0, 3_000), slice(3_000, None)
    found = prediction_intervals(number(), outcome[half[0]].tolist(), [0.0] * 3_000, groups=groups[half[0]].tolist())
    low, high = found([0.0] * 3_000, groups=groups[half[1]].tolist())
    inside = (low <= outcome[half[1]]) & (outcome[half[1]] <= high)
    for name in ("old", "young"):
        assert inside[groups[half[1]] == name].mean() == pytest.approx(0.9, abs=0.04)


def test_too_few_cases_exclude_nothing() -> None:
    found = prediction_sets(classes(), [True, False, True], [0.9, 0.1, 0.8], level=0.95)
    assert found([0.999, 0.001]).all()
    kept = PredictionSets.from_state(classes(), json.loads(json.dumps(found.state(), allow_nan=False)))
    assert kept([0.999]).all()


def test_unknown_groups_exclude_nothing() -> None:
    outcomes, told = drawn(300, 1)
    found = prediction_sets(classes(), outcomes, told, groups=["a"] * 300)
    assert found([0.999], groups=["b"]).all()
    intervals = prediction_intervals(number(), [1.0] * 30, [0.0] * 30, groups=["a"] * 30)
    assert not np.isfinite(intervals([0.0], groups=["b"])).any()


def test_states_restore() -> None:
    found = prediction_intervals(number(), [float(k) for k in range(50)], [0.0] * 50)
    kept = PredictionIntervals.from_state(number(), json.loads(json.dumps(found.state())))
    np.testing.assert_array_equal(kept([1.0]), found([1.0]))


def test_one_case_a_patient() -> None:
    patients = ["a", "a", "b", "c", "c", "c"]
    drawn_positions = one_each(patients, seed=1)
    assert [patients[k] for k in drawn_positions] == ["a", "b", "c"]
    assert {tuple(one_each(patients, seed=k).tolist()) for k in range(30)} > {tuple(drawn_positions.tolist())}


@pytest.mark.parametrize("level", [0.0, 1.0, 90.0])
def test_levels_outside_are_refused(level: float) -> None:
    with pytest.raises(StatisticsError, match="between 0 and 1"):
        prediction_sets(classes(), [True], [0.5], level=level)


def test_groups_must_match_cases() -> None:
    with pytest.raises(StatisticsError, match="1 groups were given for 2 cases"):
        prediction_intervals(number(), [1.0, 2.0], [1.0, 2.0], groups=["a"])
