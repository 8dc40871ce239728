"""Reads tables of one's own by a map of their columns: long ones, an event a row, and wide ones, a time a row."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final, NoReturn

import polars as pl

from bedside.errors import FileProblem, RecordsProblem
from bedside.modalities.records.events.code import BETWEEN
from bedside.modalities.records.events.reader import Problems
from bedside.modalities.records.events.schema import BIRTH, DEATH, RAW, TIME
from bedside.modalities.records.readers.long_csv.declaration import ColumnMap, Table, WideColumn, load_map
from bedside.modalities.records.readers.long_csv.moments import moments, number, time_of
from bedside.modalities.records.readers.long_csv.rows import frames, header

_NOTHING: Final = pl.lit(None, pl.String)


@dataclass(frozen=True)
class TablePart:
    """One file.

    Attributes:
        table: What its columns mean.
    """

    path: Path
    table: Table

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    def frames(self, problems: Problems) -> Iterator[pl.DataFrame]:
        """Its events as `RAW`. Facts for life, birth and death come once a frame and patient."""
        table = self.table
        for read in frames(self.path, table.columns, problems, encoding=table.encoding, separator=table.separator):
            rows = self._known(read)
            for kind in (self._long, self._wide, self._facts, self._ends):
                for frame in kind(rows, problems):
                    yield frame.select(list(RAW)).cast(RAW)

    def _known(self, read: pl.DataFrame) -> pl.DataFrame:
        """Text without blanks around it, what means nothing as null."""
        texts = pl.col(pl.String).str.strip_chars()
        return read.with_columns(
            pl.when(texts.is_in(["", *self.table.missing])).then(None).otherwise(texts).name.keep()
        )

    def _long(self, rows: pl.DataFrame, problems: Problems) -> Iterator[pl.DataFrame]:
        table = self.table
        if not table.code:
            return
        written = pl.col(table.code).cast(pl.String)
        system = pl.lit(f"{table.system}{BETWEEN}" if table.system else "")
        codes = written.replace_strict(table.codes, default=system + written, return_dtype=pl.String)
        units = written.replace_strict(table.units, default=None, return_dtype=pl.String) if table.units else _NOTHING
        if table.unit:
            units = pl.coalesce(pl.col(table.unit).cast(pl.String), units)
        values = table.value or table.number
        text = pl.col(table.text).cast(pl.String) if table.text else _NOTHING
        yield self._events(rows, problems, codes, values, units, text, strict=bool(table.number))

    def _wide(self, rows: pl.DataFrame, problems: Problems) -> Iterator[pl.DataFrame]:
        for column, meaning in self.table.wide.items():
            recorded = rows.filter(pl.col(column).is_not_null())
            unit = pl.lit(meaning.unit) if meaning.unit else _NOTHING
            yield self._events(recorded, problems, pl.lit(meaning.code), column, unit, _NOTHING, strict=False)

    def _events(
        self,
        rows: pl.DataFrame,
        problems: Problems,
        codes: pl.Expr,
        values: str,
        units: pl.Expr,
        text: pl.Expr,
        *,
        strict: bool,
    ) -> pl.DataFrame:
        table = self.table
        numbers = number(pl.col(values), table.decimal) if values else pl.lit(None, pl.Float64)
        words = pl.when(numbers.is_null()).then(pl.col(values).cast(pl.String)) if values else _NOTHING
        found = rows.select(
            pl.col(table.subject).cast(pl.String).alias("subject"),
            time_of(table, rows.schema).alias(TIME),
            codes.alias("code"),
            numbers.alias("numeric_value"),
            pl.coalesce(text, words).alias("text_value"),
            units.alias("unit"),
            (pl.col(table.encounter).cast(pl.String) if table.encounter else _NOTHING).alias("encounter"),
            pl.lit(value=False).alias("static"),
            (pl.col(table.time).is_not_null() if table.time else pl.lit(value=False)).alias("timed"),
            words.is_not_null().alias("worded"),
        )
        self._count(found.filter(pl.col("timed") & pl.col(TIME).is_null()), problems, "a time that cannot be read")
        if strict:
            self._count(found.filter("worded"), problems, "a number that cannot be read, kept as text")
        return found

    def _facts(self, rows: pl.DataFrame, problems: Problems) -> Iterator[pl.DataFrame]:
        del problems  # a fact is whatever stands there
        for column, system in self.table.static.items():
            code = f"{system}{BETWEEN}" + pl.col(column).cast(pl.String)
            yield self._once(rows.filter(pl.col(column).is_not_null()), code, pl.lit(None, pl.Datetime("us")))

    def _ends(self, rows: pl.DataFrame, problems: Problems) -> Iterator[pl.DataFrame]:
        for column, code in ((self.table.birth, BIRTH), (self.table.death, DEATH)):
            if not column:
                continue
            read = partial(moments, pl.col(column), rows.schema[column], birth=code == BIRTH)
            when = read(self.table.time_format)
            if self.table.time_format:  # of a birth often only the day is written
                when = pl.coalesce(when, read(""))
            known = rows.filter(pl.col(column).is_not_null())
            found = self._once(known, pl.lit(code), when)
            self._count(found.filter(pl.col(TIME).is_null()), problems, f"a time of {code} that cannot be read")
            yield found.filter(pl.col(TIME).is_not_null())

    def _once(self, rows: pl.DataFrame, code: pl.Expr, time: pl.Expr) -> pl.DataFrame:
        return rows.select(
            pl.col(self.table.subject).cast(pl.String).alias("subject"),
            time.alias(TIME),
            code.alias("code"),
            pl.lit(None, pl.Float64).alias("numeric_value"),
            _NOTHING.alias("text_value"),
            _NOTHING.alias("unit"),
            _NOTHING.alias("encounter"),
            time.is_null().alias("static"),
        ).unique(maintain_order=True)

    def _count(self, wrong: pl.DataFrame, problems: Problems, what: str) -> None:
        if wrong.height:
            problems.add(f"{self.path.name}: {what}", times=wrong.height)


@dataclass(frozen=True)
class LongCsv:
    """Tables of one's own.

    Attributes:
        source: A file, or the folder of the files that the map names.
        columns: What the columns mean.
    """

    source: Path
    columns: ColumnMap
    name: str = "long_csv"

    @property
    def systems(self) -> frozenset[str]:
        """Systems that the map says are known, and those that it gives facts for life."""
        return self.columns.systems | {name for table in self.columns.table for name in table.static.values()}

    @property
    def until(self) -> datetime | None:
        """Until when the source reaches."""
        return self.columns.until

    def parts(self) -> Sequence[TablePart]:
        """Every file.

        Raises:
            RecordsProblem: A pattern meets no file, or a file lacks a column.
        """
        found = []
        for position, table in enumerate(self.columns.table, 1):
            for path in self._files(table, position):
                _refuse_absent(path, table)
                found.append(TablePart(path, table))
        return found

    def descriptions(self) -> Mapping[str, str]:
        """The table's own words for codes that were given others, and the names of wide columns."""
        words = {code: word for table in self.columns.table for word, code in table.codes.items()}
        wide: dict[str, WideColumn] = {name: one for table in self.columns.table for name, one in table.wide.items()}
        return words | {meaning.code: name for name, meaning in wide.items()}

    def _files(self, table: Table, position: int) -> Sequence[Path]:
        if self.source.is_file():
            return [self.source]
        if not table.file:
            msg = f"{self.source} is a folder, and table {position} of the map names no `file`; name one, or a pattern"
            raise RecordsProblem(msg)
        found = sorted(path for path in self.source.glob(table.file) if path.is_file())
        if not found:
            msg = f"{self.source} holds no file {table.file} (table {position} of the map); correct the name or pattern"
            raise RecordsProblem(msg)
        return found


def mapped(source: Path, declared: Path) -> LongCsv:
    """Tables explained by a map.

    Raises:
        FileProblem: The source or the map is missing.
        RecordsProblem: The map is wrong, or a single file has several explanations.
    """
    columns = load_map(declared)
    if not source.exists():
        msg = f"{source} does not exist; give the file, or the folder of the files, that the map explains"
        raise FileProblem(msg)
    if source.is_file() and len(columns.table) > 1:
        msg = f"{source} is one file, and {declared} explains {len(columns.table)} kinds; give the folder of the files"
        raise RecordsProblem(msg)
    return LongCsv(source, columns)


def unmapped(source: Path) -> NoReturn:
    """Tables cannot be read without a map; says so."""
    msg = f"what the columns of {source} mean is not known; write a map and give it with --map (see the tutorial)"
    raise RecordsProblem(msg)


def _refuse_absent(path: Path, table: Table) -> None:
    names, _ = header(path, table.encoding, table.separator)
    absent = [name for name in table.columns if name not in names]
    if absent:
        msg = f"{path} has no column {', '.join(absent)}; it has {', '.join(names)}: correct the map"
        raise RecordsProblem(msg)
    if len(set(names)) < len(names):
        msg = f"{path} has two columns of one name; rename one"
        raise RecordsProblem(msg)
