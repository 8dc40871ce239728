"""Resources that are written: valid, marked, percentages, and nothing where nothing may be said."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from fhir.resources.R4B.observation import Observation
from fhir.resources.R4B.riskassessment import RiskAssessment
from hypothesis import given
from hypothesis import strategies as st
from tests.serve.fhir.patients import DIABETES_SCREENING

from bedside.errors import ServiceError
from bedside.evidence.release import Bindings, Equality, Manifest, ServedLearner, State
from bedside.serve.answer import Answer, Outcome
from bedside.serve.fhir.writing import observation, percent, risk_assessment

AT = datetime(2024, 5, 2, 12, 0, 30, 123, tzinfo=UTC)
RISK = Answer(
    Outcome.ANSWERED, event="died", risk=0.07, low=0.05, high=0.093, reasons=("lactate",), missing=("sex",), why=""
)


MANIFEST = Manifest(
    name="diabetes_screening",
    version="1",
    title="Diabetes within five years",
    question="Who will develop diabetes?",
    intended_use="Nobody.",
    endpoint="binary",
    entry="diabetes_screening",
    bedside_version="0",
    code_hash="0",
    study_hash="0",
    data_hash="0",
    learner=ServedLearner(name="x", label="X", role="model", form="onnx", members=("models/0",)),
    rule="It is the best.",
    gates=(),
    equality=Equality(cases=1, largest=0.0, tolerance=1e-4),
    created_at=datetime(2024, 1, 1, tzinfo=UTC),
    files={},
)


@dataclass(frozen=True)
class Stated:
    """A release as far as writing knows it: who it is, and where it stands."""

    state: State = State.LIVE
    manifest: Manifest = MANIFEST
    bindings: Bindings = DIABETES_SCREENING

    def answer(self, records: Sequence[Any]) -> list[Answer]:
        return [RISK for _ in records]


@pytest.fixture
def release() -> Stated:
    return Stated()


def test_seven_percent_is_seven(release: Stated) -> None:
    written = risk_assessment(release, RISK, "p1", AT)
    read: Any = RiskAssessment.model_validate(written)
    (prediction,) = read.prediction
    assert float(prediction.probabilityDecimal) == 7.0
    assert read.subject.reference == "Patient/p1"
    assert written["occurrenceDateTime"] == "2024-05-02T12:00:30+00:00"
    notes = " ".join(note["text"] for note in written["note"])
    assert "5 to 9.3 %" in notes
    assert "Not found: sex." in notes
    assert "Not a medical device" in notes
    assert "meta" not in written
    assert read.prediction[0].outcome.coding[0].code == "44054006"
    assert written["contained"][0]["version"] == [{"value": "1"}]


def test_amounts_and_risks_as_observations(release: Stated) -> None:
    amount = Answer(Outcome.ANSWERED, event="stay", value=3.25, unit="d", low=2.0, high=5.0)
    read: Any = Observation.model_validate(observation(release, amount, "p1", AT))
    assert (float(read.valueQuantity.value), read.valueQuantity.code) == (3.25, "d")
    assert observation(release, RISK, "p1", AT)["valueQuantity"]["value"] == 7.0
    with pytest.raises(ServiceError, match="no risk"):
        risk_assessment(release, amount, "p1", AT)


def test_what_may_not_be_written_is_not(release: Stated) -> None:
    for outcome in (Outcome.ABSTAINED, Outcome.FAILED, Outcome.TIMED_OUT):
        with pytest.raises(ServiceError, match="not answered"):
            risk_assessment(release, replace(RISK, outcome=outcome), "p1", AT)
    for state in (State.SHADOW, State.CANDIDATE, State.WITHDRAWN):
        with pytest.raises(ServiceError, match="shows nothing"):
            observation(Stated(state), RISK, "p1", AT)
    with pytest.raises(ServiceError, match="zone"):
        risk_assessment(release, RISK, "p1", AT.replace(tzinfo=None))
    with pytest.raises(ServiceError, match="0 to 100"):
        risk_assessment(release, replace(RISK, risk=1.5), "p1", AT)
    for risk in (float("nan"), float("inf")):
        with pytest.raises(ServiceError, match="not valid"):
            risk_assessment(release, replace(RISK, risk=risk), "p1", AT)


def test_a_demonstration_is_marked() -> None:
    written: Any = risk_assessment(Stated(State.DEMONSTRATION), RISK, "p1", AT)
    assert written["meta"]["security"][0]["code"] == "HTEST"
    assert "simulated" in written["note"][0]["text"]


@given(st.floats(0, 1))
def test_percentages_keep_four_digits(risk: float) -> None:
    assert percent(risk) == pytest.approx(100 * risk, rel=5.1e-4)
    assert 0 <= percent(risk) <= 100
