"""The conventional models agree with the libraries that they stand on, and hold up on awkward tables."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.special import logit
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from tests.training.cohorts import SCHEMA, cohort

from bedside.comparators.boosting import Boosting
from bedside.comparators.design import Design
from bedside.comparators.elastic_net import ElasticNet
from bedside.comparators.forest import Forest, Trees
from bedside.comparators.points import PointsScore
from bedside.comparators.single import SinglePredictor
from bedside.data.sample import Sample
from bedside.errors import ModelError, TableProblem
from bedside.modalities.tabular.column import Column, Schema
from bedside.modalities.tabular.table import Record, Table, records
from bedside.types import PatientId, SampleId


def cases(samples: list[Sample[Record, Any]]) -> list[Record]:
    return [sample.predictors for sample in samples]


def test_elastic_net_without_mixing_is_ridge_regression() -> None:
    simulated = cohort("binary", 200)
    model, record = ElasticNet(simulated.endpoint, SCHEMA).fit(
        {"penalty": 0.01, "mixing": 0.0}, simulated.samples, [], seed=1
    )
    matrix = Design.fit(SCHEMA, cases(simulated.samples), rarest=2).matrix(cases(simulated.samples)).toarray()
    outcome = [sample.outcome for sample in simulated.samples]
    expected = LogisticRegression(C=1 / (0.01 * 200), tol=1e-10, max_iter=5000).fit(matrix, outcome)
    told = np.array(model.predict(cases(simulated.samples)))
    np.testing.assert_allclose(logit(told), expected.decision_function(matrix), atol=2e-3)
    assert record["converged"] is True


def test_elastic_net_reaches_the_optimum_from_its_warm_start() -> None:
    simulated = cohort("binary", 300)
    settings = {"penalty": 0.02, "mixing": 0.7}
    model, _ = ElasticNet(simulated.endpoint, SCHEMA).fit(settings, simulated.samples, [], seed=1)
    matrix = model.design.matrix(cases(simulated.samples)).toarray()
    outcome = np.array([sample.outcome for sample in simulated.samples])
    slow = LogisticRegression(
        C=1 / (0.02 * 300), l1_ratio=0.7, solver="saga", tol=1e-8, max_iter=50_000, random_state=0
    ).fit(matrix, outcome)

    def objective(coefficients: Any, intercept: float) -> float:
        score = matrix @ coefficients + intercept
        loss = np.logaddexp(0, np.where(outcome, -score, score)).mean()
        return float(loss + 0.02 * (0.7 * np.abs(coefficients).sum() + 0.15 * (coefficients**2).sum()))

    best = objective(slow.coef_[0], float(slow.intercept_[0]))
    assert objective(model.coefficients[:, 0], float(model.intercepts[0])) == pytest.approx(best, abs=1e-4)
    assert ((model.coefficients[:, 0] == 0) == (slow.coef_[0] == 0)).mean() > 0.7


def test_forest_arrays_predict_what_scikit_learn_predicts() -> None:
    stream = np.random.default_rng(1)
    matrix = stream.normal(size=(300, 5))
    outcome = (matrix[:, 0] * matrix[:, 1] > 0).astype(int) + (matrix[:, 2] > 1)
    forest = RandomForestClassifier(n_estimators=15, random_state=1).fit(matrix, outcome)
    from scipy.sparse import csr_array

    told = Trees.of(forest).mean(csr_array(matrix))
    np.testing.assert_allclose(told, forest.predict_proba(matrix), atol=1e-12)


def test_boosting_is_cut_at_its_best_round() -> None:
    simulated = cohort("binary", 240)
    model, record = Boosting(simulated.endpoint, SCHEMA).fit(
        Boosting.defaults, simulated.samples[:160], simulated.samples[160:], seed=1
    )
    rounds = record["rounds"]
    assert isinstance(rounds, int)
    assert model.booster.current_iteration() == rounds < 1000


def test_points_are_recalibrated_in_their_own_order() -> None:
    simulated = cohort("binary", 200)

    def rule(record: Record) -> "float | None":
        return round(float(record["age"]) / 10)

    score = PointsScore("age_decades", "Age in decades", simulated.endpoint, rule, "A point a decade.")
    model, record = score.fit({}, simulated.samples, [], seed=1)
    told = dict(
        zip([rule(one) for one in cases(simulated.samples)], model.predict(cases(simulated.samples)), strict=True)
    )
    ordered = [told[points] for points in sorted(told, key=lambda points: points or 0)]
    assert ordered == sorted(ordered)
    assert record == {"without_answer": 0}
    outcome = np.mean([sample.outcome for sample in simulated.samples])
    assert np.mean(model.predict(cases(simulated.samples))) == pytest.approx(outcome, abs=1e-3)


def test_a_score_without_any_answer_is_an_error() -> None:
    simulated = cohort("binary", 20)
    score: PointsScore[Record, Any] = PointsScore("none", "None", simulated.endpoint, lambda _: None, "Never answers.")
    with pytest.raises(ModelError, match="has no answer for any development sample"):
        score.fit({}, simulated.samples, [], seed=1)


def test_single_predictor_must_exist() -> None:
    with pytest.raises(TableProblem, match="pressure"):
        SinglePredictor(cohort("binary", 5).endpoint, SCHEMA, "presure")
    assert SinglePredictor(cohort("binary", 5).endpoint, SCHEMA, "age").name == "single_age"


def test_design_gives_rare_words_no_column() -> None:
    schema = Schema((Column("x", "number"), Column("word", "category")))
    frame = pl.DataFrame({"x": [1.0, 2.0, None, 4.0], "word": ["a", "a", "b", None]})
    rows = [row.only(schema) for row in records(Table(frame))]
    design = Design.fit(schema, rows, rarest=2)
    assert design.width == 3
    later = [row.only(schema) for row in records(Table(pl.DataFrame({"x": [2.0, 2.0], "word": ["a", "never seen"]})))]
    matrix = design.matrix(later).toarray()
    assert matrix[:, 2].tolist() == [1.0, 0.0]
    assert matrix[0, 0] == matrix[1, 0] != 0.0
    restored = Design.from_state(design.state())
    np.testing.assert_array_equal(restored.matrix(rows).toarray(), design.matrix(rows).toarray())


@pytest.mark.parametrize("make", [ElasticNet, Boosting, Forest])
def test_a_class_may_be_absent_from_development(make: Any) -> None:
    simulated = cohort("multiclass", 200)
    two = [sample for sample in simulated.samples if sample.outcome != 1]
    recipe = make(simulated.endpoint, SCHEMA)
    model, _ = recipe.fit(recipe.defaults, two[:80], two[80:], seed=1)
    told = np.array(model.predict(cases(simulated.samples)))
    assert told.shape == (200, 3)
    np.testing.assert_allclose(told.sum(axis=1), 1.0, atol=1e-6)
    assert told[:, 1].max() < 0.1


@pytest.mark.parametrize("make", [ElasticNet, Boosting, Forest])
def test_empty_and_constant_columns_are_borne(make: Any) -> None:
    simulated = cohort("binary", 120)
    schema = Schema((Column("age", "number"), Column("empty", "number"), Column("same", "category")))
    frame = simulated.samples[0].predictors.table.frame.with_columns(
        empty=pl.lit(None, dtype=pl.Float64), same=pl.lit("x")
    )
    rows = [row.only(schema) for row in records(Table(frame))]
    samples = [
        Sample(SampleId(str(k)), PatientId(str(k)), row, old.outcome)
        for k, (row, old) in enumerate(zip(rows, simulated.samples, strict=True))
    ]
    recipe = make(simulated.endpoint, schema)
    model, _ = recipe.fit(recipe.defaults, samples[:80], samples[80:], seed=1)
    told = np.array(model.predict(rows))
    assert np.isfinite(told).all()
    assert told.std() > 0


def test_infinite_outcomes_are_refused() -> None:
    simulated = cohort("continuous", 30)
    first = simulated.samples[0]
    broken = [*simulated.samples[1:], Sample(first.key, first.patient, first.predictors, float("inf"))]
    with pytest.raises(ModelError, match=r"cannot be fitted.*exclude"):
        ElasticNet(simulated.endpoint, SCHEMA).fit(ElasticNet.defaults, broken, [], seed=1)
