"""Brings the events of a subject together: frames in any order become files on disk that are sorted by a hash."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa

from bedside.errors import RecordsProblem
from bedside.modalities.records.events.reader import Part, Problems
from bedside.modalities.records.events.schema import CODE, ENCOUNTER, NUMBER, RAW, SUBJECT, TEXT, TIME
from bedside.modalities.records.events.subjects import numbers, spread
from bedside.modalities.records.events.writing import writing

BUCKETS: Final = 64
"""Into how many groups subjects are divided by their hash; changes neither what is in a table nor its order."""
RUN_EVENTS: Final = 1_000_000
"""So many events a process holds before it writes them."""

IDENTIFIER: Final = "identifier"
STATIC: Final = "static"
UNIT: Final = "unit"

STORED: Final = pa.schema(
    [
        (SUBJECT, pa.int64()),
        (IDENTIFIER, pa.large_string()),
        (TIME, pa.timestamp("us")),
        (CODE, pa.large_string()),
        (NUMBER, pa.float64()),
        (TEXT, pa.large_string()),
        (UNIT, pa.large_string()),
        (ENCOUNTER, pa.int64()),
        (STATIC, pa.bool_()),
    ]
)
"""An event on its way; the identifier is null where it is the number."""

ON_DISK: Final = pa.schema(
    [
        (name, pa.dictionary(pa.int32(), pa.large_string()) if name in {CODE, UNIT} else kind)
        for name, kind in zip(STORED.names, STORED.types, strict=True)
    ]
)
"""The same in a run; few codes and units stand for many events, texts may all differ."""

COUNTED: Final = pl.Schema({CODE: pl.String(), UNIT: pl.String(), "events": pl.Int64()})


@dataclass(frozen=True)
class Run:
    """A file of Arrow with events sorted by bucket, one batch a bucket.

    Attributes:
        buckets: Of each batch.
        events: In each batch.
    """

    path: Path
    buckets: tuple[int, ...]
    events: tuple[int, ...]


@dataclass(frozen=True)
class Partitioned:
    """What became of some parts.

    Attributes:
        codes: How often each code occurs.
        units: How often each code with a number has each unit, as the source writes it.
        problems: What could not become an event.
    """

    runs: tuple[Run, ...]
    codes: pl.DataFrame
    units: pl.DataFrame
    problems: Problems


def partition(parts: Sequence[Part], folder: Path, stem: str) -> Partitioned:
    """Read parts and write their events as runs into a folder.

    Raises:
        RecordsProblem: A part cannot be read, or its frames are not `RAW`.
        OutputProblem: The disk is full, or the folder cannot be written.
    """
    runs: list[Run] = []
    codes: list[pl.DataFrame] = []
    units: list[pl.DataFrame] = []
    problems = Problems()
    for frame in _gathered(parts, problems):
        codes.append(frame.group_by(CODE).agg(pl.len().cast(pl.Int64).alias("events")))
        units.append(
            frame.filter(pl.col(NUMBER).is_not_null()).group_by(CODE, UNIT).agg(pl.len().cast(pl.Int64).alias("events"))
        )
        runs.append(_write(frame, folder / f"{stem}-{len(runs):05d}.arrow"))
    return Partitioned(tuple(runs), summed(codes, (CODE,)), summed(units, (CODE, UNIT)), problems)


def summed(counts: Sequence[pl.DataFrame], keys: Sequence[str]) -> pl.DataFrame:
    """Counts of several places added up, sorted by key."""
    empty = pl.DataFrame(schema={key: COUNTED[key] for key in (*keys, "events")})
    return pl.concat([empty, *counts]).group_by(keys).agg(pl.col("events").sum()).sort(keys)


def read(runs: Sequence[Run], buckets: Sequence[int], piece: int = 0, pieces: int = 1) -> pl.DataFrame:
    """The events of some buckets, or of one of several equal pieces of their subjects, in any order."""
    wanted = set(buckets)
    frames = [_empty()]
    for run in runs:
        batches = [batch for batch, bucket in enumerate(run.buckets) if bucket in wanted]
        if not batches:
            continue
        with pa.memory_map(str(run.path)) as source, pa.ipc.open_file(source) as file:
            frame = _frame(pa.Table.from_batches([file.get_batch(batch) for batch in batches]).cast(STORED))
        if pieces > 1:
            own = spread(frame.get_column(SUBJECT).to_numpy()) // np.uint64(BUCKETS) % np.uint64(pieces)
            frame = frame.filter(pl.Series(own == piece))
        frames.append(frame)
    return pl.concat(frames)


def checked(frame: pl.DataFrame, part: str) -> pl.DataFrame:
    """A frame of a reader with the columns of `RAW` in their order.

    Raises:
        RecordsProblem: A column is missing, has another type or is not of `RAW`.
    """
    found = frame.schema
    wrong = [
        f"{name} is {found.get(name, 'absent')} where {kind} is needed"
        for name, kind in RAW.items()
        if name not in found or found[name] != kind
    ]
    wrong += [f"{name} is not one of {', '.join(RAW)}" for name in found if name not in RAW]
    if wrong:
        msg = f"the reader of {part} gave a frame that is no frame of events: {'; '.join(wrong)}; mend the reader"
        raise RecordsProblem(msg)
    return frame.select(list(RAW))


def _gathered(parts: Sequence[Part], problems: Problems) -> Iterator[pl.DataFrame]:
    """Events of all parts in frames of about `RUN_EVENTS`."""
    held: list[pl.DataFrame] = []
    events = 0
    for part in parts:
        for frame in part.frames(problems):
            usable = _usable(checked(frame, part.name), problems)
            held.append(usable)
            events += usable.height
            if events >= RUN_EVENTS:
                yield _numbered(pl.concat(held))
                held, events = [], 0
    if events:
        yield _numbered(pl.concat(held))


def _usable(frame: pl.DataFrame, problems: Problems) -> pl.DataFrame:
    """Without what is nobody's event, or no event: counted."""
    for column, what in (("subject", "event without a subject"), (CODE, "event without a code")):
        kept = frame.filter(pl.col(column).is_not_null() & (pl.col(column) != ""))
        if kept.height < frame.height:
            problems.add(what, times=frame.height - kept.height)
        frame = kept
    return frame


def _numbered(frame: pl.DataFrame) -> pl.DataFrame:
    subjects = numbers(frame.get_column("subject"))
    return frame.select(
        subjects.alias(SUBJECT),
        pl.when(pl.col("subject") != subjects.cast(pl.String)).then(pl.col("subject")).alias(IDENTIFIER),
        TIME,
        CODE,
        pl.col(NUMBER).fill_nan(None),
        pl.when(pl.col(TEXT) != "").then(pl.col(TEXT)).alias(TEXT),
        _unit(),
        numbers(frame.get_column("encounter")).alias(ENCOUNTER),
        pl.col(STATIC).fill_null(value=False),
    )


def _unit() -> pl.Expr:
    words = pl.col(UNIT).str.strip_chars()
    return pl.when(words != "").then(words).alias(UNIT)


def _write(frame: pl.DataFrame, path: Path) -> Run:
    own = (spread(frame.get_column(SUBJECT).to_numpy()) % np.uint64(BUCKETS)).astype(np.uint8)
    order = np.argsort(own, kind="stable")
    table = _encoded(frame[order].to_arrow())
    buckets, events = np.unique(own, return_counts=True)
    packed = pa.ipc.IpcWriteOptions(compression="lz4")
    with (
        writing(path.parent),
        pa.OSFile(str(path), "wb") as target,
        pa.ipc.new_file(target, ON_DISK, options=packed) as file,
    ):
        start = 0
        for count in events.tolist():
            file.write_table(table.slice(start, count), max_chunksize=count)
            start += count
    return Run(path, tuple(buckets.tolist()), tuple(events.tolist()))


def _encoded(table: pa.Table) -> pa.Table:
    """Events as they are written to disk, each column in one piece, with one dictionary a column."""
    columns = [
        table.column(name).cast(STORED.field(name).type).combine_chunks().cast(ON_DISK.field(name).type)
        for name in ON_DISK.names
    ]
    return pa.Table.from_arrays(columns, schema=ON_DISK)


def _empty() -> pl.DataFrame:
    return _frame(STORED.empty_table())


def _frame(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    if isinstance(frame, pl.Series):  # a table of columns never is
        raise TypeError
    return frame
