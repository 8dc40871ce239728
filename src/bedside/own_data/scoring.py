"""New rows for a finished run: checked against the development data before they are scored."""

from dataclasses import dataclass
from typing import cast

import polars as pl

from bedside.errors import TableProblem
from bedside.evidence.schema import Finding
from bedside.modalities.tabular.column import Column, Schema, nearest_name
from bedside.modalities.tabular.profile import compare_with, schema_of
from bedside.modalities.tabular.table import Record, Table, records
from bedside.modalities.tabular.words import MISSING_WORDS
from bedside.types import Json


@dataclass(frozen=True)
class Checked:
    """Rows that can be scored.

    Attributes:
        rows: One record a row of the table, in order, over the declared predictors.
        findings: What is unlike development.
    """

    rows: list[Record]
    findings: tuple[Finding, ...]


def check_rows(profile: Json, table: Table) -> Checked:
    """Check new rows against the profile of a run.

    Cells that hold a usual word for missing ("NA") count as missing in number columns even where development wrote
    missing otherwise; they are reported.

    Raises:
        TableProblem: Predictors are missing, or hold what their kind does not allow.
    """
    schema = schema_of(profile)
    _refuse_missing_columns(schema, table.frame.columns)
    findings: list[Finding] = []
    extra = [name for name in table.frame.columns if name not in schema.names]
    if extra:
        shown = ", ".join(extra[:8]) + (f" and {len(extra) - 8} more" if len(extra) > 8 else "")
        text = f"{len(extra)} column(s) are no predictors and were not used: {shown}"
        findings.append(Finding(kind="extra_column", severity="info", text=text, count=len(extra)))
    frame = table.frame
    for column in schema.numbers:
        frame, finding = _blanked(frame, column)
        findings += [finding] if finding else []
    rows = [row.only(schema) for row in records(Table(frame))]
    return Checked(rows, (*findings, *compare_with(profile, rows)))


def _refuse_missing_columns(schema: Schema, names: list[str]) -> None:
    absent = [name for name in schema.names if name not in names]
    if not absent:
        return
    others = [name for name in names if name not in schema.names]
    first = nearest_name(absent[0], others)
    hint = f"; for {absent[0]!r} {first}" if first.startswith("did you mean") else ""
    shown = ", ".join(map(repr, absent[:8])) + (f" and {len(absent) - 8} more" if len(absent) > 8 else "")
    msg = (
        f"the table lacks {len(absent)} of {len(schema.names)} predictors: {shown}{hint}; "
        "add the column(s), with empty cells where the value is not known"
    )
    raise TableProblem(msg)


def _blanked(frame: pl.DataFrame, column: Column) -> tuple[pl.DataFrame, Finding | None]:
    series = frame.get_column(column.name)
    if series.dtype != pl.String:
        return frame, None
    expected = [str(code) for code in column.missing if isinstance(code, str)]
    folded = series.str.strip_chars().str.to_lowercase()
    words = (folded.is_in(list(MISSING_WORDS)) & ~series.is_in(expected)).fill_null(value=False)
    count = cast("int", words.sum())
    if not count:
        return frame, None
    text = (
        f"{column.name!r}: {count} cells hold a usual word for missing that development did not have; read as missing"
    )
    finding = Finding(kind="missing_word", severity="info", text=text, count=count)
    return frame.with_columns(series.set(words, None)), finding
