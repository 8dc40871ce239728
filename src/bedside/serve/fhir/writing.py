"""What a release said, as FHIR R4 resources that can be written to a record: RiskAssessment and Observation."""

from datetime import datetime
from typing import Any, Final

from bedside.errors import ServiceError
from bedside.evidence.release import Bindings, Manifest, State
from bedside.modalities.records.readers.fhir.rows import Resource
from bedside.modalities.records.readers.fhir.validation import objection
from bedside.serve.answer import Answer, Answering, Outcome

UCUM: Final = "http://unitsofmeasure.org"
TEST_DATA: Final = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}
"""Marks what is no health data."""

_MODEL: Final = "model"


def risk_assessment(release: Answering, answer: Answer, patient: str, at: datetime) -> Resource:
    """A risk as a RiskAssessment. Its `probabilityDecimal` is a percentage: 7 % is 7.

    Args:
        release: What answered.
        answer: With a risk.
        patient: Id of the Patient.
        at: When it was asked, with a zone.

    Raises:
        ServiceError: There is no risk, the release may show nothing, or what would be written is not valid.
    """
    _check(release, answer, at)
    if answer.risk is None:
        msg = "the answer has no risk, so it is no RiskAssessment; write an Observation of its value"
        raise ServiceError(msg)
    prediction: dict[str, Any] = {
        "outcome": _named(release.bindings, answer.event or release.manifest.title),
        "probabilityDecimal": percent(answer.risk),
    }
    if answer.reasons:
        prediction["rationale"] = "; ".join(answer.reasons)
    made = _stem("RiskAssessment", release, patient)
    made |= {
        "occurrenceDateTime": at.isoformat(timespec="seconds"),
        "method": {"text": release.manifest.label},
        "performer": {"reference": f"#{_MODEL}"},
        "prediction": [prediction],
        "note": _notes(release, answer),
    }
    return _valid(made)


def observation(release: Answering, answer: Answer, patient: str, at: datetime) -> Resource:
    """An amount, or a risk in percent, as an Observation.

    Args:
        release: What answered.
        answer: With a value or a risk.
        patient: Id of the Patient.
        at: When it was asked, with a zone.

    Raises:
        ServiceError: There is neither, the release may show nothing, or what would be written is not valid.
    """
    _check(release, answer, at)
    if answer.value is not None:
        number, unit = answer.value, answer.unit or "1"
    elif answer.risk is not None:
        number, unit = percent(answer.risk), "%"
    else:
        msg = "the answer has neither a value nor a risk, so there is nothing to write"
        raise ServiceError(msg)
    made = _stem("Observation", release, patient)
    made |= {
        "code": _named(release.bindings, answer.event or release.manifest.title),
        "effectiveDateTime": at.isoformat(timespec="seconds"),
        "valueQuantity": {"value": number, "unit": unit, "system": UCUM, "code": unit},
        "method": {"text": release.manifest.label},
        "device": {"reference": f"#{_MODEL}"},
        "note": _notes(release, answer),
    }
    return _valid(made)


def percent(risk: float) -> float:
    """A probability as a percentage, to four digits.

    Example:
        >>> percent(0.07), percent(0.00012345)
        (7.0, 0.01235)
    """
    return float(f"{100 * risk:.4g}")


def _check(release: Answering, answer: Answer, at: datetime) -> None:
    if not release.state.shown:
        msg = f"{release.manifest.label} is {release.state} and shows nothing, so nothing of it is written to a record"
        raise ServiceError(msg)
    if answer.outcome is not Outcome.ANSWERED:
        msg = f"the case was not answered ({answer.outcome}), so there is nothing to write; tell whoever asked"
        raise ServiceError(msg)
    if at.tzinfo is None:
        msg = "the time has no zone, and FHIR demands one; give a time with a zone"
        raise ServiceError(msg)


def _stem(kind: str, release: Answering, patient: str) -> Resource:
    """What both have: whose it is, which model made it, and whether it is of a demonstration."""
    made: Resource = {
        "resourceType": kind,
        "contained": [_device(release.manifest)],
        "status": "final",
        "subject": {"reference": f"Patient/{patient}"},
    }
    return made if release.state is not State.DEMONSTRATION else made | {"meta": {"security": [TEST_DATA]}}


def _device(manifest: Manifest) -> Resource:
    return {
        "resourceType": "Device",
        "id": _MODEL,
        "deviceName": [{"name": manifest.name, "type": "model-name"}],
        "version": [{"value": manifest.version}],
        "note": [{"text": manifest.intended_use}],
    }


def _named(bindings: Bindings, words: str) -> dict[str, Any]:
    codings = [one.model_dump(exclude_defaults=True) for one in bindings.result]
    return {"text": words} | ({"coding": codings} if codings else {})


def _notes(release: Answering, answer: Answer) -> list[dict[str, str]]:
    """What must be read with the number, each in a sentence."""
    said = [release.manifest.regulation.statement]
    if release.state is State.DEMONSTRATION:
        said.insert(0, "Demonstration: the model learned from simulated data and says nothing about anybody.")
    if answer.low is not None and answer.high is not None:
        if answer.value is None:
            low, high = f"{percent(answer.low):g}", f"{percent(answer.high):g} %"
            said.append(f"Among judged patients with such a risk, the share with the event was {low} to {high}.")
        else:
            limits = f"{answer.low:g} to {answer.high:g} {answer.unit}".strip()
            said.append(f"Compatible with judged patients: {limits}.")
    said += [answer.statement, answer.comparator]
    for what, names in (
        ("Not found", answer.missing),
        ("Found but not used, as it cannot be right", answer.implausible),
    ):
        said += [f"{what}: {', '.join(names)}."] if names else []
    return [{"text": text} for text in said if text.strip()]


def _valid(resource: Resource) -> Resource:
    """The resource, held to FHIR R4B, whose RiskAssessment and Observation are those of R4, and to its limit of 100."""
    wrong = objection(resource)
    chances = [one["probabilityDecimal"] for one in resource.get("prediction", ())]
    if wrong is None and any(not 0 <= chance <= 100 for chance in chances):
        wrong = "prediction: a probability is no percentage from 0 to 100"
    if wrong is not None:
        msg = f"what would be written is not valid FHIR R4 ({wrong}); check the release's bindings and the patient's id"
        raise ServiceError(msg)
    return resource
