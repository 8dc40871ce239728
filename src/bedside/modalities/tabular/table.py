"""A table of records, and one record as a light view of its row."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import polars as pl

from bedside.errors import TableProblem
from bedside.modalities.tabular.column import Column, Schema, nearest_name
from bedside.types import Integers

Cell: TypeAlias = "float | str | None"


@dataclass(frozen=True, eq=False)
class Table:
    """An immutable table; compared by identity, so that records can tell whether they share one.

    Attributes:
        frame: The data, one row a record.
    """

    frame: pl.DataFrame
    _cells: dict[str, list[Any]] = field(default_factory=dict, init=False, repr=False)
    _restricted: dict[Schema, "Table"] = field(default_factory=dict, init=False, repr=False)
    # The same by identity, each with its schema to keep it alive: every record asks, and comparing schemas is slow.
    _known: dict[int, tuple[Schema, "Table"]] = field(default_factory=dict, init=False, repr=False)

    def __len__(self) -> int:
        return self.frame.height

    def __getstate__(self) -> dict[str, Any]:
        # Caches stay behind: a table travels to workers, and they rebuild what they use.
        return {"frame": self.frame, "_cells": {}, "_restricted": {}, "_known": {}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            object.__setattr__(self, name, value)

    def cells(self, name: str) -> list[Any]:
        """One column as Python values, made once; None where missing."""
        if name not in self._cells:
            if name not in self.frame.columns:
                msg = f"the table has no column {name!r}; {nearest_name(name, self.frame.columns)}"
                raise TableProblem(msg)
            series = self.frame.get_column(name)
            self._cells[name] = (series.fill_nan(None) if series.dtype.is_float() else series).to_list()
        return self._cells[name]

    def restricted(self, schema: Schema) -> "Table":
        """Only the declared columns, checked: numbers are finite Float64, categories String, missing is null.

        Raises:
            TableProblem: A declared column is absent, or holds what its kind does not allow.
        """
        known = self._known.get(id(schema))
        if known is None:
            if schema not in self._restricted:
                self._restricted[schema] = self._restrict(schema)
            known = self._known[id(schema)] = (schema, self._restricted[schema])
        return known[1]

    def _restrict(self, schema: Schema) -> "Table":
        plain = _plain_numbers(self.frame, schema)
        frame = pl.DataFrame(
            [plain[column.name] if column.name in plain else _typed(self.frame, column) for column in schema.columns]
        )
        same = frame.schema == self.frame.schema and frame.equals(self.frame)
        return self if same else Table(frame)


@dataclass(frozen=True, slots=True)
class Record:
    """One row of a table.

    Attributes:
        table: The table it belongs to.
        position: Its row, from 0.
    """

    table: Table
    position: int

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - a cell of a raw table may be any type a file holds
        """The cell of a column: a float, a str or None in a restricted table; raises TableProblem when absent."""
        return self.table.cells(name)[self.position]

    def only(self, schema: Schema) -> "Record":
        """The same row over the type-checked table that holds the declared columns and nothing else."""
        return Record(self.table.restricted(schema), self.position)


def records(table: Table) -> list[Record]:
    """All rows of a table as records."""
    return [Record(table, position) for position in range(len(table))]


def frame_of(rows: Sequence[Record]) -> pl.DataFrame:
    """The rows as one frame, in order: a single gather where all share one table.

    Raises:
        TableProblem: There are no records, or they come from tables with different columns.
    """
    if not rows:
        msg = "no records were given; a frame is made of at least one"
        raise TableProblem(msg)
    first = rows[0].table
    if all(row.table is first for row in rows):
        return first.frame[_positions(rows)]
    return _gathered(rows)


def restricted_frame(schema: Schema, rows: Sequence[Record]) -> pl.DataFrame:
    """The declared columns of the rows, type-checked, in the schema's order."""
    if not rows:
        return pl.DataFrame(
            schema={c.name: pl.Float64() if c.kind == "number" else pl.String() for c in schema.columns}
        )
    first = rows[0].table
    if all(row.table is first for row in rows):
        return first.restricted(schema).frame[_positions(rows)].select(schema.names)
    return frame_of([row.only(schema) for row in rows]).select(schema.names)


def _positions(rows: Iterable[Record]) -> Integers:
    return np.fromiter((row.position for row in rows), dtype=np.int64)


def _gathered(rows: Sequence[Record]) -> pl.DataFrame:
    tables: dict[int, tuple[Table, list[int], list[int]]] = {}
    for place, row in enumerate(rows):
        _, positions, places = tables.setdefault(id(row.table), (row.table, [], []))
        positions.append(row.position)
        places.append(place)
    parts = [table.frame[np.asarray(positions)] for table, positions, _ in tables.values()]
    names = parts[0].columns
    for part in parts[1:]:
        if sorted(part.columns) != sorted(names):
            different = sorted(set(part.columns) ^ set(names))
            msg = f"records of tables with different columns cannot stand in one frame; they differ in {different}"
            raise TableProblem(msg)
    order = np.argsort(np.concatenate([np.asarray(places) for _, _, places in tables.values()]))
    return pl.concat([part.select(names) for part in parts], how="vertical_relaxed")[order]


def _plain_numbers(frame: pl.DataFrame, schema: Schema) -> dict[str, pl.Series]:
    """Columns of numbers that need nothing but a look at all of them at once; the rest is looked at one by one."""
    names = [
        column.name for column in schema.numbers if not column.missing and frame.schema.get(column.name) == pl.Float64()
    ]
    if not names:
        return {}
    numbers = frame.select(pl.col(names).fill_nan(None))
    infinite = numbers.select(pl.all().is_infinite().any().fill_null(value=False)).row(0)
    return {name: numbers.get_column(name) for name, odd in zip(names, infinite, strict=True) if not odd}


def _typed(frame: pl.DataFrame, column: Column) -> pl.Series:
    if column.name not in frame.columns:
        msg = f"the table lacks the declared predictor {column.name!r}; {nearest_name(column.name, frame.columns)}"
        raise TableProblem(msg)
    series = frame.get_column(column.name)
    return _number(series, column) if column.kind == "number" else _category(series, column)


def _number(series: pl.Series, column: Column) -> pl.Series:
    words = [str(code) for code in column.missing if isinstance(code, str)]
    values = [float(code) for code in column.missing if not isinstance(code, str)]
    if series.dtype == pl.String:
        series = series.str.strip_chars()
        unknown = series.is_in(["", *words]) | series.is_null()
        numbers = series.set(unknown, None).cast(pl.Float64, strict=False)
        wrong = int((numbers.is_null() & ~unknown).sum())
        if wrong:
            msg = (
                f"column {column.name!r} is declared a number, but {wrong} of {len(series)} cells are not numbers; "
                "declare it a category, or list the words that mean missing"
            )
            raise TableProblem(msg)
    elif series.dtype.is_numeric() or series.dtype in (pl.Boolean, pl.Null):
        numbers = series.cast(pl.Float64)
    else:
        msg = (
            f"column {column.name!r} is declared a number but holds {series.dtype}; make it a category or leave it out"
        )
        raise TableProblem(msg)
    numbers = numbers.fill_nan(None)
    infinite = int(numbers.is_infinite().sum())
    if infinite:
        msg = f"column {column.name!r} holds {infinite} infinite value(s); replace them by numbers or leave them empty"
        raise TableProblem(msg)
    return numbers.set(numbers.is_in(values).fill_null(value=False), None) if values else numbers


def _category(series: pl.Series, column: Column) -> pl.Series:
    if series.dtype.is_float():
        whole = series.fill_nan(None)
        fits = bool((whole.drop_nulls() == whole.drop_nulls().round()).all())
        words = (whole.cast(pl.Int64) if fits else whole).cast(pl.String)
    elif series.dtype == pl.String:
        # "1.0" is "1" written by a program that had empty cells in the column.
        words = series.str.strip_chars().str.replace(r"^(-?\d+)\.0+$", "$1")
    else:
        words = series.cast(pl.String)
    unknown = ["", *(_word(code) for code in column.missing)]
    return words.set(words.is_in(unknown).fill_null(value=False), None)


def _word(code: "str | float") -> str:
    if isinstance(code, float) and code.is_integer():
        return str(int(code))
    return str(code)
