"""The tests of explanations pass where an explanation is about the model, and fail where it is not."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from tests.explain.tables import BINARY, CONTINUOUS, SCHEMA, predictors, samples, subject
from tests.explain.test_methods import network

from bedside.comparators.boosting import Boosting
from bedside.comparators.elastic_net import ElasticNet
from bedside.comparators.forest import Forest
from bedside.explain.deletion import deletion, without
from bedside.explain.explainer import Attribution, Subject
from bedside.explain.linear import LinearContributions
from bedside.explain.method import Contributions
from bedside.explain.tabular import EXPLAINERS, LIMIT, TabularExplainer, correlation
from bedside.modalities.tabular.table import Record
from bedside.training.learner import Fitted, Recipe
from bedside.types import Integers

CASES = predictors(samples(BINARY, 40, seed=5))


def only(one: Subject[Record, Any], seed: int = 2) -> Attribution:
    found = [explainer.explain(one, CASES, seed=seed) for explainer in EXPLAINERS]
    applied = [each for each in found if each is not None]
    assert len(applied) == 1
    return applied[0]


@pytest.mark.parametrize(
    "recipe",
    [ElasticNet(BINARY, SCHEMA), Boosting(BINARY, SCHEMA), Forest(BINARY, SCHEMA), network(BINARY)],
    ids=lambda one: one.name,
)
def test_honest_explanations_pass_and_repeat_byte_for_byte(recipe: Recipe[Record, Any, Any]) -> None:
    one = subject(recipe, BINARY)
    first, again = only(one), only(one)
    assert {check.check: check.passed for check in first.checks} | {"completeness": True} == {
        "completeness": True,
        "parameter randomisation": True,
        "faithfulness by deletion": True,
    }
    assert first.values.tobytes() == again.values.tobytes()
    assert first.checks == again.checks


@dataclass(frozen=True)
class OfTheData:
    """Calls what is far from 0 important, whatever the model: an explanation of the data."""

    name: str = "of_the_data"
    label: str = "of the data"
    description: str = "wrong on purpose"

    def contributions(
        self,
        members: Sequence[Fitted[Record, Any]],  # noqa: ARG002
        background: Sequence[Record],  # noqa: ARG002
        cases: Sequence[Record],
        chosen: Integers,  # noqa: ARG002
    ) -> Contributions:
        values = np.zeros((len(cases), len(SCHEMA.names)))
        values[:, 0] = [5.0 * case["noise_a"] for case in cases]
        values[:, 2] = [case["noise_b"] for case in cases]
        return Contributions(SCHEMA.names, values)

    def randomised(self, subject: Subject[Record, Any], seed: int) -> Fitted[Record, Any]:
        return LinearContributions().randomised(subject, seed)


def test_an_explanation_that_ignores_the_model_is_shown_as_failed() -> None:
    found = TabularExplainer(OfTheData()).explain(subject(ElasticNet(BINARY, SCHEMA), BINARY), CASES, seed=2)
    assert found is not None
    randomisation, faithful = found.checks
    assert randomisation.passed is False
    assert randomisation.value == pytest.approx(1.0)
    assert "does not depend on the model" in randomisation.text
    assert faithful.passed is False
    assert faithful.value is not None
    assert faithful.value < 0


def test_a_model_that_cannot_be_randomised_leaves_the_test_undecided() -> None:
    class Score:
        name = "score"

    honest = subject(ElasticNet(BINARY, SCHEMA), BINARY)
    found = TabularExplainer(LinearContributions()).explain(replace(honest, learner=Score()), CASES, seed=2)  # type: ignore[arg-type]
    assert found is not None
    assert found.checks[0].passed is None
    assert "no recipe" in found.checks[0].text


def test_deletion_of_too_few_predictors_is_not_done() -> None:
    one = subject(ElasticNet(BINARY, SCHEMA), BINARY)
    check = deletion(one.fit.fitted, BINARY, ["signal", "group"], np.ones(2), one.tuning, 0)
    assert check.passed is None
    assert "too few" in check.text


def test_tests_are_left_out_where_they_are_not_asked_for() -> None:
    one = subject(ElasticNet(BINARY, SCHEMA), BINARY)
    found = TabularExplainer(LinearContributions()).explain(one, CASES, seed=2, tests=False)
    assert found is not None
    assert found.checks == ()
    assert TabularExplainer(LinearContributions()).explain(one, [], seed=2) is None


def test_without_sets_exactly_the_named_predictors_to_missing() -> None:
    gone = without(CASES, ["signal", "group"])
    assert all(row["signal"] is None and row["group"] is None for row in gone)
    assert [row["noise_a"] for row in gone] == [row["noise_a"] for row in CASES]
    assert any(row["signal"] is not None for row in CASES)


def test_losses_average_to_the_loss_that_tuning_minimises() -> None:
    truth, told = [True, False, True], [0.9, 0.2, 0.4]
    assert BINARY.target.losses(truth, told).mean() == pytest.approx(BINARY.loss(truth, told))
    numbers, near = [1.0, 2.0, 5.0], [1.5, 2.0, 3.0]
    assert CONTINUOUS.target.losses(numbers, near).mean() == pytest.approx(CONTINUOUS.loss(numbers, near))


def test_correlation_is_of_ranks_and_0_where_nothing_varies() -> None:
    values = np.array([[1.0, -2.0], [3.0, 0.5]])
    assert correlation(values, np.exp(values)) == pytest.approx(1.0)
    assert correlation(values, -values) == pytest.approx(-1.0)
    assert correlation(values, np.zeros((2, 2))) == 0.0
    assert 0 < LIMIT < 1
