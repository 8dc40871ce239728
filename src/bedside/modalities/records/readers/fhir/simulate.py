"""A synthetic twin of a FHIR export: a bundle each of invented patients, for tests and first contact."""

import json
import uuid
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np

RECURRING: Final = (
    ("444814009", "Viral sinusitis (disorder)", 0.20),
    ("195662009", "Acute viral pharyngitis (disorder)", 0.15),
    ("10509002", "Acute bronchitis (disorder)", 0.12),
    ("65363002", "Otitis media", 0.06),
)
"""SNOMED CT code, words and share of encounters of illnesses that come again, in some patients more than in others."""

LASTING: Final = (
    ("271737000", "Anemia (disorder)", 0.15, "310325", "ferrous sulfate 325 MG Oral Tablet"),
    ("15777000", "Prediabetes", 0.20, "860975", "24 HR metformin hydrochloride 500 MG Extended Release Oral Tablet"),
    ("38341003", "Hypertension", 0.25, "314076", "lisinopril 10 MG Oral Tablet"),
)
"""SNOMED CT code, words and share of patients of illnesses that stay, with RxNorm code and words of what is ordered."""

_RELIEF: Final = ("313782", "acetaminophen 325 MG Oral Tablet")
_RELIEVED: Final = 0.4

MEASURED: Final = (
    ("8302-2", "Body Height", "cm", 168.0, 9.0),
    ("29463-7", "Body Weight", "kg", 76.0, 14.0),
    ("8480-6", "Systolic Blood Pressure", "mm[Hg]", 124.0, 13.0),
    ("718-7", "Hemoglobin [Mass/volume] in Blood", "g/dL", 14.0, 1.4),
    ("4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood", "%", 5.6, 0.5),
)
"""LOINC code, words, UCUM unit, mean and spread."""

_START: Final = datetime(2008, 1, 1, 8)  # noqa: DTZ001 - written with its zone
_DAYS: Final = 3650
_CLASSES: Final = (("AMB", 0.93), ("EMER", 0.05), ("IMP", 0.02))
_NAMES: Final = {"AMB": "ambulatory", "EMER": "emergency", "IMP": "inpatient encounter"}
_TERMINOLOGY: Final = "http://terminology.hl7.org/CodeSystem"
_SNOMED, _LOINC, _RXNORM, _UCUM = (
    "http://snomed.info/sct", "http://loinc.org", "http://www.nlm.nih.gov/research/umls/rxnorm",
    "http://unitsofmeasure.org",
)  # fmt: skip


def simulate_fhir(folder: Path, patients: int, seed: int) -> Path:
    """Write a bundle a patient, valid as FHIR R4: encounters with conditions, observations and orders of drugs.

    Who has had an illness that comes again is likelier to have it again, so that there is something to predict.

    Args:
        folder: Where the bundles are written; made if it is not there.
        patients: How many.
        seed: The same seed gives the same files, byte for byte.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    for number in range(patients):
        entries = [{"fullUrl": f"urn:uuid:{one['id']}", "resource": one} for one in _Patient(rng).resources()]
        bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
        (folder / f"patient-{number + 1:04d}.json").write_text(json.dumps(bundle), "utf-8")
    return folder


class _Patient:
    """One invented patient.

    Args:
        rng: Everything about the patient is drawn from it.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.key = self._key()
        self.born = _START - timedelta(days=int(rng.integers(2000, 25_000)))
        self.prone = [share * float(rng.gamma(0.8, 1.25)) for _, _, share in RECURRING]
        self.lasting = [each for each in LASTING if rng.random() < each[2]]

    def resources(self) -> list[dict[str, Any]]:
        """The patient and, in order of time, each encounter with what was found and done in it."""
        rng = self.rng
        count = 4 + int(rng.poisson(12))
        days = np.sort(rng.choice(_DAYS, count, replace=False))
        begun = [_START + timedelta(days=int(day), minutes=int(rng.integers(0, 540))) for day in days]
        found_at = {int(rng.integers(count)): each for each in self.lasting}
        made: list[dict[str, Any]] = [self._person()]
        for turn, start in enumerate(begun):
            made += self._encounter(start, found_at.get(turn))
        return made

    def _encounter(self, start: datetime, lasting: tuple[str, str, float, str, str] | None) -> list[dict[str, Any]]:
        rng = self.rng
        kind = str(rng.choice([name for name, _ in _CLASSES], p=[share for _, share in _CLASSES]))
        length = timedelta(hours=int(rng.integers(8, 21))) if kind == "IMP" else timedelta(minutes=15)
        held = self._resource("Encounter", None)
        held |= {
            "status": "finished",
            "class": {"system": f"{_TERMINOLOGY}/v3-ActCode", "code": kind, "display": _NAMES[kind]},
            "period": {"start": _written(start), "end": _written(start + length)},
        }
        within = held["id"]
        made = [held]
        for (code, words, _), prone in zip(RECURRING, self.prone, strict=True):
            if rng.random() < min(prone, 0.8):
                made.append(self._condition(code, words, start, within))
                if rng.random() < _RELIEVED:
                    made.append(self._order(*_RELIEF, start, within))
        if lasting is not None:
            code, words, _, drug, named = lasting
            made += [self._condition(code, words, start, within), self._order(drug, named, start, within)]
        for code, words, unit, mean, spread in MEASURED:
            if rng.random() < 0.5:
                value = round(float(rng.normal(mean, spread)), 1)
                made.append(self._observation(code, words, (value, unit), start, within))
        return made

    def _person(self) -> dict[str, Any]:
        return {
            "resourceType": "Patient",
            "id": self.key,
            "gender": str(self.rng.choice(["female", "male"])),
            "birthDate": self.born.date().isoformat(),
        }

    def _condition(self, code: str, words: str, when: datetime, within: str) -> dict[str, Any]:
        status = f"{_TERMINOLOGY}/condition-ver-status"
        return self._resource("Condition", within) | {
            "verificationStatus": {"coding": [{"system": status, "code": "confirmed"}]},
            "code": _concept(_SNOMED, code, words),
            "onsetDateTime": _written(when),
            "recordedDate": _written(when),
        }

    def _observation(
        self, code: str, words: str, value: tuple[float, str], when: datetime, within: str
    ) -> dict[str, Any]:
        number, unit = value
        return self._resource("Observation", within) | {
            "status": "final",
            "code": _concept(_LOINC, code, words),
            "effectiveDateTime": _written(when),
            "issued": _written(when + timedelta(minutes=5)),
            "valueQuantity": {"value": number, "unit": unit, "system": _UCUM, "code": unit},
        }

    def _order(self, code: str, words: str, when: datetime, within: str) -> dict[str, Any]:
        return self._resource("MedicationRequest", within) | {
            "status": "active",
            "intent": "order",
            "medicationCodeableConcept": _concept(_RXNORM, code, words),
            "authoredOn": _written(when),
        }

    def _resource(self, kind: str, within: str | None) -> dict[str, Any]:
        made: dict[str, Any] = {"resourceType": kind, "id": self._key(), "subject": _reference(self.key)}
        return made if within is None else made | {"encounter": _reference(within)}

    def _key(self) -> str:
        return str(uuid.UUID(bytes=self.rng.bytes(16), version=4))


def _reference(key: str) -> dict[str, str]:
    return {"reference": f"urn:uuid:{key}"}


def _concept(system: str, code: str, words: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, "display": words}], "text": words}


def _written(moment: datetime) -> str:
    return f"{moment.isoformat()}-05:00"
