"""Learners of ordered grades and of findings that may coexist go through the same laws as all others."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.conformance.learner import check_learner
from tests.training.cohorts import SCHEMA, Kind, cohort, folds

from bedside.comparators.boosting import Boosting
from bedside.comparators.elastic_net import ElasticNet
from bedside.comparators.one_by_one import OneByOne
from bedside.data.split import Tuning
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.multiclass.head import MulticlassHead
from bedside.endpoints.multilabel.head import MultilabelHead
from bedside.endpoints.ordinal.head import OrdinalHead
from bedside.errors import ModelError
from bedside.modalities.tabular.encoder import TabularTrunk
from bedside.modalities.tabular.table import Record
from bedside.networks.losses import Focal
from bedside.training.learner import Recipe
from bedside.training.loop import Loop
from bedside.training.network import HeadMaker, Network
from bedside.training.tuned import Tuned

PROPORTIONAL: HeadMaker[Any] = partial(OrdinalHead, proportional=True)
WEIGHTED: HeadMaker[Any] = partial(MultilabelHead, loss=Focal(2.0), weights="balanced")


def network(endpoint: Endpoint[Any, Any], head: HeadMaker[Any]) -> Network[Record, Any]:
    trunk = TabularTrunk(SCHEMA, members=2)
    return Network(endpoint=endpoint, trunk=trunk, head=head, members=2, loop=Loop(epochs=4))


def boosted(endpoint: Endpoint[bool, float]) -> Boosting[float]:
    return Boosting(endpoint, SCHEMA)


def penalised(endpoint: Endpoint[bool, float]) -> ElasticNet[float]:
    return ElasticNet(endpoint, SCHEMA)


def recipe(name: str, endpoint: Endpoint[Any, Any]) -> Recipe[Record, Any, Any]:
    recipes: dict[str, Recipe[Record, Any, Any]] = {
        "ordinal network": network(endpoint, OrdinalHead),
        "proportional odds": network(endpoint, PROPORTIONAL),
        "plain softmax": network(endpoint, MulticlassHead),
        "boosting": Boosting(endpoint, SCHEMA),
    }
    return recipes[name]


def several(name: str, endpoint: Endpoint[Any, Any]) -> Recipe[Record, Any, Any]:
    recipes: dict[str, Recipe[Record, Any, Any]] = {
        "network": network(endpoint, MultilabelHead),
        "focal and balanced": network(endpoint, WEIGHTED),
        "boosting one by one": OneByOne(endpoint, boosted),
        "regression one by one": OneByOne(endpoint, penalised),
    }
    return recipes[name]


CASES: list[tuple[Kind, str]] = [
    ("ordinal", "ordinal network"),
    ("ordinal", "proportional odds"),
    ("ordinal", "plain softmax"),
    ("ordinal", "boosting"),
    ("multilabel", "network"),
    ("multilabel", "focal and balanced"),
    ("multilabel", "boosting one by one"),
    ("multilabel", "regression one by one"),
]


def made(kind: Kind, name: str, endpoint: Endpoint[Any, Any]) -> Recipe[Record, Any, Any]:
    return recipe(name, endpoint) if kind == "ordinal" else several(name, endpoint)


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_held_out(kind: Kind, name: str, tmp_path: Path) -> None:
    simulated = cohort(kind, 190)
    development, selection, calibration, new = simulated.parts(90, 40, 40, 20)
    learner = Tuned(made(kind, name, simulated.endpoint), simulated.endpoint, trials=2)
    tuning: Tuning[Any, Any] = Tuning(selection=selection, calibration=calibration)
    check_learner(learner, simulated.endpoint, development, tuning, new, tmp_path)


@pytest.mark.parametrize(("kind", "name"), [CASES[0], CASES[5], CASES[6]])
def test_cross_fitted(kind: Kind, name: str, tmp_path: Path) -> None:
    simulated = cohort(kind, 140)
    development, new = simulated.parts(120, 20)
    learner = Tuned(made(kind, name, simulated.endpoint), simulated.endpoint, trials=2)
    check_learner(learner, simulated.endpoint, development, folds(development, 2), new, tmp_path)


def test_one_by_one_is_each_model_by_itself() -> None:
    simulated = cohort("multilabel", 300)
    development, selection, new = simulated.parts(200, 60, 40)
    together, record = OneByOne(simulated.endpoint, penalised).fit(
        {"penalty": 0.01, "mixing": 0.5}, development, selection, seed=1
    )
    assert record["models"] == 2
    for asked in simulated.endpoint.target.questions:
        assert any(name.startswith(f"{asked.name}: ") for name in record), "the record of each fit is kept"
    told = np.array(together.predict([sample.predictors for sample in new]))
    question = simulated.endpoint.target.questions[1]
    known = question.known([sample.outcome for sample in development])
    assert 0 < known.sum() < len(development)
    alone = together.models[1].predict([sample.predictors for sample in new])
    np.testing.assert_array_equal(told[:, 1], alone)


def test_one_by_one_needs_several_questions() -> None:
    kinds: tuple[Kind, ...] = ("binary", "continuous")
    for kind in kinds:
        simulated = cohort(kind, 5)
        if kind == "continuous":
            with pytest.raises(ModelError, match="not a continuous one"):
                OneByOne(simulated.endpoint, boosted)
        else:
            assert OneByOne(simulated.endpoint, boosted).name == "boosting"


def test_a_recipe_of_one_outcome_refuses_several() -> None:
    simulated = cohort("multilabel", 60)
    with pytest.raises(ModelError, match="wrap its recipe in OneByOne"):
        Boosting(simulated.endpoint, SCHEMA).fit(Boosting.defaults, simulated.samples, simulated.samples, seed=1)


def test_a_finding_on_one_side_only_is_named() -> None:
    simulated = cohort("multilabel", 60)
    absent = [sample for sample in simulated.samples if sample.outcome[1] is not True]
    for made_of in (OneByOne(simulated.endpoint, boosted), network(simulated.endpoint, MultilabelHead)):
        with pytest.raises(ModelError, match="'mass'"):
            made_of.fit(made_of.defaults, absent, absent, seed=1)
