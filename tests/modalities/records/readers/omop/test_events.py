"""Each table: which events its rows become, when they were known, and what cannot be read."""

from pathlib import Path
from typing import Any

import pytest
from tests.modalities.records.readers.omop.warehouse import PERSON, VISIT, at, events, taken, warehouse

from bedside.modalities.records.readers.omop.reader import Omop


def test_people_are_born_and_have_facts_without_a_time(tmp_path: Path) -> None:
    people: list[dict[str, Any]] = [
        {
            "year_of_birth": 1950,
            "month_of_birth": 6,
            "day_of_birth": 2,
            "gender_concept_id": 8532,
            "race_concept_id": 8515,
        },
        {"birth_datetime": "1960-01-02 03:04:05", "gender_concept_id": 0, "gender_source_value": "Male"},
        {"year_of_birth": 1970, "race_concept_id": 0, "race_source_value": "Klingon", "ethnicity_concept_id": 38003563},
        {"gender_concept_id": 8551, "race_concept_id": 99},
        {"year_of_birth": 1980, "month_of_birth": 13, "day_of_birth": 2},
    ]
    rows = [{"person_id": number, **row} for number, row in enumerate(people, 1)]
    frame, problems = taken(
        Omop(warehouse(tmp_path, person=rows, death=[{"person_id": 1, "death_date": "2020-01-01"}]))
    )
    assert {(row["subject"], row["code"], row["time"]) for row in frame.iter_rows(named=True)} == {
        ("1", "MEDS_BIRTH", at("1950-06-02T00:00:00")),
        ("1", "SEX//F", None),
        ("1", "ANCESTRY//Asian", None),
        ("1", "MEDS_DEATH", at("2020-01-01T23:59:59")),
        ("2", "MEDS_BIRTH", at("1960-01-02T03:04:05")),
        ("2", "SEX//M", None),
        ("3", "MEDS_BIRTH", at("1970-01-01T00:00:00")),
        ("3", "ANCESTRY//Klingon", None),
        ("3", "ANCESTRY//Hispanic or Latino", None),
        ("4", "ANCESTRY//99", None),
    }
    assert frame.filter(frame["static"])["time"].null_count() == 6
    assert problems.counts == {
        "person: the day of birth is not told; the first of the month or year is taken": 1,
        "person: no date of birth": 2,
    }


def test_visits_start_with_their_kind_and_end_where_the_patient_went(tmp_path: Path) -> None:
    found, problems = events(
        tmp_path,
        visit_occurrence=[
            {**VISIT, "discharged_to_concept_id": 6},
            {**VISIT, "visit_occurrence_id": 8, "visit_concept_id": 0, "visit_source_value": "walk-in"},
            {**VISIT, "visit_occurrence_id": 9, "visit_concept_id": 5, "visit_end_datetime": None},
            {**VISIT, "visit_occurrence_id": 10, "visit_concept_id": 77, "discharged_to_source_value": "home"},
        ],
    )
    assert {(row["encounter"], row["code"]) for row in found} == {
        ("7", "ENCOUNTER_START//IP"),
        ("7", "ENCOUNTER_END//93000"),
        ("8", "ENCOUNTER_START//walk-in"),
        ("8", "ENCOUNTER_END//UNKNOWN"),
        ("9", "ENCOUNTER_START//88.72"),
        ("10", "ENCOUNTER_START//77"),
        ("10", "ENCOUNTER_END//home"),
    }
    assert {row["time"] for row in found if "START" in row["code"]} == {at("2020-03-01T08:00:00")}
    assert {row["time"] for row in found if "END" in row["code"]} == {at("2020-03-05T17:00:00")}
    assert problems == {"visit_occurrence: no end": 1}


def test_units_within_a_visit_and_intensive_care_have_names_of_their_own(tmp_path: Path) -> None:
    stay = {
        "person_id": 1,
        "visit_occurrence_id": 7,
        "visit_detail_start_date": "2020-03-01",
        "visit_detail_end_date": "2020-03-02",
    }
    found, _ = events(
        tmp_path,
        visit_detail=[
            {**stay, "visit_detail_concept_id": 32037},
            {
                **stay,
                "visit_detail_concept_id": 0,
                "visit_detail_source_value": "ward 7",
                "visit_detail_end_date": None,
            },
        ],
    )
    assert [(row["code"], row["time"], row["encounter"]) for row in found] == [
        ("ICU_START//ICU", at("2020-03-01T23:59:59"), "7"),
        ("UNIT_START//ward 7", at("2020-03-01T23:59:59"), "7"),
        ("ICU_END//ICU", at("2020-03-02T23:59:59"), "7"),
    ]


@pytest.mark.parametrize(
    ("fields", "moment", "said"),
    [
        ({"visit_occurrence_id": 7, "condition_start_date": "2020-03-01"}, "2020-03-05T17:00:00", None),
        ({"visit_occurrence_id": 7, "condition_start_date": "2020-03-09"}, "2020-03-09T23:59:59", None),
        ({"visit_occurrence_id": 7, "condition_start_date": None}, "2020-03-05T17:00:00", None),
        ({"condition_start_date": "2020-03-01"}, "2020-03-01T23:59:59", "without a visit; stands at its start"),
        ({"visit_occurrence_id": 0, "condition_start_date": "2020-03-01"}, "2020-03-01T23:59:59", "without a visit"),
        ({"visit_occurrence_id": 5, "condition_start_date": "2020-03-01"}, None, "kept without a time"),
    ],
)
def test_a_condition_is_known_when_its_visit_is_over(
    tmp_path: Path, fields: dict[str, Any], moment: str | None, said: str | None
) -> None:
    row = {"person_id": 1, "condition_concept_id": 2, **fields}
    found, problems = events(tmp_path, visit_occurrence=[VISIT], condition_occurrence=[row])
    (condition,) = (row for row in found if row["code"] == "SNOMED//84114007")
    assert condition.get("time") == (at(moment) if moment else None)
    assert condition.get("encounter") == (
        str(fields["visit_occurrence_id"]) if fields.get("visit_occurrence_id") else None
    )
    assert len(problems) == (said is not None)
    assert said is None or said in next(iter(problems))


MEASURED = {"person_id": 1, "measurement_concept_id": 1, "measurement_datetime": "2020-03-01 10:00:00"}


@pytest.mark.parametrize(
    ("fields", "number", "text", "unit"),
    [
        ({"value_as_number": 1.2, "unit_concept_id": 4, "unit_source_value": "MG/DL"}, 1.2, None, "mg/dL"),
        ({"value_as_number": 1.2, "unit_concept_id": 0, "unit_source_value": "mg/dl"}, 1.2, None, "mg/dl"),
        ({"value_as_number": 5, "operator_concept_id": 4171756}, 5.0, "<", None),
        ({"value_as_number": 5, "operator_concept_id": 4172703, "value_source_value": "5"}, 5.0, None, None),
        ({"value_as_concept_id": 2}, None, "SNOMED//84114007", None),
        ({"value_as_concept_id": 0, "value_source_value": "positive"}, None, "positive", None),
        ({"value_as_concept_id": 99}, None, "OMOP//99", None),
        ({}, None, None, None),
    ],
)
def test_measurements_have_numbers_with_units_or_words(
    tmp_path: Path, fields: dict[str, Any], number: float | None, text: str | None, unit: str | None
) -> None:
    (found,), problems = events(tmp_path, measurement=[{**MEASURED, **fields}])
    assert (found["code"], found["time"]) == ("LOINC//2160-0", at("2020-03-01T10:00:00"))
    assert (found.get("numeric_value"), found.get("text_value"), found.get("unit")) == (number, text, unit)
    assert problems == {}


def test_observations_have_words_of_their_own(tmp_path: Path) -> None:
    row = {"person_id": 1, "observation_concept_id": 2, "observation_date": "2020-03-01"}
    found, _ = events(
        tmp_path,
        observation=[
            {**row, "value_as_string": "never,\nhe says"},
            {**row, "value_as_number": 3, "value_as_string": ""},
        ],
    )
    assert [(row.get("text_value"), row.get("numeric_value")) for row in found] == [
        ("never,\nhe says", None),
        (None, 3.0),
    ]


def test_drugs_and_procedures_stand_when_begun_and_when_over(tmp_path: Path) -> None:
    drug = {"person_id": 1, "drug_concept_id": 3, "drug_exposure_start_date": "20200301"}
    done = {"person_id": 1, "procedure_concept_id": 5, "procedure_datetime": "2020-03-01T09:30:00+00:00"}
    found, problems = events(
        tmp_path,
        drug_exposure=[drug],
        procedure_occurrence=[
            {**done, "procedure_end_datetime": None},
            {**done, "procedure_end_datetime": "2020-03-01 11:00:00"},
        ],
    )
    assert [(row["code"], row["time"]) for row in found] == [
        ("RXNORM//6809", at("2020-03-01T23:59:59")),
        ("ICD9PCS//88.72", at("2020-03-01T09:30:00")),
        ("ICD9PCS//88.72", at("2020-03-01T11:00:00")),
    ]
    assert problems == {}


def test_codes_fall_back_from_standard_to_source_to_words_of_the_source(tmp_path: Path) -> None:
    row = {"person_id": 1, "drug_exposure_start_date": "2020-03-01"}
    names = ("drug_concept_id", "drug_source_concept_id", "drug_source_value")
    values = [(3, 6, "x"), (0, 6, "x"), (0, 0, " x "), (0, None, None), (99, 6, "x"), (None, None, "y")]
    found, problems = events(
        tmp_path, drug_exposure=[{**row, **dict(zip(names, value, strict=True))} for value in values]
    )
    codes = ["RXNORM//6809", "CPT//93000", "OMOP_SOURCE//x", "OMOP//99", "OMOP_SOURCE//y"]
    assert [row["code"] for row in found] == codes
    assert problems == {
        "drug: neither a concept nor a source value": 1,
        "drug: concept_id is not in the table concept; its code is OMOP//concept_id": 1,
    }


def test_without_the_table_concept_codes_are_numbers_and_that_is_said(tmp_path: Path) -> None:
    found, problems = events(
        tmp_path,
        concept=[],
        visit_occurrence=[VISIT],
        measurement=[{**MEASURED, "value_as_number": 1, "unit_concept_id": 4}],
    )
    assert [row["code"] for row in found] == ["ENCOUNTER_START//IP", "ENCOUNTER_END//UNKNOWN", "OMOP//1"]
    assert problems["table concept: not there; codes are OMOP//concept_id"] == 1
    assert problems["measurement: unit_concept_id is not in the table concept, and no unit_source_value"] == 1
    assert Omop(tmp_path).descriptions() == {}


def test_the_time_of_being_watched_is_from_the_first_moment_to_the_last(tmp_path: Path) -> None:
    days = {"observation_period_start_date": "2019-01-01", "observation_period_end_date": "2020-12-31"}
    found, _ = events(tmp_path, observation_period=[{"person_id": 1, **days}])
    assert [(row["code"], row["time"]) for row in found] == [
        ("OBSERVATION_PERIOD_START", at("2019-01-01T00:00:00")),
        ("OBSERVATION_PERIOD_END", at("2020-12-31T23:59:59")),
    ]


def test_a_column_of_midnights_holds_days_and_one_with_clock_times_does_not(tmp_path: Path) -> None:
    days = [{**MEASURED, "measurement_datetime": f"2020-03-0{day} 00:00:00"} for day in (1, 2)]
    found, problems = events(tmp_path / "days", measurement=days)
    assert [row["time"] for row in found] == [at("2020-03-01T23:59:59"), at("2020-03-02T23:59:59")]
    assert problems == {"measurement: measurement_datetime is midnight throughout and read as a day": 1}
    dated = {**MEASURED, "measurement_datetime": None, "measurement_date": "2020-03-03"}
    found, problems = events(tmp_path / "clocks", measurement=[*days, MEASURED, dated])
    assert [row["time"].isoformat() for row in found] == [
        "2020-03-01T00:00:00",
        "2020-03-02T00:00:00",
        "2020-03-01T10:00:00",
        "2020-03-03T23:59:59",
    ]
    assert problems == {}


def test_what_cannot_be_read_is_null_and_counted(tmp_path: Path) -> None:
    rows = [
        {**MEASURED, "value_as_number": "1.5", "visit_occurrence_id": "7.0"},
        {**MEASURED, "value_as_number": "high", "visit_occurrence_id": "seven"},
        {**MEASURED, "measurement_datetime": "01/03/2020"},
        {**MEASURED, "person_id": "one"},
    ]
    found, problems = events(tmp_path, measurement=[{key: str(cell) for key, cell in row.items()} for row in rows])
    assert [(row.get("numeric_value"), row.get("encounter"), "time" in row) for row in found] == [
        (1.5, "7", True),
        (None, None, True),
        (None, None, False),
    ]
    assert problems == {
        "measurement: value_as_number is no number": 1,
        "measurement: visit_occurrence_id is no whole number": 1,
        "measurement: measurement_datetime is no time": 1,
        "measurement: person_id is no whole number": 1,
        "measurement: no person_id": 1,
    }


def test_tables_that_become_no_events_are_counted(tmp_path: Path) -> None:
    _, problems = events(
        tmp_path, death=[{"person_id": 1, "death_date": "2020-01-01"}], note=[PERSON], drug_era=[PERSON]
    )
    assert problems == {"table note: left out": 1, "table drug_era: left out": 1}
