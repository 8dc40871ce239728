"""Small OMOP warehouses, and what is read from them."""

import gzip
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from bedside.modalities.records.events.reader import Problems, Reader
from bedside.modalities.records.events.schema import RAW
from bedside.modalities.records.readers.omop.reader import Omop

Rows = Sequence[Mapping[str, Any]]

PERSON = {"person_id": 1, "year_of_birth": 1950, "month_of_birth": 6, "day_of_birth": 2}
VISIT = {
    "person_id": 1,
    "visit_occurrence_id": 7,
    "visit_concept_id": 9201,
    "visit_start_datetime": "2020-03-01 08:00:00",
    "visit_end_datetime": "2020-03-05 17:00:00",
}
CONCEPTS = (
    {"concept_id": 1, "vocabulary_id": "LOINC", "concept_code": "2160-0", "concept_name": 'Creatinine "serum"'},
    {"concept_id": 2, "vocabulary_id": "SNOMED", "concept_code": "84114007", "concept_name": "Heart failure"},
    {"concept_id": 3, "vocabulary_id": "RxNorm", "concept_code": "6809", "concept_name": "metformin"},
    {"concept_id": 4, "vocabulary_id": "UCUM", "concept_code": "mg/dL", "concept_name": "milligram per deciliter"},
    {"concept_id": 5, "vocabulary_id": "ICD9Proc", "concept_code": "88.72", "concept_name": "Echocardiography"},
    {"concept_id": 6, "vocabulary_id": "CPT4", "concept_code": "93000", "concept_name": "Electrocardiogram"},
)


def warehouse(folder: Path, **tables: Rows) -> Path:
    """Write tables as CSV files; `person` and `concept` are there unless they are given."""
    return written(folder, tables)


def written(folder: Path, tables: Mapping[str, Rows], ending: str = ".csv", *, upper: bool = False) -> Path:
    """As above, in files of any kind, and in capital letters where that is wished."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in {"person": [PERSON], "concept": CONCEPTS, **tables}.items():
        if not rows:
            continue
        frame = pl.DataFrame(rows, infer_schema_length=None)
        if upper:
            frame = frame.rename({column: column.upper() for column in frame.columns})
        path = folder / ((name.upper() if upper else name) + ending)
        if ending == ".parquet":
            frame.write_parquet(path)
            continue
        separator = "\t" if ".tsv" in ending else ","
        text = frame.write_csv(separator=separator, quote_style="never" if separator == "\t" else "necessary")
        path.write_bytes(gzip.compress(text.encode()) if ending.endswith(".gz") else text.encode())
    return folder


def taken(reader: Reader) -> tuple[pl.DataFrame, Problems]:
    """All events of a source, and what could not be read."""
    problems = Problems()
    frames = [frame for part in reader.parts() for frame in part.frames(problems)]
    for frame in frames:
        assert frame.schema == RAW
        assert frame["code"].null_count() == frame["subject"].null_count() == 0
    return pl.concat([RAW.to_frame(), *frames]), problems


def events(folder: Path, **tables: Rows) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Events of tables without those of person, and without what is null; counts of problems."""
    frame, problems = taken(Omop(warehouse(folder, **tables)))
    rows = frame.filter(pl.col("code") != "MEDS_BIRTH").iter_rows(named=True)
    return [{key: value for key, value in row.items() if value is not None} for row in rows], problems.counts


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)
