"""Focal loss and class weights move probabilities off the prevalence; recalibration brings them back."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pytest
from tests.training.cohorts import SCHEMA, Simulated, cohort, folds

from bedside.data.sample import Sample
from bedside.data.split import Tuning
from bedside.endpoints.binary.head import BinaryHead
from bedside.endpoints.binary.kind import binary
from bedside.endpoints.multiclass.head import MulticlassHead
from bedside.endpoints.multilabel.head import MultilabelHead
from bedside.errors import ModelError
from bedside.modalities.tabular.column import Schema
from bedside.modalities.tabular.encoder import TabularTrunk
from bedside.modalities.tabular.simulate import BinaryOutcome, Number, Twin
from bedside.modalities.tabular.table import Record
from bedside.networks.losses import Focal
from bedside.stats.calibration import in_the_large_statistic
from bedside.training.calibration import isotonic, platt, temperature
from bedside.training.loop import Loop
from bedside.training.network import HeadMaker, Network
from bedside.training.tuned import Tuned
from bedside.types import PatientId, SampleId

HEADS: dict[str, HeadMaker[Any]] = {
    "balanced": partial(BinaryHead, weights="balanced"),
    "declared": partial(BinaryHead, weights=(1.0, 8.0)),
    "focal": partial(BinaryHead, loss=Focal(3.0), weights="balanced"),
}


def rare(n: int) -> tuple[Schema, Simulated]:
    """A cohort in which one case in ten has the outcome."""
    from tests.training.cohorts import Simulated

    endpoint = binary(positive="yes", negative="no")
    twin = Twin(
        (Number("age", mean=60, sd=12), Number("pressure", mean=130, sd=20)), BinaryOutcome("y", 0.1, {"age": 1.5})
    )
    schema = SCHEMA.without(("ward",))
    samples = [
        Sample(SampleId(str(k)), PatientId(str(k)), row.only(schema), endpoint.parse(row["y"]))
        for k, row in enumerate(twin.records(n, seed=5))
    ]
    return schema, Simulated(endpoint, samples)


def intercept(outcomes: Sequence[bool], told: Sequence[float]) -> float:
    return float(in_the_large_statistic(np.array(told), np.array(outcomes))(np.ones((1, len(told))))[0])


@pytest.mark.parametrize("name", HEADS)
def test_calibration_in_the_large_is_restored(name: str) -> None:
    schema, simulated = rare(4_000)
    development, selection, calibration, new = simulated.parts(1_000, 500, 1_000, 1_500)
    network: Network[Record, float] = Network(
        simulated.endpoint, TabularTrunk(schema, members=2), HEADS[name], members=1, loop=Loop(epochs=12)
    )
    tuning: Tuning[Any, Any] = Tuning(selection=selection, calibration=calibration)
    fit = Tuned(network, simulated.endpoint, trials=1).fit(development, tuning, seed=2)
    cases, outcomes = [sample.predictors for sample in new], [sample.outcome for sample in new]
    raw = fit.fitted.members[0].predict(cases)  # type: ignore[attr-defined]
    assert intercept(outcomes, raw) < -0.8, "without recalibration probabilities are far too high"
    assert abs(intercept(outcomes, fit.fitted.predict(cases))) < 0.25
    notes = fit.record["notes"]
    assert isinstance(notes, dict)
    assert notes["calibration_kind"] == "platt"
    assert notes["reweighted"] is True
    assert "then recalibrated to the prevalence" in network.description


def test_a_temperature_would_not_do() -> None:
    schema, simulated = rare(1_500)
    development, selection, calibration = simulated.parts(700, 300, 500)
    network: Network[Record, float] = Network(
        simulated.endpoint, TabularTrunk(schema, members=2), HEADS["balanced"], loop=Loop(epochs=8)
    )
    fitted, record = network.fit(network.defaults, development, selection, seed=1)
    assert record["reweighted"] is True
    told = fitted.predict([sample.predictors for sample in calibration])
    outcomes = [sample.outcome for sample in calibration]
    after = {
        one.__name__: intercept(outcomes, one(simulated.endpoint, outcomes, told)(told)) for one in (temperature, platt)
    }
    assert abs(after["platt"]) < 0.1
    assert after["temperature"] < -0.5


def test_other_calibrations_are_left_alone() -> None:
    schema, simulated = rare(600)
    development, selection, calibration = simulated.parts(300, 150, 150)
    network: Network[Record, float] = Network(
        simulated.endpoint, TabularTrunk(schema, members=2), HEADS["balanced"], members=1, loop=Loop(epochs=2)
    )
    tuning: Tuning[Any, Any] = Tuning(selection=selection, calibration=calibration)
    notes = (
        Tuned(network, simulated.endpoint, trials=1, calibration=isotonic)
        .fit(development, tuning, seed=2)
        .record["notes"]
    )
    assert isinstance(notes, dict)
    assert notes["calibration_kind"] == "isotonic"
    with pytest.raises(ModelError, match="no tuning cases to recalibrate"):
        Tuned(network, simulated.endpoint, trials=1).fit(development, Tuning(selection=selection), seed=2)


def test_a_plain_loss_keeps_its_temperature() -> None:
    simulated = cohort("binary", 120)
    network: Network[Record, float] = Network(
        simulated.endpoint, TabularTrunk(SCHEMA, members=2), BinaryHead, loop=Loop(epochs=2)
    )
    notes = (
        Tuned(network, simulated.endpoint, trials=1)
        .fit(simulated.samples, folds(simulated.samples, 2), seed=1)
        .record["notes"]
    )
    assert isinstance(notes, dict)
    assert notes["calibration_kind"] == "temperature"
    assert "reweighted" not in notes
    assert "recalibrated" not in network.description


@pytest.mark.parametrize(("kind", "head"), [("multiclass", MulticlassHead), ("multilabel", MultilabelHead)])
def test_every_question_is_brought_back(kind: Any, head: Any) -> None:
    simulated = cohort(kind, 900)
    development, selection, calibration, new = simulated.parts(300, 150, 250, 200)
    weights = (1.0, 6.0, 1.0) if kind == "multiclass" else (1.0, 6.0)
    network: Network[Record, Any] = Network(
        simulated.endpoint,
        TabularTrunk(SCHEMA, members=2),
        partial(head, weights=weights),
        members=1,
        loop=Loop(epochs=8),
    )
    tuning: Tuning[Any, Any] = Tuning(selection=selection, calibration=calibration)
    fit = Tuned(network, simulated.endpoint, trials=1).fit(development, tuning, seed=2)
    raw = fit.fitted.members[0]  # type: ignore[attr-defined]
    for question in simulated.endpoint.target.questions:
        kept = [sample for sample in new if question.known([sample.outcome])[0]]
        index = question.index([sample.outcome for sample in kept])
        cases = [sample.predictors for sample in kept]
        before = question.probabilities(raw.predict(cases))[:, 1].mean() - (index == 1).mean()
        after = question.probabilities(fit.fitted.predict(cases))[:, 1].mean() - (index == 1).mean()
        assert before > 0.1
        assert abs(after) < 0.09
