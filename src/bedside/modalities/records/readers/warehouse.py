"""Tables of a warehouse in CSV files: what each needs, and the parts in which it is read."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

import polars as pl

from bedside.errors import RecordsProblem
from bedside.modalities.records.events.reader import Problems
from bedside.modalities.records.events.schema import CODE, NUMBER, RAW, TEXT, TIME
from bedside.modalities.records.readers import csv_rows

C = TypeVar("C")

RANGE = 256 << 20
"""Bytes of a plain file that are one part."""


@dataclass(frozen=True)
class Table(Generic[C]):
    """One table of a layout, and how its rows become events.

    Attributes:
        name: Its file below the source's folder, without ending ("hosp/labevents").
        events: Frames of `RAW` from a frame of its columns and what is known of stays.
        texts: Columns of text and identifiers.
        times: Columns of times, with or without a clock time; they reach `events` as moments.
        numbers: Columns of numbers.
        optional: Those of its columns that older or newer releases lack; they are null then.
        divisible: No cell holds a line break, so that a plain file may be cut at any line.
    """

    name: str
    events: Callable[[pl.DataFrame, C, Problems], pl.DataFrame]
    texts: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    optional: frozenset[str] = frozenset()
    divisible: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that it uses."""
        return self.texts + self.times + self.numbers

    def typed(self, frame: pl.DataFrame, problems: Problems) -> pl.DataFrame:
        """Times and numbers as such; those that cannot be read are null and counted."""
        out = frame.with_columns(
            *(pl.lit(None, dtype=pl.String).alias(name) for name in self.columns if name not in frame.columns)
        ).with_columns(
            *(moment(pl.col(name)).alias(name) for name in self.times),
            *(pl.col(name).str.strip_chars().cast(pl.Float64, strict=False).alias(name) for name in self.numbers),
        )
        for kind, names in (("time", self.times), ("number", self.numbers)):
            for name in set(names) & set(frame.columns):
                lost = out[name].null_count() - frame[name].null_count()
                if lost:
                    problems.add(f"{self.name}: {name} is no {kind}", times=lost)
        return out


@dataclass(frozen=True)
class TablePart(Generic[C]):
    """A table, or a range of its rows.

    Attributes:
        root: The source's folder.
        path: The file.
        table: What it holds.
        known: What is known of all stays, from the source's folder.
        span: Bytes of the file; see `csv_rows.ranges`.
    """

    root: Path
    path: Path
    table: Table[C]
    known: Callable[[Path], C]
    span: tuple[int, int] = field(default=(0, -1))

    @property
    def name(self) -> str:
        """The file, and where in it the part starts."""
        file = str(self.path.relative_to(self.root))
        return file if self.span[1] < 0 else f"{file} from byte {self.span[0]}"

    def frames(self, problems: Problems) -> Iterator[pl.DataFrame]:
        """Events of its rows."""
        present = {name.lower() for name in csv_rows.header(self.path)}
        wanted = tuple(name for name in self.table.columns if name.lower() in present)
        known = self.known(self.root)
        for frame in csv_rows.frames(self.path, wanted, problems, span=self.span):
            filled = frame.filter(~pl.all_horizontal(pl.all().is_null()))
            if len(filled) < len(frame):
                problems.add(f"{self.table.name}: an empty line", times=len(frame) - len(filled))
            events = self.table.events(self.table.typed(filled, problems), known, problems)
            yield whole(events, self.table.name, problems)


def parts(
    root: Path, tables: tuple[Table[C], ...], known: Callable[[Path], C], size: int = RANGE
) -> list[TablePart[C]]:
    """Parts of all tables that are there.

    Raises:
        RecordsProblem: A column is missing that a table needs.
    """
    out: list[TablePart[C]] = []
    for table in tables:
        path = file_of(root, table.name)
        if path is None:
            continue
        require_columns(path, tuple(name for name in table.columns if name not in table.optional))
        spans = csv_rows.ranges(path, size) if table.divisible else [(0, -1)]
        out += [TablePart(root, path, table, known, span) for span in spans]
    return out


def file_of(root: Path, name: str) -> Path | None:
    """The file of a table below a folder; None where there is none."""
    folder, _, stem = name.rpartition("/")
    return csv_rows.find(root / folder, stem)


def require_tables(root: Path, names: tuple[str, ...], layout: str) -> None:
    """Refuse a folder that lacks tables without which there is nothing to read.

    Raises:
        RecordsProblem: It is no folder, or lacks one.
    """
    if not root.is_dir():
        msg = f"{root} is not a folder; name the folder of {layout} that holds {', '.join(names)} (.csv or .csv.gz)"
        raise RecordsProblem(msg)
    missing = [name for name in names if file_of(root, name) is None]
    if missing:
        msg = (
            f"{root} lacks {', '.join(missing)} (.csv or .csv.gz), which {layout} has; name the folder that holds them"
        )
        raise RecordsProblem(msg)


def require_columns(path: Path, names: tuple[str, ...]) -> None:
    """Refuse a table that lacks columns.

    Raises:
        RecordsProblem: It lacks one.
    """
    present = csv_rows.header(path)
    missing = [name for name in names if name.lower() not in {other.lower() for other in present}]
    if missing:
        msg = (
            f"{path} has no column {', '.join(missing)}; its columns are {', '.join(present[:30])}; "
            "check that it is the original file of this layout"
        )
        raise RecordsProblem(msg)


@dataclass(frozen=True)
class Missing:
    """Tables that a source could have and has not, as a part that yields nothing and counts them."""

    root: Path
    tables: tuple[str, ...]

    @property
    def name(self) -> str:
        """Not a file."""
        return "tables that are not there"

    def frames(self, problems: Problems) -> Iterator[pl.DataFrame]:
        """Nothing; each table is counted."""
        for table in self.tables:
            problems.add(f"{table}: the source has no such table")
        yield from ()


def raw(
    frame: pl.DataFrame,
    subject: pl.Expr,
    time: pl.Expr | None,
    code: pl.Expr,
    *,
    number: pl.Expr | None = None,
    text: pl.Expr | None = None,
    unit: pl.Expr | None = None,
    encounter: pl.Expr | None = None,
) -> pl.DataFrame:
    """A frame of `RAW`, one event a row; without a time they are facts for life."""
    nothing = pl.lit(None)
    named = {
        "subject": subject,
        TIME: nothing if time is None else time,
        CODE: code,
        NUMBER: nothing if number is None else number,
        TEXT: nothing if text is None else text,
        "unit": nothing if unit is None else unit,
        "encounter": nothing if encounter is None else encounter,
        "static": pl.lit(time is None),
    }
    return frame.select(**{name: column.cast(RAW[name]) for name, column in named.items()})


def whole(events: pl.DataFrame, name: str, problems: Problems) -> pl.DataFrame:
    """Events that have a subject and a code; others are counted and left out."""
    for column, words in (("subject", "whose subject is not known"), (CODE, "without a code")):
        lost = events[column].is_null().sum()
        if lost:
            problems.add(f"{name}: an event {words}", times=int(lost))
    return events.filter(pl.col("subject").is_not_null() & pl.col(CODE).is_not_null())


def moment(text: pl.Expr) -> pl.Expr:
    """A time written as "2180-05-06 22:23:00"; a day without a clock time is its last second."""
    whole = pl.when(text.str.len_bytes() == len("2180-05-06")).then(text + " 23:59:59").otherwise(text)
    return whole.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", strict=False, time_unit="us")


def later(*times: pl.Expr) -> pl.Expr:
    """The last of several times; those that are not there do not count."""
    return pl.max_horizontal(*times)
