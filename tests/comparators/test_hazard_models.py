"""Regressions, scores and boosting of hazards: scikit-survival, optima, and the truth of simulations."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.stats import spearmanr
from tests.comparators.timed_cohorts import SCHEMA, cohort, curves, endpoint, points, samples_of
from tests.endpoints.times import SLOPES
from tests.stats.cox_cases import arff

from bedside.comparators.baseline_hazard import BaselineHazard
from bedside.comparators.cox import CoxElasticNet
from bedside.comparators.cox_penalty import penalised
from bedside.comparators.marginal import Marginal
from bedside.comparators.score_hazard import ScoreHazard
from bedside.comparators.survival_boosting import UNSTOPPED, SurvivalBoosting
from bedside.comparators.weibull import Weibull
from bedside.endpoints.time_to_event.outcome import Followed, times_of
from bedside.endpoints.time_to_event.target import timed
from bedside.errors import ModelError
from bedside.modalities.tabular.column import Column, Schema
from bedside.modalities.tabular.table import Record
from bedside.stats.cox import AtRisk, Hazard, regression
from bedside.stats.incidence import curve
from bedside.stats.times import Times
from bedside.types import Floats

pytest.importorskip("sksurv", reason="scikit-survival is an extra")


DATA = Path(os.environ.get("BEDSIDE_DATA", "absent"))


def test_the_penalised_regression_is_coxnets() -> None:
    """scikit-survival's Coxnet, whose own tolerance is the looser one, on two studies; ties are Breslow's."""
    from sksurv.linear_model import CoxnetSurvivalAnalysis
    from sksurv.util import Surv

    for name, time, event in (("GBSG2", "time", "cens"), ("whas500", "lenfol", "fstat")):
        frame = arff(DATA / "reference_vectors" / "surv" / f"{name}.arff")
        kept = [
            c
            for c in frame.columns
            if c not in (time, event) and frame[c].cast(pl.Float64, strict=False).is_finite().all()
        ]
        kept = [c for c in kept if frame[c].cast(pl.Float64, strict=False).null_count() == 0]
        x = frame.select(kept).to_numpy().astype(np.float64)
        x = (x - x.mean(axis=0)) / x.std(axis=0)
        times = Times.of(frame[time].to_numpy().astype(np.float64), frame[event].to_numpy().astype(np.int64))
        outcome = Surv.from_arrays(times.event == 1, times.time)
        for penalty, mixing in ((0.05, 0.5), (0.01, 1.0), (0.002, 0.1)):
            expected = CoxnetSurvivalAnalysis(alphas=[penalty], l1_ratio=mixing, tol=1e-12, max_iter=10**6).fit(
                x, outcome
            )
            found = penalised(AtRisk.of(times), x, penalty, mixing)
            assert found.converged
            np.testing.assert_allclose(found.coefficients, expected.coef_[:, 0], atol=2e-5, err_msg=f"{name} {penalty}")


@pytest.mark.parametrize("mixing", [0.0, 0.3, 1.0])
def test_no_step_from_the_penalised_optimum_gains(mixing: float) -> None:
    found = cohort(150, 7, truncated=True)
    times = times_of([sample.outcome for sample in found.samples])
    risk, penalty = AtRisk.of(times), 0.03
    best = penalised(risk, found.x, penalty, mixing).coefficients

    def objective(told: Floats) -> float:
        shrunk = mixing * np.abs(told).sum() + (1 - mixing) / 2 * (told**2).sum()
        return -Hazard.of(risk, found.x @ told).log_likelihood / len(times) + penalty * float(shrunk)

    stream = np.random.default_rng(0)
    for size in (1e-1, 1e-2, 1e-3):
        for _ in range(20):
            assert objective(best + size * stream.normal(size=3)) > objective(best)
    assert mixing < 1.0 or penalised(risk, found.x, 0.1, mixing).coefficients[2] == 0.0


def test_a_great_penalty_leaves_the_curve_of_everybody() -> None:
    found = cohort(300, 8)
    model, record = CoxElasticNet(found.endpoint, SCHEMA).fit(
        {"penalty": 10.0, "mixing": 1.0}, found.samples, [], seed=1
    )
    assert record["nonzero"] == 0
    told = curves(found, model)
    np.testing.assert_array_equal(told[0], told[-1])
    everybody: Marginal[Record] = Marginal(found.endpoint)
    marginal_curve, _ = everybody.fit({}, found.samples, [], seed=1)
    np.testing.assert_allclose(told[0], marginal_curve.curves, atol=0.01)


def test_weibull_is_the_maximum_of_its_likelihood_and_finds_the_truth() -> None:
    found = cohort(3_000, 9, truncated=True)
    times = times_of([sample.outcome for sample in found.samples])
    told = Weibull.fit(times, 1, found.x, 0.0)
    assert told.converged
    assert told.power == pytest.approx(1.0, abs=0.05)
    np.testing.assert_allclose(told.coefficients, [*SLOPES, 0.0], atol=0.08)
    np.testing.assert_allclose(told.baseline(np.array([10.0])), 0.5, rtol=0.1)

    def likelihood(level: float, power: float, coefficients: Floats) -> float:
        score = level + found.x @ coefficients
        had = times.event == 1
        logged = np.log(power) + (power - 1) * np.log(times.time) + score
        late = np.where(times.entry > 0, times.entry, 0.0) ** power
        return float(logged[had].sum() - ((times.time**power - late) * np.exp(score)).sum())

    best = likelihood(told.level, told.power, told.coefficients)
    stream = np.random.default_rng(0)
    for _ in range(50):
        step = 0.01 * stream.normal(size=5)
        assert likelihood(told.level + step[0], told.power + step[1], told.coefficients + step[2:]) < best + 1e-3


def test_weibull_of_all_alike_is_the_exponential_estimate_where_the_power_is_one() -> None:
    """With rising hazards the power is above 1; of times squared it is half as much."""
    stream = np.random.default_rng(1)
    time = stream.weibull(2.0, 4_000) * 5.0
    times = Times.of(time, np.ones(4_000, dtype=np.int64))
    told, squared = (Weibull.fit(one, 1, np.zeros((4_000, 0)), 0.0) for one in (times, Times.of(time**2, times.event)))
    assert told.power == pytest.approx(2.0, rel=0.05)
    assert squared.power == pytest.approx(told.power / 2, rel=1e-5)
    np.testing.assert_allclose(told.baseline(np.array([5.0])), 1.0, rtol=0.05)


def test_marginal_is_the_curve_of_development_held_level_where_nobody_is_watched() -> None:
    found = cohort(200, 12, causes=2, truncated=True)
    everybody: Marginal[Record] = Marginal(found.endpoint)
    model, record = everybody.fit({}, found.samples, [], seed=1)
    target = timed(found.endpoint, "")
    times = times_of([sample.outcome for sample in found.samples])
    expected = np.concatenate([curve(times, cause, None, target.grid) for cause in (1, 2)])
    np.testing.assert_array_equal(model.curves, expected)
    assert record == {"known_to_the_end": True}
    short = [
        replace(one, outcome=Followed(min(one.outcome.time, 8.0), one.outcome.event * (one.outcome.time < 8)))
        for one in cohort(200, 13).samples
    ]
    recipe: Marginal[Record] = Marginal(endpoint())
    level, told = recipe.fit({}, short, [], seed=1)
    assert told == {"known_to_the_end": False}
    later = level.curves[0, target.grid >= 8.0]
    assert (later == later[0]).all()
    assert later[0] > 0.2


def test_a_score_keeps_its_order_even_where_it_is_wrong() -> None:
    found = cohort(400, 14)

    def wrong(record: Record) -> "float | None":
        given = points(record)
        return None if given is None else -given

    for made in (points, wrong):
        recipe: ScoreHazard[Record] = ScoreHazard("made", "Made", found.endpoint, made, "A score.")
        model, record = recipe.fit({}, found.samples, [], seed=1)
        told = curves(found, model)[:, 0].sum(axis=1)
        given = [made(case) for case in found.cases]
        answered = [k for k, value in enumerate(given) if value is not None]
        assert spearmanr(told[answered], [float(given[k] or 0.0) for k in answered]).statistic == pytest.approx(1.0)
        assert record["without_answer"] == len(given) - len(answered)
        ratio = record["hazard_ratio_of_a_point"]
        assert isinstance(ratio, float)
        assert (ratio > 2) if made is points else (1 < ratio < 1.01)


def test_a_score_without_any_answer_is_an_error() -> None:
    found = cohort(40, 15)
    recipe: ScoreHazard[Record] = ScoreHazard("none", "None", found.endpoint, lambda _: None, "Never answers.")
    with pytest.raises(ModelError, match="has no answer for any development sample"):
        recipe.fit({}, found.samples, [], seed=1)


def test_boosting_is_cut_at_its_best_round_or_grown_without_a_judge() -> None:
    found = cohort(300, 16)
    recipe = SurvivalBoosting(found.endpoint, SCHEMA)
    development, selection = found.parts(200, 100)
    model, record = recipe.fit(recipe.defaults, development, selection, seed=1)
    rounds = model.boosters[0].current_iteration()
    assert record == {"rounds": rounds, "stopped_by_selection": True}
    assert 1 < rounds < 1_000
    _, record = recipe.fit(recipe.defaults, development, [], seed=1)
    assert record == {"rounds": UNSTOPPED, "stopped_by_selection": False}


def test_boosting_bears_columns_that_no_leaf_may_divide() -> None:
    found = cohort(200, 17)
    schema = Schema((Column("rare", "number"),))
    frame = pl.DataFrame({"rare": [1.0] * 3 + [0.0] * 197})
    samples = samples_of(frame, schema, [sample.outcome for sample in found.samples])
    recipe = SurvivalBoosting(found.endpoint, schema)
    model, _ = recipe.fit(recipe.defaults, samples, samples, seed=1)
    told = np.array(model.predict([sample.predictors for sample in samples]))
    np.testing.assert_array_equal(told, told[:1].repeat(200, axis=0))


def test_baselines_without_a_range_stay_numbers() -> None:
    found = cohort(60, 17)
    times = times_of([sample.outcome for sample in found.samples])
    target = timed(found.endpoint, "")
    scores = 900.0 * found.x[:, :1]
    told = target.curves(BaselineHazard.fit(target, times, scores).predictions(scores))
    assert np.isfinite(told).all()
    assert 0 <= told.min() <= told.max() <= 1


def test_unpenalised_coefficients_are_those_of_the_recipe_with_hardly_any_penalty() -> None:
    found = cohort(500, 21, missing=False)
    model, _ = CoxElasticNet(found.endpoint, SCHEMA).fit({"penalty": 1e-7, "mixing": 0.0}, found.samples, [], seed=1)
    times = times_of([sample.outcome for sample in found.samples])
    x = model.design.matrix(found.cases).toarray()
    expected = x @ regression(AtRisk.of(times), x, ridge=1e-6).coefficients
    told = x @ model.coefficients[:, 0]
    np.testing.assert_allclose(told - told.mean(), expected - expected.mean(), atol=1e-3)
