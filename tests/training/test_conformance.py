"""Every learner of tables goes through the same laws, for every kind of outcome, held out and cross-fitted."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.conformance.learner import check_learner
from tests.training.cohorts import KINDS, SCHEMA, Kind, cohort, folds

from bedside.comparators.boosting import Boosting
from bedside.comparators.elastic_net import ElasticNet
from bedside.comparators.forest import Forest
from bedside.comparators.points import PointsScore
from bedside.comparators.single import SinglePredictor
from bedside.data.split import Tuning
from bedside.endpoints.binary.head import BinaryHead
from bedside.endpoints.continuous.head import ContinuousHead
from bedside.endpoints.endpoint import Endpoint
from bedside.endpoints.multiclass.head import MulticlassHead
from bedside.modalities.tabular.encoder import TabularTrunk
from bedside.modalities.tabular.table import Record
from bedside.training.learner import Recipe
from bedside.training.loop import Loop
from bedside.training.network import HeadMaker, Network
from bedside.training.tuned import Tuned

Make = Callable[[Endpoint[Any, Any]], Recipe[Record, Any, Any]]

HEADS: dict[str, HeadMaker[Any]] = {"binary": BinaryHead, "multiclass": MulticlassHead, "continuous": ContinuousHead}


def network(endpoint: Endpoint[Any, Any]) -> Network[Record, Any]:
    trunk = TabularTrunk(SCHEMA, members=2)
    return Network(endpoint=endpoint, trunk=trunk, head=HEADS[endpoint.name], members=2, loop=Loop(epochs=4))


def points(endpoint: Endpoint[Any, Any]) -> PointsScore[Record, Any]:
    def rule(record: Record) -> "float | None":
        return None if record["pressure"] is None else float(record["age"] > 65) + float(record["pressure"] > 140)

    return PointsScore("age_pressure", "Age and pressure", endpoint, rule, "One point each for age and pressure.")


def single(endpoint: Endpoint[Any, Any]) -> SinglePredictor[Any]:
    return SinglePredictor(endpoint, SCHEMA, "ward")


def elastic_net(endpoint: Endpoint[Any, Any]) -> ElasticNet[Any]:
    return ElasticNet(endpoint, SCHEMA)


def boosting(endpoint: Endpoint[Any, Any]) -> Boosting[Any]:
    return Boosting(endpoint, SCHEMA)


def forest(endpoint: Endpoint[Any, Any]) -> Forest[Any]:
    return Forest(endpoint, SCHEMA)


MAKERS: tuple[Make, ...] = (elastic_net, boosting, forest, single, points, network)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("make", MAKERS)
def test_held_out(make: Make, kind: Kind, tmp_path: Path) -> None:
    simulated = cohort(kind, 190)
    development, selection, calibration, new = simulated.parts(90, 40, 40, 20)
    learner = Tuned(make(simulated.endpoint), simulated.endpoint, trials=2)
    tuning: Tuning[Any, Any] = Tuning(selection=selection, calibration=calibration)
    check_learner(learner, simulated.endpoint, development, tuning, new, tmp_path)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("make", MAKERS)
def test_cross_fitted(make: Make, kind: Kind, tmp_path: Path) -> None:
    simulated = cohort(kind, 140)
    development, new = simulated.parts(120, 20)
    learner = Tuned(make(simulated.endpoint), simulated.endpoint, trials=2)
    check_learner(learner, simulated.endpoint, development, folds(development, 2), new, tmp_path)
