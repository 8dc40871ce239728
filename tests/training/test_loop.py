"""The training loop: it stops, restores the best weights, refuses to diverge and leaves no trace."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from tests.training.cohorts import SCHEMA, cohort
from tests.training.test_conformance import network

from bedside.data.sample import Sample
from bedside.errors import ModelError
from bedside.modalities.tabular.encoder import TabularTensors, TabularTrunk, forgetful
from bedside.training.determinism import deterministic
from bedside.training.engine import accelerated
from bedside.training.loop import Loop, batch_size
from bedside.training.network import Network


def fitted(recipe: Network[Any, Any], **settings: float) -> tuple[Any, Any]:
    simulated = cohort("binary", 160)
    return recipe.fit({**recipe.defaults, **settings}, simulated.samples[:110], simulated.samples[110:], seed=2)


def test_the_best_weights_are_restored() -> None:
    simulated = cohort("binary", 160)
    recipe = replace(network(simulated.endpoint), loop=Loop(epochs=60, patience=5))
    model, record = fitted(recipe, learning_rate=0.01)
    assert record["best_epoch"] + 5 == record["epochs"] < 60
    judged = simulated.samples[110:]
    told = model.predict([sample.predictors for sample in judged])
    assert simulated.endpoint.loss([sample.outcome for sample in judged], told) == pytest.approx(
        record["selection_loss"]
    )


def test_it_learns_more_than_the_prevalence() -> None:
    simulated = cohort("binary", 500)
    recipe = replace(network(simulated.endpoint), loop=Loop())
    model, _ = recipe.fit(recipe.defaults, simulated.samples[:300], simulated.samples[300:400], seed=2)
    outcomes = [sample.outcome for sample in simulated.samples[400:]]
    told = model.predict([sample.predictors for sample in simulated.samples[400:]])
    prevalence = [float(np.mean([sample.outcome for sample in simulated.samples[:300]]))] * 100
    assert simulated.endpoint.loss(outcomes, told) < 0.9 * simulated.endpoint.loss(outcomes, prevalence)


def test_divergence_is_an_error() -> None:
    recipe = replace(network(cohort("continuous", 10).endpoint), loop=Loop(epochs=30, clip=1e30, warm_up=1))
    simulated = cohort("continuous", 120)
    with pytest.raises(ModelError, match=r"training diverged.*Lower the learning rate"):
        recipe.fit(
            {**recipe.defaults, "learning_rate": 1e25, "weight_decay": 0.0},
            simulated.samples[:80],
            simulated.samples[80:],
            seed=1,
        )


def test_another_seed_gives_other_weights() -> None:
    simulated = cohort("binary", 100)
    recipe = network(simulated.endpoint)
    cases = [sample.predictors for sample in simulated.samples]
    one, two = (
        recipe.fit(recipe.defaults, simulated.samples[:60], simulated.samples[60:], seed=seed)[0].predict(cases)
        for seed in (1, 2)
    )
    assert one != two


def test_without_selection_there_is_no_early_stopping() -> None:
    simulated = cohort("binary", 40)
    recipe = network(simulated.endpoint)
    with pytest.raises(ModelError, match="no selection samples"):
        recipe.fit(recipe.defaults, simulated.samples, [], seed=1)


def test_fabric_trains_like_the_plain_thread() -> None:
    simulated = cohort("binary", 100)
    plain = network(simulated.endpoint)
    driven = replace(plain, loop=Loop(epochs=4, engine=accelerated("cpu")))
    cases = [sample.predictors for sample in simulated.samples]
    one, two = (
        recipe.fit(recipe.defaults, simulated.samples[:60], simulated.samples[60:], seed=1)[0].predict(cases)
        for recipe in (plain, driven)
    )
    np.testing.assert_allclose(one, two, atol=1e-6)


def test_a_column_never_missing_in_development_may_be_missing_later() -> None:
    simulated = cohort("binary", 120)
    recipe = network(simulated.endpoint)
    model, _ = recipe.fit(recipe.defaults, simulated.samples[:80], simulated.samples[80:], seed=1)
    empty = _without_age(simulated.samples[0])
    assert 0 < model.predict([empty.predictors])[0] < 1


def _without_age(sample: Sample[Any, Any]) -> Sample[Any, Any]:
    import polars as pl

    from bedside.modalities.tabular.table import Record, Table

    frame = sample.predictors.table.frame[[sample.predictors.position]].with_columns(age=pl.lit(None, dtype=pl.Float64))
    return replace(sample, predictors=Record(Table(frame), 0).only(SCHEMA))


def test_forgetting_takes_whole_cells() -> None:
    batch = TabularTensors(torch.ones(400, 3), torch.zeros(400, 3), torch.full((400, 2), 4))
    with deterministic(1):
        kept = forgetful(batch, 0.25)
    gone = kept.missing == 1
    assert 0.2 < gone.float().mean() < 0.3
    assert torch.equal(kept.numbers, torch.where(gone, 0.0, 1.0))
    assert set(kept.codes.flatten().tolist()) == {0, 4}


@pytest.mark.parametrize(("cases", "size"), [(1, 32), (400, 32), (1_000, 64), (5_000, 512), (70_000, 1024)])
def test_batch_size(cases: int, size: int) -> None:
    assert batch_size(cases) == size


def test_surroundings_are_restored() -> None:
    torch.manual_seed(11)
    expected = torch.rand(3)
    torch.manual_seed(11)
    with deterministic(5):
        torch.rand(7)
        assert torch.are_deterministic_algorithms_enabled()
        with pytest.raises(ZeroDivisionError):
            _fail_inside()
    assert torch.equal(torch.rand(3), expected)
    assert not torch.are_deterministic_algorithms_enabled()


def _fail_inside() -> None:
    with deterministic(6, threads=1):
        raise ZeroDivisionError


def test_a_trunk_needs_records() -> None:
    with pytest.raises(ModelError, match="no development records"):
        TabularTrunk(SCHEMA).prepare([])
