"""Each resource: which events it becomes, when they were known, and what is no event."""

from pathlib import Path
from typing import Any

import pytest
from tests.modalities.records.readers.fhir.exports import ANGINA, STAY, SUBJECT, WITHIN, at, events, resource

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
CREATININE = {"coding": [{"system": LOINC, "code": "2160-0", "display": "Creatinine"}]}
ASPIRIN = {"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "1191", "display": "Aspirin"}]}
CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"


def omb(kind: str, word: str) -> dict[str, Any]:
    inside = [
        {"url": "ombCategory", "valueCoding": {"code": "1", "display": word}},
        {"url": "text", "valueString": "x"},
    ]
    return {"url": CORE + kind, "extension": inside}


def patient(**fields: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": "p", **fields}


def test_a_patient_is_born_dies_and_has_facts_without_a_time(tmp_path: Path) -> None:
    found, problems = events(
        tmp_path,
        patient(
            birthDate="1950-06-01",
            gender="male",
            deceasedDateTime="2021-01-02",
            extension=[{"url": CORE + "birthsex", "valueCode": "F"}, omb("race", "Asian"), omb("ethnicity", "Other")],
        ),
    )
    assert problems == {}
    assert {row["code"]: row.get("time") for row in found} == {
        "MEDS_BIRTH": at("1950-06-01T00:00:00"),
        "MEDS_DEATH": at("2021-01-02T23:59:59"),
        "SEX//F": None,
        "ANCESTRY//Asian": None,
        "ANCESTRY//Other": None,
    }
    assert {row["code"] for row in found if row["static"]} == {"SEX//F", "ANCESTRY//Asian", "ANCESTRY//Other"}
    assert {row["subject"] for row in found} == {"p"}


def test_what_is_not_told_of_a_patient_is_said(tmp_path: Path) -> None:
    exact = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/patient-birthTime"}]}
    found, problems = events(
        tmp_path,
        patient(birthDate="1950", gender="unknown", deceasedBoolean=True, link=[{"type": "replaced-by"}]),
        patient(gender="other", deceasedBoolean=False),
        patient(birthDate="unknown"),
        patient(
            birthDate="2001-02-03",
            _birthDate={"extension": [{**exact["extension"][0], "valueDateTime": "2001-02-03T04:05:06Z"}]},
        ),
        {"resourceType": "Patient"},
    )
    assert [(row["code"], row.get("time")) for row in found] == [
        ("MEDS_BIRTH", at("1950-01-01")),
        ("MEDS_DEATH", None),
        ("SEX//OTHER", None),
        ("MEDS_BIRTH", at("2001-02-03T04:05:06")),
    ]
    assert problems == {
        "Patient: the day of birth is not told; the first of the month or year is taken": 1,
        "Patient: died, and when is not told": 1,
        "Patient: replaced by another patient; kept under its own id": 1,
        "Patient: no date of birth": 1,
        "Patient: birthDate is not a date": 1,
        "Patient: no id": 1,
    }


def test_an_encounter_starts_with_its_first_class_and_ends_where_the_patient_went(tmp_path: Path) -> None:
    history = [
        {"class": {"code": "IMP"}, "period": {"start": "2020-03-01T12:00:00+01:00"}},
        {"class": {"code": "EMER"}, "period": {"start": "2020-03-01T08:00:00+01:00"}},
    ]
    went = {"dischargeDisposition": {"coding": [{"code": "home"}]}}
    found, problems = events(
        tmp_path,
        {**STAY, "classHistory": history, "hospitalization": went},
        {**STAY, "id": "f", "status": "in-progress"},
        {**STAY, "id": "g", "period": {}},
        *({**STAY, "status": status} for status in ("planned", "cancelled", "entered-in-error")),
    )
    assert [(row["code"], row["encounter"], row.get("time")) for row in found] == [
        ("ENCOUNTER_START//EMER", "e", at("2020-03-01T08:00:00")),
        ("ENCOUNTER_END//home", "e", at("2020-03-05T17:00:00")),
        ("ENCOUNTER_START//IMP", "f", at("2020-03-01T08:00:00")),
        ("ENCOUNTER_START//IMP", "g", None),
    ]
    assert problems["Encounter: under way; its end is not an event yet"] == 1
    assert problems["Encounter: no end"] == 1
    assert sum(count for what, count in problems.items() if what.endswith("not an event")) == 3


@pytest.mark.parametrize(
    ("fields", "moment", "said"),
    [
        ({"recordedDate": "2020-03-02", "onsetDateTime": "2019"}, "2020-03-02T23:59:59", None),
        ({"onsetDateTime": "2020-03-01", "encounter": WITHIN}, "2020-03-05T17:00:00", "stands at the end"),
        ({"onsetDateTime": "2020-03-07", "encounter": WITHIN}, "2020-03-07T23:59:59", "stands at the end"),
        ({"encounter": WITHIN}, "2020-03-05T17:00:00", "stands at the end"),
        ({"onsetPeriod": {"start": "2020-03-01"}}, "2020-03-01T23:59:59", "stands at its onset"),
        ({"onsetDateTime": "2020-03-01", "encounter": {"reference": "Encounter/x"}}, None, "kept without a time"),
        ({"recordedDate": "yesterday", "encounter": WITHIN}, "2020-03-05T17:00:00", "recordedDate is not a time"),
    ],
)
def test_a_condition_is_known_when_recorded_or_when_its_encounter_is_over(
    tmp_path: Path, fields: dict[str, Any], moment: str | None, said: str | None
) -> None:
    found, problems = events(tmp_path, STAY, resource("Condition", code=ANGINA, **fields))
    condition = next(row for row in found if row["code"] == "SNOMED//194828000")
    assert condition.get("time") == (at(moment) if moment else None)
    assert any(said in what for what in problems) if said else not problems


def test_denied_conditions_are_no_events_and_doubtful_ones_say_so(tmp_path: Path) -> None:
    def status(word: str) -> dict[str, Any]:
        return {"verificationStatus": {"coding": [{"code": word}]}, "recordedDate": "2020", "code": ANGINA}

    words = ("refuted", "entered-in-error", "confirmed", "provisional")
    found, problems = events(tmp_path, *(resource("Condition", **status(word)) for word in words))
    assert [row.get("text_value") for row in found] == [None, "provisional"]
    assert problems == {"Condition: refuted, not an event": 1, "Condition: entered-in-error, not an event": 1}


def observation(**fields: Any) -> dict[str, Any]:
    return resource("Observation", **{"status": "final", "code": CREATININE, "effectiveDateTime": "2020", **fields})


@pytest.mark.parametrize(
    ("value", "number", "text", "unit"),
    [
        ({"valueQuantity": {"value": 1.2, "unit": "mg/deci", "system": UCUM, "code": "mg/dL"}}, 1.2, None, "mg/dL"),
        ({"valueQuantity": {"value": 1.2, "unit": "mg/dl", "system": "http://x", "code": "9"}}, 1.2, None, "mg/dl"),
        ({"valueQuantity": {"value": 5, "comparator": "<"}}, 5.0, "<", None),
        ({"valueQuantity": {"value": "1.5"}}, 1.5, None, None),
        ({"valueInteger": 3}, 3.0, None, None),
        ({"valueBoolean": True}, None, "true", None),
        ({"valueBoolean": False}, None, "false", None),
        ({"valueString": "hæmolytic"}, None, "hæmolytic", None),
        ({"valueCodeableConcept": {"text": "Never"}}, None, "Never", None),
        ({"valueCodeableConcept": {"coding": [{"system": LOINC, "code": "LA1"}]}}, None, "LOINC//LA1", None),
        ({"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 128}}}, None, "1:128", None),
        ({"valueDateTime": "2020-01-01"}, None, None, None),
        ({}, None, None, None),
    ],
)
def test_values_are_numbers_with_units_or_words(
    tmp_path: Path, value: dict[str, Any], number: float | None, text: str | None, unit: str | None
) -> None:
    (found,), problems = events(tmp_path, observation(**value))
    assert (found.get("numeric_value"), found.get("text_value"), found.get("unit")) == (number, text, unit)
    assert len(problems) == ("valueDateTime" in value)


@pytest.mark.parametrize(
    ("times", "moment"),
    [
        ({"issued": "2020-01-02T10:00:00.000Z"}, "2020-12-31T23:59:59"),
        ({"issued": "2021-01-02T10:00:00Z"}, "2021-01-02T10:00:00"),
        ({"effectiveDateTime": "2021-01-02T10:00:00Z"}, "2021-01-02T10:00:00"),
        ({"effectiveDateTime": None, "effectiveInstant": "2021-01-02T10:00:00Z"}, "2021-01-02T10:00:00"),
        ({"effectiveDateTime": None, "effectivePeriod": {"start": "2020", "end": "2021"}}, "2021-12-31T23:59:59"),
        ({"effectiveDateTime": None, "effectivePeriod": {"start": "2020"}}, "2020-12-31T23:59:59"),
        ({"effectiveDateTime": None, "effectiveTiming": {"event": ["2021", "2020"]}}, "2021-12-31T23:59:59"),
        ({"effectiveDateTime": None}, None),
    ],
)
def test_a_result_is_known_when_released_and_never_before_it_was_made(
    tmp_path: Path, times: dict[str, Any], moment: str | None
) -> None:
    (found,), _ = events(tmp_path, observation(valueInteger=1, **times))
    assert found.get("time") == (at(moment) if moment else None)


def test_components_are_events_of_their_own(tmp_path: Path) -> None:
    def part(code: str, **value: Any) -> dict[str, Any]:
        return {"code": {"coding": [{"system": LOINC, "code": code}]}, **value}

    pressure = {"value": 120, "unit": "mmHg"}
    found, problems = events(
        tmp_path,
        observation(component=[part("8480-6", valueQuantity=pressure), part("8462-4", dataAbsentReason={})]),
        observation(valueInteger=7, component=[part("9269-2", valueInteger=1)], encounter=WITHIN),
    )
    assert [(row["code"], row["numeric_value"], row.get("encounter")) for row in found] == [
        ("LOINC//8480-6", 120.0, None),
        ("LOINC//2160-0", 7.0, "e"),
        ("LOINC//9269-2", 1.0, "e"),
    ]
    assert problems == {"Observation: component without a value, not an event": 1}


def test_observations_without_a_result_are_counted(tmp_path: Path) -> None:
    found, problems = events(
        tmp_path,
        observation(dataAbsentReason={"text": "unknown"}),
        observation(hasMember=[{"reference": "Observation/1"}]),
        *(observation(status=status, valueInteger=1) for status in ("registered", "cancelled", "entered-in-error")),
        observation(valueInteger=1, subject={"reference": "Group/1"}),
        observation(valueInteger=1, code={}),
    )
    assert found == []
    assert sorted(problems.values()) == [1] * 7


@pytest.mark.parametrize(
    ("made", "row"),
    [
        (resource("MedicationRequest", authoredOn="2020", intent="order"), {"text_value": "ordered"}),
        (resource("MedicationRequest", authoredOn="2020", status="stopped"), {"text_value": "ordered"}),
        (resource("MedicationRequest", status="cancelled"), None),
        (resource("MedicationRequest", status="draft"), None),
        (resource("MedicationRequest", intent="proposal"), None),
        (resource("MedicationRequest", doNotPerform=True), None),
        (
            resource("MedicationAdministration", effectiveDateTime="2020", dosage={"dose": {"value": 2, "unit": "mg"}}),
            {"text_value": "given", "numeric_value": 2.0, "unit": "mg"},
        ),
        (
            resource("MedicationAdministration", effectivePeriod={"start": "2020"}, dosage={"dose": {"value": 2}}),
            {"text_value": "given"},
        ),
        (resource("MedicationAdministration", status="not-done"), None),
        (resource("MedicationStatement", dateAsserted="2020", effectiveDateTime="2010"), {"text_value": "stated"}),
        (resource("MedicationStatement", effectivePeriod={"start": "2020"}), {"text_value": "stated"}),
        (resource("MedicationStatement", status="not-taken"), None),
        (resource("MedicationDispense", whenHandedOver="2020", whenPrepared="2019"), {"text_value": "dispensed"}),
        (resource("MedicationDispense", whenPrepared="2020"), {"text_value": "dispensed"}),
        (resource("MedicationDispense", status="declined"), None),
    ],
)
def test_drugs_say_whether_they_were_ordered_given_stated_or_dispensed(
    tmp_path: Path, made: dict[str, Any], row: dict[str, Any] | None
) -> None:
    found, problems = events(tmp_path, {**made, "medicationCodeableConcept": ASPIRIN, "context": WITHIN})
    if row is None:
        assert found == []
        assert sum(problems.values()) == 1
    else:
        stands = {"subject": "p", "time": at("2020-12-31T23:59:59"), "code": "RXNORM//1191", "static": False}
        assert found == [{**stands, "encounter": "e", **row}]


def test_a_drug_may_stand_in_a_resource_of_its_own_or_in_its_request(tmp_path: Path) -> None:
    def request(reference: str) -> dict[str, Any]:
        contained = [{"resourceType": "Medication", "id": "m", "code": ASPIRIN}]
        fields = {"authoredOn": "2020", "medicationReference": {"reference": reference}, "contained": contained}
        return resource("MedicationRequest", **fields)

    medication = {"resourceType": "Medication", "id": "1", "code": ASPIRIN}
    found, problems = events(tmp_path, request("#m"), request("Medication/1"), request("Medication/2"), medication)
    assert [row["code"] for row in found] == ["RXNORM//1191"] * 2
    assert problems == {"MedicationRequest: its Medication is not in the source": 1}


@pytest.mark.parametrize(
    ("made", "code", "moment"),
    [
        (
            resource("Procedure", code=ANGINA, performedPeriod={"start": "2019", "end": "2020"}),
            "SNOMED//194828000",
            2020,
        ),
        (resource("Procedure", code=ANGINA, performedDateTime="2020"), "SNOMED//194828000", 2020),
        (resource("Procedure", code=ANGINA, performedString="once"), "SNOMED//194828000", None),
        (resource("Procedure", code=ANGINA, status="not-done"), None, None),
        (resource("Immunization", vaccineCode=ASPIRIN, occurrenceDateTime="2020"), "RXNORM//1191", 2020),
        (
            resource("Immunization", vaccineCode=ASPIRIN, occurrenceDateTime="2010", recorded="2020"),
            "RXNORM//1191",
            2020,
        ),
        (resource("Immunization", vaccineCode=ASPIRIN, status="not-done"), None, None),
        (resource("DiagnosticReport", code=CREATININE, effectiveDateTime="2019", issued="2020"), "LOINC//2160-0", 2020),
        (resource("DiagnosticReport", code=CREATININE, status="registered"), None, None),
        (resource("AllergyIntolerance", code=ASPIRIN, recordedDate="2020"), "ALLERGY//RXNORM//1191", 2020),
        (resource("AllergyIntolerance", code=ASPIRIN, onsetDateTime="2020"), "ALLERGY//RXNORM//1191", 2020),
        (resource("AllergyIntolerance", code=ASPIRIN, verificationStatus={"text": "refuted"}), None, None),
    ],
)
def test_coded_findings_stand_when_they_were_known(
    tmp_path: Path, made: dict[str, Any], code: str | None, moment: int | None
) -> None:
    made = {key: value for key, value in made.items() if key != "subject"} | {"patient": SUBJECT}
    found, _ = events(tmp_path, made)
    assert [row["code"] for row in found] == ([code] if code else [])
    assert [row["time"].year for row in found if "time" in row] == ([moment] if moment else [])
