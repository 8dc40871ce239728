"""Each method adds up to the score it attributes, finds what matters, and declines models of another kind."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import logit
from tests.explain.tables import BINARY, CONTINUOUS, MULTICLASS, SCHEMA, predictors, samples, subject

from bedside.comparators.boosting import Boosting
from bedside.comparators.elastic_net import ElasticNet
from bedside.comparators.forest import Forest
from bedside.comparators.single import SinglePredictor
from bedside.endpoints.binary.head import BinaryHead
from bedside.endpoints.continuous.head import ContinuousHead
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.multiclass.head import MulticlassHead
from bedside.explain.explainer import Subject
from bedside.explain.integrated_gradients import IntegratedGradients
from bedside.explain.linear import LinearContributions
from bedside.explain.method import Contributions, Method, chosen_classes
from bedside.explain.shap_trees import BACKGROUND, ShapTrees
from bedside.explain.tabular import members
from bedside.modalities.tabular.encoder import TabularTrunk
from bedside.modalities.tabular.table import Record
from bedside.networks.head import Head
from bedside.training.loop import Loop
from bedside.training.network import Network
from bedside.types import Floats

ENDPOINTS = pytest.mark.parametrize("endpoint", [BINARY, MULTICLASS, CONTINUOUS], ids=lambda one: one.name)
HEADS: dict[str, Any] = {"binary": BinaryHead, "multiclass": MulticlassHead, "continuous": ContinuousHead}


def network(endpoint: Endpoint[Any, Any]) -> Network[Record, Any]:
    head: type[Head[Any, Any, Any]] = HEADS[endpoint.name]
    return Network(endpoint=endpoint, trunk=TabularTrunk(SCHEMA, members=2), head=head, members=2, loop=Loop(epochs=30))


def background(one: Subject[Record, Any]) -> list[Record]:
    return predictors(one.development)[:60]


def explained(method: Method, one: Subject[Record, Any], cases: list[Record]) -> Contributions:
    fitted = one.fit.fitted
    chosen = chosen_classes(one.endpoint, fitted.predict(cases))
    found = method.contributions(members(fitted), background(one), cases, chosen)
    assert found is not None
    assert found.variables == SCHEMA.names
    assert found.values.shape == (len(cases), len(SCHEMA.names))
    return found


def matters(found: Contributions) -> set[str]:
    size = np.abs(found.values).mean(axis=0)
    return {found.variables[k] for k in np.argsort(-size)[:2].tolist()}


def new_cases(endpoint: Endpoint[Any, Any]) -> list[Record]:
    return predictors(samples(endpoint, 40, seed=5))


def score(endpoint: Endpoint[Any, Any], model: Any, rows: list[Record]) -> Floats:
    """Log-odds or number of a model before calibration, for one score a case."""
    told = model.predict(rows)
    return logit(np.array(told)) if endpoint is BINARY else np.array(told)


@ENDPOINTS
def test_linear_contributions_find_what_matters(endpoint: Endpoint[Any, Any]) -> None:
    one = subject(ElasticNet(endpoint, SCHEMA), endpoint)
    assert matters(explained(LinearContributions(), one, new_cases(endpoint))) == {"signal", "group"}


@pytest.mark.parametrize("endpoint", [BINARY, CONTINUOUS], ids=lambda one: one.name)
def test_linear_contributions_add_up_to_the_distance_from_the_mean_score(endpoint: Endpoint[Any, Any]) -> None:
    one = subject(ElasticNet(endpoint, SCHEMA), endpoint)
    cases = new_cases(endpoint)
    model = members(one.fit.fitted)[0]
    usual = score(endpoint, model, background(one)).mean()
    found = explained(LinearContributions(), one, cases)
    np.testing.assert_allclose(found.values.sum(axis=1), score(endpoint, model, cases) - usual, atol=1e-6)


@pytest.mark.parametrize("endpoint", [BINARY, CONTINUOUS], ids=lambda one: one.name)
def test_shap_values_of_boosted_trees_add_up_to_the_score_up_to_a_constant(endpoint: Endpoint[Any, Any]) -> None:
    one = subject(Boosting(endpoint, SCHEMA), endpoint)
    cases = new_cases(endpoint)
    found = explained(ShapTrees(), one, cases)
    rest = score(endpoint, members(one.fit.fitted)[0], cases) - found.values.sum(axis=1)
    np.testing.assert_allclose(rest, rest[0], atol=1e-6)
    assert matters(found) == {"signal", "group"}


@ENDPOINTS
def test_shap_values_of_a_forest_add_up_to_the_votes(endpoint: Endpoint[Any, Any]) -> None:
    one = subject(Forest(endpoint, SCHEMA), endpoint)
    cases = new_cases(endpoint)
    found = explained(ShapTrees(), one, cases)
    model: Any = members(one.fit.fitted)[0]
    usual = model.trees.mean(model.design.matrix(background(one)[:BACKGROUND])).mean(axis=0)
    moved = model.trees.mean(model.design.matrix(cases)) - usual
    chosen = chosen_classes(endpoint, one.fit.fitted.predict(cases))
    np.testing.assert_allclose(found.values.sum(axis=1), moved[np.arange(len(cases)), chosen], atol=1e-6)
    assert "signal" in matters(found)


def test_shap_values_of_three_classes_explain_the_most_probable_one() -> None:
    one = subject(Boosting(MULTICLASS, SCHEMA), MULTICLASS)
    cases = new_cases(MULTICLASS)
    found = explained(ShapTrees(), one, cases)
    model: Any = members(one.fit.fitted)[0]
    raw = model.booster.predict(model.features.transform(cases), raw_score=True)
    centred = raw - raw.mean(axis=1, keepdims=True)
    chosen = chosen_classes(MULTICLASS, one.fit.fitted.predict(cases))
    rest = centred[np.arange(len(cases)), chosen] - found.values.sum(axis=1)
    for k in np.unique(chosen):
        np.testing.assert_allclose(rest[chosen == k], rest[chosen == k][0], atol=1e-6)


@ENDPOINTS
def test_integrated_gradients_are_complete_and_find_what_matters(endpoint: Endpoint[Any, Any]) -> None:
    one = subject(network(endpoint), endpoint)
    found = explained(IntegratedGradients(), one, new_cases(endpoint))
    assert found.gap is not None
    assert found.gap < 0.01
    assert matters(found) == {"signal", "group"}


def test_the_usual_case_has_integrated_gradients_of_zero() -> None:
    one = subject(network(CONTINUOUS), CONTINUOUS)
    found = explained(IntegratedGradients(), one, new_cases(CONTINUOUS))
    # A category at its most frequent word is what it is compared with.
    words = [case["noise_c"] for case in background(one)]
    usual = max(set(words), key=words.count)
    same = np.array([case["noise_c"] == usual for case in new_cases(CONTINUOUS)])
    column = found.values[:, SCHEMA.names.index("noise_c")]
    assert (column[same] == 0).all()
    assert (column[~same] != 0).all()


@pytest.mark.parametrize(
    "method", [LinearContributions(), ShapTrees(), IntegratedGradients()], ids=lambda one: one.name
)
def test_a_method_declines_models_that_it_does_not_apply_to(method: Method) -> None:
    class Score:
        def predict(self, predictors: Sequence[Record]) -> list[float]:
            return [0.5] * len(predictors)

        def save(self, folder: Path) -> None: ...

    cases = new_cases(BINARY)
    chosen = np.ones(len(cases), dtype=np.int64)
    assert method.contributions((Score(),), cases, cases, chosen) is None


def test_one_predictor_alone_needs_no_explanation() -> None:
    one = subject(SinglePredictor(BINARY, SCHEMA, "signal"), BINARY)
    cases = new_cases(BINARY)
    chosen = np.ones(len(cases), dtype=np.int64)
    assert LinearContributions().contributions(members(one.fit.fitted), cases, cases, chosen) is None
