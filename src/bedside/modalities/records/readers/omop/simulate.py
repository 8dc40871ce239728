"""A synthetic twin of an OMOP warehouse: tables of CDM 5.4 with invented patients, for tests and first contact."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from bedside.types import Integers

_START: Final = np.datetime64("2010-01-01T00:00:00", "s")
_YEARS: Final = 10
_DAY: Final = 86_400

CONCEPTS: Final = (
    (9201, "Visit", "IP", "Inpatient Visit"),
    (9202, "Visit", "OP", "Outpatient Visit"),
    (9203, "Visit", "ER", "Emergency Room Visit"),
    (32037, "Visit", "ICU", "Intensive Care"),
    (8536, "CMS Place of Service", "12", "Home"),
    (201826, "SNOMED", "44054006", "Type 2 diabetes mellitus"),
    (316139, "SNOMED", "84114007", "Heart failure"),
    (320128, "SNOMED", "59621000", "Essential hypertension"),
    (255848, "SNOMED", "233604007", "Pneumonia"),
    (1503297, "RxNorm", "6809", "metformin"),
    (956874, "RxNorm", "4603", "furosemide"),
    (1308216, "RxNorm", "29046", "lisinopril"),
    (4230911, "SNOMED", "29303009", "Electrocardiographic procedure"),
    (3016723, "LOINC", "2160-0", "Creatinine [Mass/volume] in Serum or Plasma"),
    (3004501, "LOINC", "2345-7", "Glucose [Mass/volume] in Serum or Plasma"),
    (3027018, "LOINC", "8867-4", "Heart rate"),
    (43054909, "LOINC", "72166-2", "Tobacco smoking status"),
    (8840, "UCUM", "mg/dL", "milligram per deciliter"),
    (8753, "UCUM", "mmol/L", "millimole per liter"),
    (8483, "UCUM", "/min", "per minute"),
    (4144272, "SNOMED", "266919005", "Never smoked tobacco"),
    (4298794, "SNOMED", "77176002", "Smoker"),
)
"""Number, vocabulary, code and name of every concept that a simulated warehouse uses."""

_CONDITIONS: Final = (201826, 316139, 320128, 255848)
_DRUGS: Final = (1503297, 956874, 1308216)
_LABORATORY: Final = ((3016723, 8840, 1.1, 0.3), (3004501, 8840, 110.0, 30.0), (3004501, 8753, 6.1, 1.6))
_PULSE: Final = (3027018, 8483, 82.0, 14.0)


def simulate_omop(folder: Path, patients: int, seed: int) -> Path:
    """Write a warehouse of invented patients: the tables that the reader reads, and `concept`.

    Sicker patients have more visits, are more often admitted and die sooner, so that there is something to predict.

    Args:
        folder: Where the tables are written as CSV files; made if it is not there.
        patients: How many.
        seed: The same seed gives the same files, byte for byte.
    """
    folder.mkdir(parents=True, exist_ok=True)
    draws = np.random.default_rng(seed)
    person = np.arange(1, patients + 1)
    frailty = draws.gamma(2.0, 0.5, patients)
    tables = {
        "person": _people(person, draws),
        "concept": pl.DataFrame(
            CONCEPTS, ["concept_id", "vocabulary_id", "concept_code", "concept_name"], orient="row"
        ),
    }
    visits = _visits(person, frailty, draws)
    dead = draws.random(patients) < 0.08 * frailty
    until = _last(visits, person) + draws.integers(30, 400, patients) * _DAY
    tables["death"] = _table({"person_id": person[dead]}, death=until[dead])
    tables["observation_period"] = _table(
        {"observation_period_id": person, "person_id": person},
        observation_period_start=np.zeros(patients, dtype=np.int64),
        observation_period_end=until,
    )
    tables |= _within(visits, draws)
    for name, table in tables.items():
        table.write_csv(folder / f"{name}.csv")
    return folder


def _people(person: Integers, draws: np.random.Generator) -> pl.DataFrame:
    size = len(person)
    return pl.DataFrame(
        {
            "person_id": person,
            "gender_concept_id": draws.choice([8507, 8532], size),
            "year_of_birth": draws.integers(1925, 1990, size),
            "month_of_birth": draws.integers(1, 13, size),
            "day_of_birth": draws.integers(1, 29, size),
            "race_concept_id": draws.choice([8527, 8516, 8515], size, p=[0.7, 0.2, 0.1]),
            "ethnicity_concept_id": draws.choice([38003563, 38003564], size, p=[0.15, 0.85]),
        }
    )


def _visits(person: Integers, frailty: Any, draws: np.random.Generator) -> Mapping[str, Integers]:  # noqa: ANN401
    count = 1 + draws.poisson(2 * frailty)
    whose = np.repeat(person, count)
    size = len(whose)
    admitted = draws.random(size) < 0.2 * np.repeat(frailty, count)
    start = draws.integers(0, _YEARS * 365 * _DAY, size)
    length = np.where(admitted, draws.integers(1, 12 * 24, size) * 3600, draws.integers(20, 240, size) * 60)
    kind = np.where(admitted, 9201, draws.choice([9202, 9203], size, p=[0.8, 0.2]))
    return {"whose": whose, "key": np.arange(1, size + 1), "kind": kind, "start": start, "end": start + length}


def _last(visits: Mapping[str, Integers], person: Integers) -> Integers:
    last = np.zeros(len(person), dtype=np.int64)
    np.maximum.at(last, visits["whose"] - 1, visits["end"])
    return last


def _within(visits: Mapping[str, Integers], draws: np.random.Generator) -> dict[str, pl.DataFrame]:
    """What happens in visits, at times between their start and their end."""
    size = len(visits["key"])

    def drawn(rate: float, table: str) -> tuple[dict[str, Integers], Integers]:
        rows = np.repeat(np.arange(size), draws.poisson(rate, size))
        span = visits["end"][rows] - visits["start"][rows]
        when = visits["start"][rows] + (draws.random(len(rows)) * span).astype(np.int64)
        keys = {f"{table}_id": np.arange(1, len(rows) + 1), "person_id": visits["whose"][rows]}
        return {**keys, "visit_occurrence_id": visits["key"][rows]}, when

    whole: dict[str, Any] = {
        "visit_occurrence_id": visits["key"],
        "person_id": visits["whose"],
        "visit_concept_id": visits["kind"],
    }
    went = np.where(visits["kind"] == 9201, 8536, 0)
    whole |= {"discharged_to_concept_id": went, "discharged_to_source_value": np.where(went > 0, "HOME", "")}
    stays = _table(whole, visit_start=visits["start"], visit_end=visits["end"])
    out = {"visit_occurrence": stays, "visit_detail": _intensive(visits, draws)}
    for table, stem, rate, concepts in (
        ("condition_occurrence", "condition_start", 1.5, _CONDITIONS),
        ("drug_exposure", "drug_exposure_start", 1.5, _DRUGS),
        ("procedure_occurrence", "procedure", 0.5, (4230911,)),
    ):
        keys, when = drawn(rate, table)
        concept = draws.choice(concepts, len(when))
        out[table] = _table({**keys, f"{table.partition('_')[0]}_concept_id": concept}, **{stem: when})
    keys, when = drawn(8.0, "measurement")
    out["measurement"] = _table({**keys, **_measured(len(when), draws)}, measurement=when)
    keys, when = drawn(0.3, "observation")
    answers = {"observation_concept_id": np.full(len(when), 43054909)}
    answers["value_as_concept_id"] = draws.choice([4144272, 4298794], len(when))
    out["observation"] = _table({**keys, **answers}, observation=when)
    return out


def _measured(size: int, draws: np.random.Generator) -> dict[str, Any]:
    kinds = (*_LABORATORY, _PULSE)
    chosen = draws.integers(0, len(kinds), size)
    concept, unit, mean, sd = (np.array(column)[chosen] for column in zip(*kinds, strict=True))
    value = np.maximum(draws.normal(mean, sd), 0.1).round(2)
    return {"measurement_concept_id": concept, "value_as_number": value, "unit_concept_id": unit}


def _intensive(visits: Mapping[str, Integers], draws: np.random.Generator) -> pl.DataFrame:
    """A third of admissions pass through intensive care."""
    chosen = np.flatnonzero((visits["kind"] == 9201) & (draws.random(len(visits["kind"])) < 1 / 3))
    half = (visits["start"][chosen] + visits["end"][chosen]) // 2
    keys = {
        "visit_detail_id": np.arange(1, len(chosen) + 1),
        "person_id": visits["whose"][chosen],
        "visit_occurrence_id": visits["key"][chosen],
        "visit_detail_concept_id": np.full(len(chosen), 32037),
    }
    return _table(keys, visit_detail_start=visits["start"][chosen], visit_detail_end=half)


def _table(columns: Mapping[str, Any], **times: Integers) -> pl.DataFrame:
    """A table with a date and a clock time for each time, given in seconds after the start."""
    clocks: dict[str, Any] = {}
    for stem, seconds in times.items():
        moment = pl.Series((_START + np.asarray(seconds).astype("timedelta64[s]")).astype("datetime64[us]"))
        clocks[f"{stem}_date"] = moment.dt.date()
        clocks[f"{stem}_datetime"] = moment.dt.strftime("%Y-%m-%d %H:%M:%S")
    return pl.DataFrame({**columns, **clocks})
