"""What is explained of a time to an event is the cause of interest, whatever competes with it."""

import numpy as np
import pytest
from tests.study.test_times_to_events import ENDPOINT, SCHEMA, Drawn, Times

from bedside.comparators.cox import CoxElasticNet
from bedside.comparators.survival_boosting import SurvivalBoosting
from bedside.explain.linear import LinearContributions
from bedside.explain.method import chosen_classes
from bedside.explain.shap_trees import ShapTrees


@pytest.fixture(scope="module")
def samples() -> list[Drawn]:
    return list(Times().simulate(300, seed=3))


def test_linear_contributions_are_those_to_the_hazard_of_the_first_cause(samples: list[Drawn]) -> None:
    recipe = CoxElasticNet(ENDPOINT, SCHEMA)
    fitted, _ = recipe.fit(recipe.defaults, samples[:240], samples[240:], seed=0)
    rows = [sample.predictors for sample in samples]
    chosen = chosen_classes(ENDPOINT, fitted.predict(rows))
    found = LinearContributions().contributions([fitted], rows[:240], rows, chosen)
    assert found is not None
    score = (fitted.design.matrix(rows) @ fitted.coefficients)[:, 0]
    usual = (fitted.design.matrix(rows[:240]) @ fitted.coefficients)[:, 0].mean()
    assert found.values.sum(axis=1) == pytest.approx(score - usual)


def test_shap_values_are_those_of_the_first_causes_trees(samples: list[Drawn]) -> None:
    recipe = SurvivalBoosting(ENDPOINT, SCHEMA)
    fitted, _ = recipe.fit(recipe.defaults, samples[:240], samples[240:], seed=0)
    rows = [sample.predictors for sample in samples]
    found = ShapTrees().contributions([fitted], rows[:240], rows, chosen_classes(ENDPOINT, fitted.predict(rows)))
    assert found is not None
    score = np.asarray(fitted.boosters[0].predict(fitted.features.transform(rows), raw_score=True))
    assert np.ptp(found.values.sum(axis=1) - score) == pytest.approx(0.0, abs=1e-6)
