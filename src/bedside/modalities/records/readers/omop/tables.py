"""The tables of the OMOP common data model that are read, and the columns of each."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import time
from typing import Final

import polars as pl

from bedside.errors import RecordsProblem
from bedside.modalities.records.events.reader import Problems

MIDNIGHT: Final = time(0, 0)
DAY: Final = pl.duration(hours=23, minutes=59, seconds=59)
RENAMED: Final = {
    "discharge_to_concept_id": "discharged_to_concept_id",
    "discharge_to_source_value": "discharged_to_source_value",
}
"""Columns of version 5.3 under their names in 5.4."""

LEFT_OUT: Final = (
    "condition_era", "cost", "device_exposure", "dose_era", "drug_era", "episode", "note", "note_nlp",
    "payer_plan_period", "specimen", "survey_conduct",
)  # fmt: skip
"""Tables of patients that become no events; counted where they are there."""


@dataclass(frozen=True)
class Table:
    """What is read of a table.

    Attributes:
        name: Of the table.
        keys: Whole numbers without which there is nothing to read.
        numbers_of: Whole numbers that may be missing.
        values: Other numbers; may be missing.
        texts: May be missing.
        times: Stems: "measurement" stands for measurement_datetime and measurement_date, of which one must be there.
        other_times: Stems that may be missing.
        divisible: No cell holds a line break, so that a CSV file may be cut at any line.
    """

    name: str
    keys: tuple[str, ...]
    numbers_of: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    other_times: tuple[str, ...] = ()
    divisible: bool = True

    @property
    def stems(self) -> tuple[str, ...]:
        """Of all its times."""
        return self.times + self.other_times

    @property
    def columns(self) -> tuple[str, ...]:
        """All that are read, in lower case."""
        clocks = (f"{stem}_{kind}" for stem in self.stems for kind in ("datetime", "date"))
        return (*self.keys, *self.numbers_of, *self.values, *self.texts, *clocks)

    def check(self, file: str, present: Iterable[str]) -> None:
        """Refuse a table that lacks a column.

        Raises:
            RecordsProblem: It does.
        """
        there = set(present)
        missing = [name for name in self.keys if name not in there]
        missing += [
            f"{stem}_datetime or {stem}_date" for stem in self.times if not {f"{stem}_datetime", f"{stem}_date"} & there
        ]
        if missing:
            msg = (
                f"table {self.name} ({file}) has no column {', '.join(missing)}; read is the OMOP common data model "
                f"5.3 or 5.4, and the columns here are {', '.join(sorted(there)[:40])}: export the table again"
            )
            raise RecordsProblem(msg)

    def typed(self, frame: pl.DataFrame, problems: Problems) -> pl.DataFrame:
        """All its columns with their types, null where they are missing; what cannot be read is null and counted."""
        kinds = (
            ("whole number", (*self.keys, *self.numbers_of), _whole),
            ("number", self.values, _number),
            ("text", self.texts, _text),
            ("time", tuple(f"{stem}_datetime" for stem in self.stems), _moment),
            ("date", tuple(f"{stem}_date" for stem in self.stems), _date),
        )
        out = []
        for kind, names, reads in kinds:
            for name in names:
                there = frame[name] if name in frame.columns else pl.Series(name, [None] * frame.height, pl.String())
                read = reads(there)
                lost = read.null_count() - there.null_count()
                if lost > 0:
                    problems.add(f"{self.name}: {name} is no {kind}", times=lost)
                out.append(read)
        return pl.DataFrame(out)


def time_of(stem: str, clocked: frozenset[str]) -> pl.Expr:
    """When it was: the clock time where the column has such, else the last second of the day."""
    clock, day = pl.col(f"{stem}_datetime"), pl.col(f"{stem}_date")
    last = pl.coalesce(day, clock.dt.date()).cast(pl.Datetime("us")) + DAY
    return pl.coalesce(clock, last) if stem in clocked else last


def clocked(frame: pl.DataFrame, table: Table) -> frozenset[str]:
    """Times of which any has a clock time; columns that are midnight throughout hold days."""
    return frozenset(
        stem for stem in table.stems if bool((frame[f"{stem}_datetime"].dt.time().drop_nulls() != MIDNIGHT).any())
    )


def _whole(column: pl.Series) -> pl.Series:
    if column.dtype == pl.String:
        column = column.str.strip_chars().str.replace(r"\.0*$", "")
    return column.cast(pl.Int64, strict=False)


def _number(column: pl.Series) -> pl.Series:
    if column.dtype == pl.String:
        column = column.str.strip_chars()
    return column.cast(pl.Float64, strict=False)


def _text(column: pl.Series) -> pl.Series:
    return column.cast(pl.String).str.strip_chars()


def _moment(column: pl.Series) -> pl.Series:
    """Clock times; an offset is dropped."""
    if column.dtype == pl.String:
        found = column.str.extract(r"^\s*(\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?)").str.replace("T", " ")
        clock = found.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False)
        return clock.zip_with(clock.is_not_null(), _date(column).cast(pl.Datetime("us")))
    if isinstance(column.dtype, pl.Datetime) and column.dtype.time_zone:
        column = column.dt.replace_time_zone(None)
    return column.cast(pl.Datetime("us"), strict=False)


def _date(column: pl.Series) -> pl.Series:
    if column.dtype == pl.String:
        found = column.str.extract(r"^\s*(\d{4}-\d{2}-\d{2}|\d{8})").str.replace_all("-", "")
        return found.str.to_date("%Y%m%d", strict=False)
    return column.cast(pl.Date, strict=False)


_VISIT = ("visit_occurrence_id",)
_UNIT = ("unit_concept_id", "value_as_concept_id")

PERSON: Final = Table(
    "person",
    ("person_id",),
    ("year_of_birth", "month_of_birth", "day_of_birth", "gender_concept_id", "race_concept_id", "ethnicity_concept_id"),
    texts=("gender_source_value", "race_source_value", "ethnicity_source_value"),
    other_times=("birth",),
)
DEATH: Final = Table("death", ("person_id",), times=("death",))
PERIOD: Final = Table(
    "observation_period", ("person_id",), times=("observation_period_start", "observation_period_end")
)
VISIT: Final = Table(
    "visit_occurrence",
    ("person_id", "visit_occurrence_id", "visit_concept_id"),
    ("discharged_to_concept_id",),
    texts=("visit_source_value", "discharged_to_source_value"),
    times=("visit_start", "visit_end"),
)
DETAIL: Final = Table(
    "visit_detail",
    ("person_id", "visit_detail_concept_id"),
    _VISIT,
    texts=("visit_detail_source_value",),
    times=("visit_detail_start", "visit_detail_end"),
)
CONDITION: Final = Table(
    "condition_occurrence",
    ("person_id", "condition_concept_id"),
    (*_VISIT, "condition_source_concept_id"),
    texts=("condition_source_value",),
    times=("condition_start",),
)
DRUG: Final = Table(
    "drug_exposure",
    ("person_id", "drug_concept_id"),
    (*_VISIT, "drug_source_concept_id"),
    texts=("drug_source_value",),
    times=("drug_exposure_start",),
    divisible=False,  # instructions to the patient are free text
)
PROCEDURE: Final = Table(
    "procedure_occurrence",
    ("person_id", "procedure_concept_id"),
    (*_VISIT, "procedure_source_concept_id"),
    texts=("procedure_source_value",),
    times=("procedure",),
    other_times=("procedure_end",),
)
MEASUREMENT: Final = Table(
    "measurement",
    ("person_id", "measurement_concept_id"),
    (*_VISIT, "measurement_source_concept_id", "operator_concept_id", *_UNIT),
    ("value_as_number",),
    ("measurement_source_value", "unit_source_value", "value_source_value"),
    times=("measurement",),
)
OBSERVATION: Final = Table(
    "observation",
    ("person_id", "observation_concept_id"),
    (*_VISIT, "observation_source_concept_id", *_UNIT),
    ("value_as_number",),
    ("observation_source_value", "unit_source_value", "value_source_value", "value_as_string"),
    times=("observation",),
    divisible=False,  # as above
)
CONCEPT: Final = Table(
    "concept", ("concept_id",), texts=("vocabulary_id", "concept_code", "concept_name"), divisible=False
)
