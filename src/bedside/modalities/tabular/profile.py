"""What development looked like, and how new rows differ from it."""

from collections.abc import Sequence
from typing import Literal, cast

import polars as pl

from bedside.evidence.schema import Finding
from bedside.modalities.tabular.column import Column, Schema
from bedside.modalities.tabular.table import Record, restricted_frame
from bedside.modalities.tabular.vocabulary import words_seen
from bedside.types import Json

SHIFTED = 0.05
"""Share of new values outside the development range from which the finding is a warning."""
UNITS_FACTOR = 5.0
"""Ratio of medians from which a different unit is suspected."""


def profile_of(schema: Schema, rows: Sequence[Record]) -> Json:
    """Ranges, medians, categories and missing shares of the development rows; aggregates only, no row of anyone."""
    frame = restricted_frame(schema, rows)
    return {
        "rows": frame.height,
        "schema": schema.state(),
        "columns": {c.name: _column_profile(c, frame.get_column(c.name)) for c in schema.columns},
    }


def schema_of(profile: Json) -> Schema:
    """The schema that a profile was made with."""
    return Schema.from_state(cast("dict[str, Json]", profile)["schema"])


def compare_with(profile: Json, rows: Sequence[Record]) -> tuple[Finding, ...]:
    """How new rows differ from development: values out of range, unknown categories, more missing, another unit."""
    schema = schema_of(profile)
    frame = restricted_frame(schema, rows)
    columns = cast("dict[str, dict[str, Json]]", cast("dict[str, Json]", profile)["columns"])
    findings: list[Finding] = []
    for column in schema.columns:
        series, before = frame.get_column(column.name), columns[column.name]
        findings += _missing_findings(column, series, before)
        findings += (
            _number_findings(column, series, before)
            if column.kind == "number"
            else _category_findings(column, series, before)
        )
    return tuple(findings)


def _column_profile(column: Column, series: pl.Series) -> dict[str, Json]:
    missing = series.null_count() / max(len(series), 1)
    if column.kind == "category":
        return {"missing": missing, "categories": list(words_seen(column, series))}
    known = series.drop_nulls()
    if known.is_empty():
        return {"missing": missing, "low": None, "median": None, "high": None}
    return {
        "missing": missing,
        "low": cast("float", known.min()),
        "median": cast("float", known.median()),
        "high": cast("float", known.max()),
    }


def _missing_findings(column: Column, series: pl.Series, before: dict[str, Json]) -> list[Finding]:
    count, expected = series.null_count(), cast("float", before["missing"])
    if not count or count / len(series) <= expected + 0.2:
        return []
    text = (
        f"{column.name!r} is missing in {count} of {len(series)} rows; in development it was missing in {expected:.0%}"
    )
    return [Finding(kind="missing", severity="warning", text=text, count=count)]


def _category_findings(column: Column, series: pl.Series, before: dict[str, Json]) -> list[Finding]:
    known = cast("list[str]", before["categories"])
    unknown = series.drop_nulls().filter(~series.drop_nulls().is_in(known))
    if unknown.is_empty():
        return []
    text = (
        f"{column.name!r}: {len(unknown)} of {len(series)} rows have one of {unknown.n_unique()} categories that "
        "development did not have; they count as missing"
    )
    return [Finding(kind="unknown_category", severity="warning", text=text, count=len(unknown))]


def _number_findings(column: Column, series: pl.Series, before: dict[str, Json]) -> list[Finding]:
    known = series.drop_nulls()
    if known.is_empty() or before["low"] is None:
        return []
    low, median, high = (cast("float", before[name]) for name in ("low", "median", "high"))
    outside = int(((known < low) | (known > high)).sum())
    findings: list[Finding] = []
    if outside:
        severity: Literal["warning", "info"] = "warning" if outside / len(known) > SHIFTED else "info"
        unit = f" {column.unit}" if column.unit else ""
        text = (
            f"{column.name!r}: {outside} of {len(series)} rows lie outside the development range "
            f"{low:g} to {high:g}{unit}"
        )
        findings.append(Finding(kind="out_of_range", severity=severity, text=text, count=outside))
    ratio = cast("float", known.median()) / median if median else 1.0
    if outside / len(known) > 0.5 and ratio > 0 and not 1 / UNITS_FACTOR < ratio < UNITS_FACTOR:
        text = (
            f"{column.name!r}: the median is {ratio:.3g} times that of development; "
            f"check the unit{f' (development used {column.unit})' if column.unit else ''}"
        )
        findings.append(Finding(kind="unit", severity="serious", text=text, count=len(known)))
    return findings
