"""Resources of one patient, and where a study like diabetes_screening finds its predictors in them."""

import json
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from bedside.evidence.release import LOINC, SNOMED, Bindings, BoundPredictor, Coding
from bedside.serve.fhir.reading import Found, record_of

UCUM = "http://unitsofmeasure.org"
GENDER = "http://hl7.org/fhir/administrative-gender"
AT = datetime.fromisoformat("2024-05-02T12:00:00+00:00")


def _loinc(*codes: str) -> tuple[Coding, ...]:
    return tuple(Coding(system=LOINC, code=code) for code in codes)


DIABETES_SCREENING = Bindings(
    predictors=(
        BoundPredictor(name="pregnancies", source="observation", codes=_loinc("11996-6"), within_days=None),
        BoundPredictor(name="glucose", source="observation", codes=_loinc("1518-0", "2339-0"), unit="mg/dL"),
        BoundPredictor(
            name="blood_pressure", source="observation", codes=_loinc("8462-4"), unit="mm[Hg]", within_days=365
        ),
        BoundPredictor(name="skin_fold", source="value", note="no LOINC code is in use for a triceps skin fold"),
        BoundPredictor(name="insulin", source="observation", codes=_loinc("1573-5"), unit="u[IU]/mL", within_days=365),
        BoundPredictor(name="bmi", source="observation", codes=_loinc("39156-5"), unit="kg/m2", within_days=730),
        BoundPredictor(name="pedigree", source="value", note="the pedigree function is computed by hand"),
        BoundPredictor(name="age", source="patient-age", unit="a"),
    ),
    result=(Coding(system=SNOMED, code="44054006", display="Diabetes mellitus type 2"),),
)

SMOKING = BoundPredictor(
    name="smoker",
    source="observation",
    codes=_loinc("72166-2"),
    values={
        "yes": (Coding(system=SNOMED, code="449868002"), Coding(system=SNOMED, code="77176002")),
        "no": (Coding(system=SNOMED, code="266919005"),),
    },
)
ANAEMIA = BoundPredictor(
    name="anaemia",
    source="condition",
    codes=(Coding(system=SNOMED, code="271737000"),),
    values={"1": (Coding(system="x", code="present"),), "0": (Coding(system="x", code="absent"),)},
)
SEX = BoundPredictor(
    name="sex",
    source="patient-sex",
    values={"F": (Coding(system=GENDER, code="female"),), "M": (Coding(system=GENDER, code="male"),)},
)

PATIENT: dict[str, Any] = {"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1980-05-03"}


def concept(code: str, system: str = LOINC) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def amount(value: float, unit: str) -> dict[str, Any]:
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}


def glucose(value: float = 100, unit: str = "mg/dL", when: str = "2024-05-01T08:00:00Z", **more: Any) -> dict[str, Any]:
    made = {
        "resourceType": "Observation",
        "status": "final",
        "code": concept("2339-0"),
        "subject": {"reference": "Patient/p1"},
        "effectiveDateTime": when,
        "valueQuantity": amount(value, unit),
    }
    return {name: held for name, held in (made | more).items() if held is not None}


def found(*resources: Any, at: datetime = AT, bindings: Bindings = DIABETES_SCREENING) -> Found:
    return record_of(bindings, resources, at)


def value(*resources: Any, name: str = "glucose", at: datetime = AT) -> Any:
    return found(*resources, at=at).record[name]


def bound(predictor: BoundPredictor, *resources: Any) -> Found:
    return record_of(Bindings(predictors=(predictor,)), resources, AT)


@cache
def bundles(root: Path) -> tuple[dict[str, Any], ...]:
    """Synthea's bundles in the public data; none where they are not there."""
    return tuple(json.loads(path.read_text("utf-8")) for path in sorted((root / "synthea_bundles").glob("*.json")))
