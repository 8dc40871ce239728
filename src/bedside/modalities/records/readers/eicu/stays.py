"""Where stays of eICU stand in time: exact within one admission to a hospital, in order between admissions or apart.

eICU tells minutes since each admission to a unit, clock times, and of dates only the year of discharge from hospital.
The units of one hospital admission are tied together by when that admission began (hospitaladmitoffset). Admissions of
one patient are ordered by year of discharge, then age, and one that ended in death is the last. Where two cannot be
ordered, what looks earlier could be later, and a model would read the future: each admission of such a patient is then
a subject of its own, "patient/admission", and `patient_of` tells which subjects must stay in one partition.
"""

from functools import cached_property
from pathlib import Path
from typing import Final

import polars as pl

from bedside.modalities.records.events.reader import Problems
from bedside.modalities.records.readers import csv_rows
from bedside.modalities.records.readers.warehouse import file_of

CENTURIES: Final = 200
"""The calendar is put back so many years, so that nobody takes its days for dates: only the order of years is real."""

AGE_ABOVE_89: Final = 90.0

COLUMNS = (
    "patientunitstayid", "patienthealthsystemstayid", "uniquepid", "age", "hospitaladmittime24", "hospitaladmitoffset",
    "hospitaldischargeyear", "hospitaldischargeoffset", "hospitaldischargestatus", "unitdischargestatus",
)  # fmt: skip

BETWEEN: Final = "/"


def patient_of(identifiers: pl.Expr) -> pl.Expr:
    """The patient whom a subject's identifier names: subjects of one patient belong in one partition."""
    return identifiers.str.split(BETWEEN).list.first()


class Stays:
    """All stays of a source, read when a table asks where its rows belong.

    Args:
        root: The folder with patient.csv.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    @cached_property
    def table(self) -> pl.DataFrame:
        """One row a stay in a unit.

        Columns: patientunitstayid, subject, encounter (the admission to a hospital), start (when the unit was entered),
        admission (when the hospital was), years (age at admission), first (whether the row is the first of its
        subject), opens (whether it is the first of its admission).
        """
        path = file_of(self._root, "patient")
        schema = dict.fromkeys(COLUMNS, pl.String)
        frames = [] if path is None else csv_rows.frames(path, COLUMNS, Problems())
        return placed(pl.concat([pl.DataFrame(schema=schema), *frames]))

    def of(self, frame: pl.DataFrame, name: str, problems: Problems) -> pl.DataFrame:
        """Rows with their stay; those of stays that the patient table does not hold are counted, not kept."""
        joined = frame.join(self.table, on="patientunitstayid", how="inner", maintain_order="left")
        lost = len(frame) - len(joined)
        if lost:
            problems.add(f"{name}: a row of a stay that the patient table does not hold", times=lost)
        return joined


def placed(stays: pl.DataFrame) -> pl.DataFrame:
    """Stays with their place in time; see `Stays.table`."""
    admission = pl.col("patienthealthsystemstayid")
    known = stays.drop_nulls(["patientunitstayid", "patienthealthsystemstayid", "uniquepid"]).with_columns(
        years=age("age"),
        year=_number("hospitaldischargeyear"),
        before=-_number("hospitaladmitoffset").fill_null(0),
        length=_number("hospitaldischargeoffset") - _number("hospitaladmitoffset").fill_null(0),
        died=_expired("hospitaldischargestatus") | _expired("unitdischargestatus"),
        clock=pl.col("hospitaladmittime24").str.to_time("%H:%M:%S", strict=False),
    )
    admissions = (
        known.sort("before", "patientunitstayid")
        .group_by(admission, "uniquepid", maintain_order=True)
        .agg(
            pl.col("year", "years").drop_nulls().first(),
            pl.col("clock").drop_nulls().first(),
            pl.col("length").max(),
            pl.col("died").any(),
        )
        .sort("uniquepid", "year", "years", "died", "patienthealthsystemstayid", nulls_last=True)
    )
    return (
        known.drop("year", "years", "died", "clock", "length")
        .join(_calendar(_subjects(admissions)), on=["patienthealthsystemstayid", "uniquepid"], how="left")
        .with_columns(start=pl.col("admission") + _minutes(pl.col("before")), encounter=admission)
        .sort("subject", "start", "patientunitstayid")
        .with_columns(
            first=pl.int_range(pl.len()).over("subject") == 0,
            opens=pl.int_range(pl.len()).over("subject", "encounter") == 0,
        )
        .select("patientunitstayid", "subject", "encounter", "start", "admission", "years", "first", "opens")
    )


def _subjects(admissions: pl.DataFrame) -> pl.DataFrame:
    """Each patient, or each admission of a patient whose admissions have no known order."""
    place = ["year", "years", "died"]
    unordered = (
        (pl.struct(place).is_duplicated() | pl.col("year").is_null() | (pl.len() > 1) & (pl.col("died").sum() > 1))
        .any()
        .over("uniquepid")
    )
    single = pl.len().over("uniquepid") == 1
    apart = pl.col("uniquepid") + BETWEEN + pl.col("patienthealthsystemstayid")
    return admissions.with_columns(subject=pl.when(single | ~unordered).then(pl.col("uniquepid")).otherwise(apart))


def _calendar(admissions: pl.DataFrame) -> pl.DataFrame:
    """Admissions of a year in equal steps over it; one that would begin before the last has ended is put behind it."""
    year = pl.col("year").fill_null(2000).cast(pl.Int32) - CENTURIES
    nth, many = pl.int_range(pl.len()).over("subject", "year") + 1, pl.len().over("subject", "year") + 1
    day = pl.datetime(year, 1, 1, time_unit="us") + pl.duration(days=nth * 365 // many)
    clock = pl.col("clock").fill_null(pl.time(12)).cast(pl.Duration("us"))
    days = (pl.col("length").fill_null(0).clip(0) / 1440).ceil().cast(pl.Int64) + 1
    wanted = admissions.with_columns(day=day, clock=clock, days=days)
    rank = pl.int_range(pl.len()).over("subject")
    behind = pl.col("days").shift(1, fill_value=0).cum_sum().over("subject")
    since = (pl.col("day") - pl.lit(0).cast(pl.Datetime("us"))).dt.total_days()
    pushed = (since - behind).cum_max().over("subject") + behind
    return (
        wanted.with_columns(rank=rank, pushed=pushed)
        .with_columns(
            admission=(pl.lit(0).cast(pl.Datetime("us")) + pl.duration(days=pl.col("pushed")) + pl.col("clock"))
        )
        .select("patienthealthsystemstayid", "uniquepid", "subject", "admission", "years")
    )


def age(column: str) -> pl.Expr:
    """Years; "> 89" is taken as 90."""
    text = pl.col(column).str.strip_chars()
    return pl.when(text.str.starts_with(">")).then(pl.lit(AGE_ABOVE_89)).otherwise(text.cast(pl.Float64, strict=False))


def minutes_after(start: pl.Expr, offset: pl.Expr) -> pl.Expr:
    """A time so many minutes after another."""
    return start + _minutes(offset)


def _minutes(number: pl.Expr) -> pl.Expr:
    return (number * 60_000_000).round().cast(pl.Int64).cast(pl.Duration("us"))


def _number(column: str) -> pl.Expr:
    return pl.col(column).str.strip_chars().cast(pl.Float64, strict=False)


def _expired(column: str) -> pl.Expr:
    return (pl.col(column) == "Expired").fill_null(value=False)
