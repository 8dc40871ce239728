"""A case that stands for several counts as so many: in fits, calibration, thresholds and curves."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.training.cohorts import SCHEMA, cohort, folds

from bedside.comparators.boosting import Boosting
from bedside.comparators.elastic_net import ElasticNet
from bedside.comparators.forest import Forest
from bedside.comparators.points import PointsScore
from bedside.comparators.single import SinglePredictor
from bedside.comparators.window_summaries import WindowSummaries
from bedside.data.sample import Sample, weights_of
from bedside.data.split import Tuning
from bedside.endpoints.binary.head import BinaryHead
from bedside.endpoints.binary.operating import AtSensitivity, AtSpecificity, Youden
from bedside.endpoints.continuous.head import ContinuousHead
from bedside.errors import ModelError, StatisticsError
from bedside.modalities.tabular.encoder import TabularTrunk
from bedside.modalities.tabular.table import Record
from bedside.networks.features import Vector
from bedside.networks.losses import LOG_LOSS, ClassLoss, Focal
from bedside.stats import logistic
from bedside.stats.calibration_curve import reliability, smooth_curve
from bedside.stats.net_benefit import decision_curve
from bedside.stats.proportion import weighted_wilson, wilson
from bedside.training.calibration import venn_abers
from bedside.training.isotonic import Isotonic
from bedside.training.learner import weighs
from bedside.training.loop import Loop
from bedside.training.model import weighing
from bedside.training.network import Network
from bedside.training.platt import Platt
from bedside.training.temperature import Temperature
from bedside.training.tuned import Tuned
from bedside.training.venn_abers import VennAbers
from bedside.types import Floats

SIMULATED = cohort("binary", 160)
SAMPLES: list[Sample[Record, Any]] = SIMULATED.samples
CASES = [sample.predictors for sample in SAMPLES]
TWICE = [replace(sample, weight=2.0) for sample in SAMPLES]
UNLIKE = [replace(sample, weight=3.0 if sample.outcome else 1.0) for sample in SAMPLES]

weighted = st.lists(st.tuples(st.integers(1, 19), st.booleans(), st.integers(1, 4)), min_size=6, max_size=40).filter(
    lambda rows: len({row[1] for row in rows}) == 2
)


def drawn(rows: Sequence[tuple[int, bool, int]]) -> "tuple[Floats, np.ndarray[Any, np.dtype[np.bool_]], Floats]":
    chance, truth, weight = zip(*rows, strict=True)
    return np.array(chance) / 20, np.array(truth), np.array(weight, dtype=np.float64)


def points(record: Record) -> float:
    return float(record["age"] or 0.0)


RECIPES = {
    "elastic_net": ElasticNet(SIMULATED.endpoint, SCHEMA),
    "points": PointsScore("age", "Age", SIMULATED.endpoint, points, "Age in years."),
    "single": SinglePredictor(SIMULATED.endpoint, SCHEMA, "age"),
}
SETTINGS = {"elastic_net": {"penalty": 0.02, "mixing": 0.0}, "points": {}, "single": {}}


@pytest.mark.parametrize("name", RECIPES)
def test_two_of_a_case_are_a_case_of_weight_two(name: str) -> None:
    recipe: Any = RECIPES[name]
    told = [
        np.array(recipe.fit(SETTINGS[name], samples, [], seed=1)[0].predict(CASES))
        for samples in (SAMPLES, TWICE, [*SAMPLES, *SAMPLES], UNLIKE)
    ]
    np.testing.assert_allclose(told[1], told[2], atol=2e-3)
    np.testing.assert_allclose(told[1], told[0], atol=2e-3)  # the penalty is one a case
    assert told[3].mean() > told[0].mean() + 0.1
    assert weighs(recipe)


def test_boosting_expects_what_weighted_cases_show() -> None:
    recipe = Boosting(SIMULATED.endpoint, SCHEMA)
    told = [
        np.array(recipe.fit(recipe.defaults, samples, samples, seed=1)[0].predict(CASES))
        for samples in (SAMPLES, [replace(one, weight=1.0) for one in SAMPLES], UNLIKE)
    ]
    np.testing.assert_array_equal(told[0], told[1])
    stand = weights_of(UNLIKE)
    assert stand is not None
    share = np.average([sample.outcome for sample in UNLIKE], weights=stand)
    assert np.average(told[2], weights=stand) == pytest.approx(share, abs=0.05)


def test_who_weighs_says_so_and_others_refuse_weighted_cases() -> None:
    endpoint = SIMULATED.endpoint
    tuned = partial(Tuned, endpoint=endpoint, trials=1)
    network = Network(endpoint=endpoint, trunk=TabularTrunk(SCHEMA), head=BinaryHead)
    assert weighs(tuned(Boosting(endpoint, SCHEMA)))
    assert weighs(network)
    assert weighs(replace(network, head=partial(BinaryHead, loss=Focal(2.0))))
    assert not weighs(replace(network, head=ContinuousHead))
    assert not weighs(tuned(Boosting(endpoint, SCHEMA), calibration=venn_abers))
    assert not weighs(tuned(Boosting(cohort("continuous", 20).endpoint, SCHEMA)))
    assert weighs(WindowSummaries(partial(Boosting, endpoint), "boosting", "Boosting"))
    assert not weighs(WindowSummaries(partial(Forest, endpoint), "forest", "Forest"))
    learner = tuned(Forest(endpoint, SCHEMA))
    assert not weighs(learner)
    with pytest.raises(ModelError, match="random_forest cannot learn from weighted cases"):
        learner.fit(TWICE, folds(TWICE, 2), seed=1)


@pytest.mark.parametrize("crossed", [False, True])
def test_a_network_is_fitted_stopped_and_calibrated_on_weighted_cases(crossed: bool) -> None:
    network = Network(endpoint=SIMULATED.endpoint, trunk=TabularTrunk(SCHEMA), head=BinaryHead, loop=Loop(epochs=3))
    learner = Tuned(replace(network, members=1), SIMULATED.endpoint, trials=1)

    def told(samples: list[Sample[Record, Any]]) -> Floats:
        tuning: Tuning[Any, Any] = Tuning(selection=samples[100:130], calibration=samples[130:])
        parts = (samples, folds(samples, 2)) if crossed else (samples[:100], tuning)
        fit = learner.fit(*parts, seed=1)
        return np.array([*fit.fitted.predict(CASES), *fit.reference])

    alike, unlike = told(TWICE), told(UNLIKE)
    if not crossed:
        # Twice each is the same training, and a calibration that trusts twice as many cases.
        np.testing.assert_allclose(alike, told(SAMPLES), atol=0.05)
    assert unlike.mean() > alike.mean() + 0.1


@given(st.lists(st.tuples(st.floats(-3, 3), st.booleans(), st.integers(1, 4)), min_size=2, max_size=12))
def test_a_head_counts_a_case_as_often_as_it_stands(rows: list[tuple[float, bool, int]]) -> None:
    logits, truth, weight = (np.array(column) for column in zip(*rows, strict=True))
    again = np.repeat(np.arange(len(rows)), weight)
    losses: tuple[ClassLoss, ...] = (LOG_LOSS, Focal(2.0))
    for loss in losses:
        head = BinaryHead(SIMULATED.endpoint, 1, 1, loss=loss)
        raw, targets = torch.tensor(logits).float()[:, None, None], head.targets(truth.tolist())
        weights = torch.tensor(weight / weight.mean()).float()
        found, expected = head.loss(raw, targets, weights), head.loss(raw[again], targets[again])
        assert float(found) == pytest.approx(float(expected), rel=1e-5)
    if 0 < truth.sum() < len(rows):
        one, other = (BinaryHead(SIMULATED.endpoint, 1, 1, weights="balanced") for _ in range(2))
        one.adapt(truth.tolist(), weight.astype(np.float64))
        other.adapt(truth[again].tolist())
        assert float(one.layer.bias.detach()) == pytest.approx(float(other.layer.bias.detach()), abs=1e-6)
        assert one.weight.tolist() == pytest.approx(other.weight.tolist(), rel=1e-6)


def test_a_head_that_cannot_weigh_is_refused() -> None:
    with pytest.raises(ModelError, match="ContinuousHead takes no account of weights"):
        weighing(ContinuousHead(cohort("continuous", 20).endpoint, 2, 1))
    assert isinstance(weighing(BinaryHead(SIMULATED.endpoint, 2, 1))(Vector(torch.zeros(1, 3, 2))), torch.Tensor)


@given(weighted)
def test_calibration_counts_a_case_as_often_as_it_stands(rows: list[tuple[int, bool, int]]) -> None:
    chance, truth, weight = drawn(rows)
    matrix, again = np.column_stack([1 - chance, chance]), np.repeat(np.arange(len(rows)), weight.astype(int))
    for kind in (Temperature, Platt, Isotonic):
        one: Any = kind.fit(matrix, truth.astype(np.int64), weight)
        other: Any = kind.fit(matrix[again], truth[again].astype(np.int64))
        np.testing.assert_allclose(one(matrix), other(matrix), atol=2e-3)
    with pytest.raises(ModelError, match="not defined for weighted cases"):
        VennAbers.fit(matrix, truth.astype(np.int64), weight)


@given(weighted)
def test_thresholds_and_curves_count_a_case_as_often_as_it_stands(rows: list[tuple[int, bool, int]]) -> None:
    chance, truth, weight = drawn(rows)
    again = np.repeat(np.arange(len(rows)), weight.astype(int))
    for rule in (Youden(), AtSensitivity(0.8), AtSpecificity(0.7)):
        assert rule.choose(truth, chance, weight) == pytest.approx(rule.choose(truth[again], chance[again]))
    at = np.array([0.1, 0.3, 0.6])
    one = decision_curve(chance, truth, at, weights=weight)
    other = decision_curve(chance[again], truth[again], at)
    for name in ("model", "treat_all", "standardised", "avoided"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), atol=1e-9)
    assert (one.high - one.low >= other.high - other.low - 1e-9).all()  # weights are no further patients
    seen = reliability(chance, truth, count=1, weights=weight)
    assert (seen.predicted[0], seen.observed[0]) == pytest.approx((chance[again].mean(), truth[again].mean()))
    try:
        lines = smooth_curve(chance, truth, 5, weights=np.ones(len(rows))), smooth_curve(chance, truth, 5)
    except StatisticsError:
        return
    np.testing.assert_allclose(lines[0].observed, lines[1].observed, atol=1e-9)


@given(st.integers(0, 20), st.integers(1, 20))
def test_equal_weights_leave_wilson_s_interval_as_it_is(hits: int, misses: int) -> None:
    success = np.repeat([True, False], [hits, misses])
    plain, found = wilson(hits, hits + misses), weighted_wilson(success, np.full(success.size, 3.5))
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high))
    twins = np.repeat(np.arange(success.size), 2)
    pairs = weighted_wilson(np.repeat(success, 2), np.ones(2 * success.size), cluster=twins)
    assert (pairs.low, pairs.high) == pytest.approx((plain.low, plain.high))


def test_the_variance_of_a_weighted_regression_is_that_of_its_cases() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=400)
    design, truth = np.column_stack([np.ones(400), x]), rng.random(400) < 1 / (1 + np.exp(-x))
    unit = np.arange(400)
    fitted = logistic.fit(design, truth, np.ones((1, 400)))[0]
    plain = logistic.covariance(design, truth, fitted, unit)
    for factor in (1.0, 7.0):
        found = logistic.covariance(design, truth, fitted, None, weights=np.full(400, factor))
        np.testing.assert_allclose(found, plain, rtol=1e-9)
