"""Several inputs of a case: any may be missing, none of another patient is ever seen, and company changes nothing."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from sklearn.metrics import roc_auc_score
from tests.modalities.records.stays import Row, histories

from bedside.data.sample import Sample
from bedside.endpoints.binary.head import BinaryHead
from bedside.endpoints.binary.kind import binary
from bedside.errors import ModelError, StudyError
from bedside.modalities.records.encoder import RecordTrunk
from bedside.modalities.records.history import History
from bedside.modalities.tabular.column import Column, Schema
from bedside.modalities.tabular.encoder import TabularTrunk
from bedside.modalities.tabular.table import Record, Table, records
from bedside.networks.fusion import FusedEncoder, Fusion, Input, PreparedFusion
from bedside.networks.sequences.recurrent import Recurrent
from bedside.training.loop import Loop
from bedside.training.network import Network
from bedside.types import PatientId, SampleId

CPU = torch.device("cpu")
SCHEMA = Schema((Column("marker", "number"),))
ENDPOINT = binary(positive="ill", negative="well")


@dataclass(frozen=True, eq=False)
class Patient:
    """What is known of one patient: a row, a history, both or neither."""

    row: Record | None
    history: History | None


def fusion(members: int = 1) -> Fusion[Patient]:
    return Fusion(
        (
            Input("table", lambda one: one.row, TabularTrunk(SCHEMA, members)),
            Input("record", lambda one: one.history, RecordTrunk(Recurrent(), least=1)),
        )
    )


def patients(count: int, *, seed: int = 0, missing: float = 0.3) -> tuple[list[Patient], list[bool]]:
    """Half of what makes ill stands in the table, the other half in the record, of the same patient."""
    rng = np.random.default_rng(seed)
    marker, pulse = rng.normal(size=count), rng.normal(size=count)
    rows = records(Table(pl.DataFrame({"marker": marker})))
    cases: list[list[Row]] = [
        [(float(hour), "LOINC//HR", 80 + 10 * float(each), None) for hour in (5, 3, 1)] for each in pulse
    ]
    made = histories(*cases)
    ill = (marker + pulse + rng.normal(size=count) * 0.3 > 0).tolist()
    there = rng.random((count, 2)) >= missing
    return [
        Patient(row if has[0] else None, history if has[1] else None)
        for row, history, has in zip(rows, made, there, strict=True)
    ], ill


@pytest.mark.parametrize("members", [1, 3])
def test_a_case_is_encoded_the_same_alone_and_in_company(members: int) -> None:
    cases, _ = patients(12)
    cases.append(Patient(None, None))
    prepared = fusion(members).prepare(cases)
    encoder = prepared.encoder(_settings(prepared)).eval()
    with torch.no_grad():
        whole = encoder(prepared.batches(cases).take(torch.arange(13), CPU)).values
        assert whole.shape == (members, 13, 16)
        for place, case in enumerate(cases):
            alone = encoder(prepared.batches([case]).take(torch.tensor([0]), CPU)).values
            torch.testing.assert_close(alone[:, 0], whole[:, place], rtol=1e-4, atol=1e-5)


def _settings(prepared: PreparedFusion[Any]) -> dict[str, Any]:
    found = {name: one.default for name, one in Fusion(prepared.inputs).space.items()}
    return {**found, "width": 16, "table.width": 8, "record.width": 8}


def test_every_missing_input_still_yields_a_prediction_and_each_input_helps(tmp_path: Path) -> None:
    cases, ill = patients(500)
    samples = [
        Sample(SampleId(str(place)), PatientId(str(place)), one, outcome)
        for place, (one, outcome) in enumerate(zip(cases, ill, strict=True))
    ]
    network: Network[Patient, float] = Network(
        endpoint=ENDPOINT, trunk=fusion(), head=BinaryHead, loop=Loop(epochs=25, batch=64), members=1
    )
    fitted, _ = network.fit(network.defaults, samples[:400], samples[400:], seed=1)
    new, outcome = patients(300, seed=5, missing=0.0)
    views = {
        "both": new,
        "table": [Patient(one.row, None) for one in new],
        "record": [Patient(None, one.history) for one in new],
    }
    found = {name: fitted.predict(view) for name, view in views.items()}
    area = {name: roc_auc_score(outcome, told) for name, told in found.items()}
    assert area["both"] > area["table"] + 0.05
    assert area["both"] > area["record"] + 0.05
    assert min(area.values()) > 0.7
    nothing = fitted.predict([Patient(None, None)] * 2)
    assert nothing[0] == nothing[1]
    assert 0.2 < nothing[0] < 0.8
    fitted.save(tmp_path)
    assert network.load(tmp_path).predict(new) == found["both"]


def test_training_takes_inputs_away_but_never_all_of_a_case() -> None:
    cases, _ = patients(200, missing=0.0)
    prepared = fusion().prepare(cases)
    encoder: FusedEncoder = prepared.encoder(_settings(prepared)).train()
    batch = prepared.batches(cases).take(torch.arange(200), CPU)
    torch.manual_seed(0)
    kept = encoder._kept(batch)
    assert kept.any(1).all()
    assert 0.1 < float((~kept).float().mean()) < 0.3
    assert encoder.eval()._kept(batch).all()


def test_what_is_stored_is_the_same_and_other_inputs_are_refused() -> None:
    cases, _ = patients(20)
    trunk = fusion()
    state = json.loads(json.dumps(trunk.prepare(cases).state()))
    assert trunk.restore(state).state() == state
    other = Fusion(tuple(reversed(trunk.inputs)))
    with pytest.raises(ModelError, match=r"inputs \['table', 'record'\]"):
        other.restore(state)


def test_a_fusion_that_is_none_is_refused() -> None:
    one = fusion().inputs[0]
    for inputs, taken in (((one,), 0.2), ((one, one), 0.2), (fusion().inputs, 1.0)):
        with pytest.raises(StudyError, match="two or more, each of its own name"):
            Fusion(inputs, taken)
    with pytest.raises(ModelError, match="none of 2 development cases has the input 'record'"):
        fusion().prepare([Patient(patients(1, missing=0.0)[0][0].row, None)] * 2)


def test_notes_and_words_name_the_inputs() -> None:
    prepared = fusion().prepare(patients(20)[0])
    assert "record: kinds of event told apart" in prepared.notes
    assert "table:" in fusion().description
