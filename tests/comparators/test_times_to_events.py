"""Conventional models of times to events: the laws of all learners, the truth of simulations, scikit-survival."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.stats import spearmanr
from tests.comparators.timed_cohorts import SCHEMA, Cohort, cohort, curves, points, samples_of
from tests.conformance.learner import check_learner
from tests.endpoints.times import incidence
from tests.training.cohorts import folds

from bedside.comparators.cox import CoxElasticNet
from bedside.comparators.marginal import Marginal
from bedside.comparators.score_hazard import ScoreHazard
from bedside.comparators.survival_boosting import SurvivalBoosting
from bedside.comparators.survival_forest import SurvivalForest
from bedside.comparators.weibull import WeibullAft
from bedside.data.split import Tuning
from bedside.endpoints.binary.kind import binary
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.time_to_event.outcome import Followed, Incidence
from bedside.endpoints.time_to_event.target import timed
from bedside.errors import ModelError
from bedside.modalities.tabular.column import Column, Schema
from bedside.modalities.tabular.table import Record
from bedside.training.learner import Recipe
from bedside.training.tuned import Tuned

pytest.importorskip("sksurv", reason="scikit-survival is an extra")

Kind = Endpoint[Followed, Incidence]
Make = Callable[[Kind], Recipe[Record, Any, Any]]


def score(kind: Kind) -> ScoreHazard[Record]:
    return ScoreHazard("age_pressure", "Age and pressure", kind, points, "Points for age, fewer for pressure.")


def cox(kind: Kind) -> CoxElasticNet:
    return CoxElasticNet(kind, SCHEMA)


def weibull(kind: Kind) -> WeibullAft:
    return WeibullAft(kind, SCHEMA)


def boosting(kind: Kind) -> SurvivalBoosting:
    return SurvivalBoosting(kind, SCHEMA)


def forest(kind: Kind) -> SurvivalForest:
    return SurvivalForest(kind, SCHEMA)


def marginal(kind: Kind) -> Marginal[Record]:
    return Marginal(kind)


MAKERS: tuple[Make, ...] = (cox, weibull, boosting, forest, marginal, score)
INFORMED: tuple[Make, ...] = (cox, weibull, boosting, forest, score)


def fitted(make: Make, found: Cohort, size: int, selected: int = 0) -> tuple[Any, dict[str, Any]]:
    recipe = make(found.endpoint)
    parts = found.parts(size, selected)
    model, record = recipe.fit(recipe.defaults, parts[0], parts[1], seed=1)
    return model, dict(record)


@pytest.mark.parametrize("causes", [1, 2])
@pytest.mark.parametrize("make", MAKERS)
def test_held_out(make: Make, causes: int, tmp_path: Path) -> None:
    found = cohort(230, causes=causes, truncated=causes == 2)
    development, selection, calibration, new = found.parts(110, 50, 50, 20)
    learner = Tuned(make(found.endpoint), found.endpoint, trials=2)
    tuning: Tuning[Any, Any] = Tuning(selection=selection, calibration=calibration)
    check_learner(learner, found.endpoint, development, tuning, new, tmp_path)


@pytest.mark.parametrize("make", MAKERS)
def test_cross_fitted(make: Make, tmp_path: Path) -> None:
    found = cohort(140, 2)
    development, new = found.parts(120, 20)
    learner = Tuned(make(found.endpoint), found.endpoint, trials=2)
    check_learner(learner, found.endpoint, development, folds(development, 2), new, tmp_path)


@pytest.mark.parametrize("causes", [1, 2])
@pytest.mark.parametrize("truncated", [False, True])
@pytest.mark.parametrize(
    ("make", "error"), [(cox, 0.03), (weibull, 0.03), (score, 0.03), (boosting, 0.09), (forest, 0.13)]
)
def test_curves_come_near_the_truth(make: Make, error: float, causes: int, *, truncated: bool) -> None:
    """Mean distance of the predicted from the true incidence, of cases that were not fitted on."""
    found = cohort(1_300, 3, causes=causes, truncated=truncated, missing=False)
    model, _ = fitted(make, found, 800, 200)
    told, truth = curves(found, model), incidence(found.x, timed(found.endpoint, "").grid, causes)
    assert told.shape == truth.shape
    assert (np.diff(told, axis=2, prepend=0.0) >= 0).all()
    assert told.sum(axis=1).max() <= 1 + 1e-9
    if not (make is score and causes == 2):
        assert np.abs(told - truth)[1_000:].mean() < error
    ranked = spearmanr(told[1_000:, 0].sum(axis=1), truth[1_000:, 0].sum(axis=1)).statistic
    assert ranked > (0.9 if error < 0.1 else 0.85)


@pytest.mark.parametrize("make", [cox, weibull, boosting, forest])
def test_units_of_predictors_tell_nothing(make: Make) -> None:
    found = cohort(240, 4)
    frame = found.cases[0].table.frame.with_columns(age=1000 * pl.col("age") + 5, pressure=pl.col("pressure") / 8)
    other = replace(found, samples=samples_of(frame, SCHEMA, [sample.outcome for sample in found.samples]))
    expected, told = (curves(one, fitted(make, one, 160, 60)[0]) for one in (found, other))
    np.testing.assert_allclose(told, expected, atol=1e-6 if make in (cox, weibull) else 0.02)


@pytest.mark.parametrize("make", [cox, weibull, marginal, score])
def test_every_case_twice_is_the_same(make: Make) -> None:
    """Penalties are per case, and Breslow's ties count copies as so many."""
    found = cohort(200, 5, causes=2, truncated=True)
    recipe = make(found.endpoint)
    once, _ = recipe.fit(recipe.defaults, found.samples, [], seed=1)
    twice, _ = recipe.fit(recipe.defaults, [*found.samples, *found.samples], [], seed=1)
    np.testing.assert_allclose(np.array(twice.predict(found.cases)), np.array(once.predict(found.cases)), atol=2e-5)


@pytest.mark.parametrize("make", MAKERS)
def test_another_clock_is_another_clock(make: Make) -> None:
    """Months or days: the same curves at the same moments."""
    found = cohort(200, 6)
    target = timed(found.endpoint, "")
    days = replace(target, unit="days", grid=30.0 * target.grid, horizons=(150.0, 300.0), primary=300.0)
    other = replace(
        found,
        endpoint=replace(found.endpoint, target=days),
        samples=[
            replace(one, outcome=Followed(30.0 * one.outcome.time, one.outcome.event, 30.0 * one.outcome.entry))
            for one in found.samples
        ],
    )
    expected, told = (curves(one, fitted(make, one, 140, 60)[0]) for one in (found, other))
    np.testing.assert_allclose(told, expected, atol=1e-6)


@pytest.mark.parametrize("make", MAKERS)
def test_what_cannot_be_learned_from_is_refused(make: Make) -> None:
    found = cohort(60, 18, causes=2)
    recipe = make(found.endpoint)

    def outcomes(event: int) -> list[Any]:
        return [replace(one, outcome=Followed(one.outcome.time, event)) for one in found.samples]

    with pytest.raises(ModelError, match=r"0 of 60 development cases have the event 'death'; at least 2 are needed"):
        recipe.fit(recipe.defaults, outcomes(0), found.samples, seed=1)
    with pytest.raises(ModelError, match=r"have the event 'transplantation'.*declare no cause that hardly comes"):
        recipe.fit(recipe.defaults, outcomes(1), found.samples, seed=1)
    with pytest.raises(ModelError, match=r"has the code 3; allowed are 0 \(censored\) and 1 \(death\)"):
        recipe.fit(recipe.defaults, [*found.samples, *outcomes(3)[:1]], found.samples, seed=1)
    with pytest.raises(ModelError, match="predicts times to events, not a binary outcome"):
        make(binary(positive="yes", negative="no"))  # type: ignore[arg-type]


@pytest.mark.parametrize("make", MAKERS)
def test_no_case_censored_is_no_matter(make: Make) -> None:
    found = cohort(150, 19)
    everybody = [replace(one, outcome=Followed(one.outcome.time, 1)) for one in found.samples]
    told = curves(found, fitted(make, replace(found, samples=everybody), 100, 50)[0])
    assert np.isfinite(told).all()


@pytest.mark.parametrize("make", [cox, weibull, boosting, forest])
def test_empty_constant_and_separating_columns_are_borne(make: Make) -> None:
    found = cohort(160, 20)
    had = np.array([sample.outcome.event for sample in found.samples])
    frame = found.cases[0].table.frame.with_columns(
        empty=pl.lit(None, dtype=pl.Float64), same=pl.lit("x"), divides=pl.Series(had.astype(np.float64))
    )
    schema = Schema(
        (*SCHEMA.columns, Column("empty", "number"), Column("same", "category"), Column("divides", "number"))
    )
    recipe: Any = type(make(found.endpoint))(found.endpoint, schema)  # type: ignore[call-arg]
    samples = samples_of(frame, schema, [sample.outcome for sample in found.samples])
    model, _ = recipe.fit(recipe.defaults, samples[:120], samples[120:], seed=1)
    told = timed(found.endpoint, "").curves(model.predict([sample.predictors for sample in samples]))
    assert np.isfinite(told).all()
    assert told[had == 1, 0, -1].mean() > told[had == 0, 0, -1].mean() + 0.2
    constant = Schema((Column("same", "category"), Column("empty", "number")))
    alike: Any = type(recipe)(found.endpoint, constant)
    same = samples_of(frame, constant, [sample.outcome for sample in samples])
    if make is boosting:
        with pytest.raises(ModelError, match=r"survival_boosting cannot be fitted: .* the same in all"):
            alike.fit(recipe.defaults, same[:120], same[120:], seed=1)
        return
    flat, _ = alike.fit(recipe.defaults, same[:120], same[120:], seed=1)
    told = timed(found.endpoint, "").curves(flat.predict([one.predictors for one in same]))
    np.testing.assert_allclose(told, told[:1].repeat(160, axis=0), atol=1e-12)
