"""Makes one shard of a table: reads its subjects' events from disk, judges them, writes them, counts them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from bedside.errors import RecordsProblem
from bedside.modalities.records.events.code import is_birth, is_death
from bedside.modalities.records.events.flag import UNUSABLE, Flag
from bedside.modalities.records.events.judged import Judge
from bedside.modalities.records.events.partition import BUCKETS, IDENTIFIER, Run, read
from bedside.modalities.records.events.schema import CODE, ENCOUNTER, FLAGS, NUMBER, SUBJECT, TEXT, TIME
from bedside.modalities.records.events.writing import writing

GROUP_EVENTS: Final = 131_072
"""So many events a row group has, and those of its last subject."""

SCHEMA: Final = pa.schema(
    [
        pa.field(SUBJECT, pa.int64(), nullable=False),
        pa.field(TIME, pa.timestamp("us")),
        pa.field(CODE, pa.string(), nullable=False),
        pa.field(NUMBER, pa.float32()),
        pa.field(TEXT, pa.large_string()),
        pa.field(ENCOUNTER, pa.int64()),
        pa.field(FLAGS, pa.uint16(), nullable=False),
    ]
)
"""The types of MEDS 0.4, and ours."""

SUBJECTS: Final = pa.schema(
    [pa.field(SUBJECT, pa.int64(), nullable=False), pa.field(IDENTIFIER, pa.string(), nullable=False)]
)


@dataclass(frozen=True)
class Piece:
    """Which subjects a shard has: those of some buckets, or one of several equal pieces of one bucket."""

    buckets: tuple[int, ...]
    piece: int = 0
    pieces: int = 1


@dataclass(frozen=True)
class Assembled:
    """What a shard holds, counted.

    Attributes:
        codes: Of each code: `events`, `subjects`.
        flags: Of each flag (its bit) and code: `events`; the rows without code count `subjects`.
        first: The first time that no flag makes unusable.
        silent: Subjects of whom nothing is known but facts for life and birth.
        births: Subjects with several births on different days.
        deaths: Subjects with several deaths on different days.
    """

    events: int
    subjects: int
    codes: pl.DataFrame
    flags: pl.DataFrame
    first: datetime | None
    last: datetime | None
    silent: int
    births: int
    deaths: int


def pieces(runs: Sequence[Run], shard_events: int) -> tuple[Piece, ...]:
    """Which shards a table has: neighbouring buckets up to `shard_events`, and equal pieces of a larger bucket."""
    counts = [0] * BUCKETS
    for run in runs:
        for bucket, events in zip(run.buckets, run.events, strict=True):
            counts[bucket] += events
    found: list[Piece] = []
    held: list[int] = []
    events = 0
    for bucket, count in enumerate(counts):
        if held and events + count > shard_events:
            found.append(Piece(tuple(held)))
            held, events = [], 0
        if count > shard_events:
            several = -(-count // shard_events)
            found.extend(Piece((bucket,), piece, several) for piece in range(several))
        elif count:
            held.append(bucket)
            events += count
    if held:
        found.append(Piece(tuple(held)))
    return tuple(found)


def assemble(piece: Piece, runs: Sequence[Run], judge: Judge, stem: Path) -> Assembled:
    """Write a shard to `stem`.parquet and its subjects with their identifiers to `stem`.people; a shard of nobody not.

    Raises:
        RecordsProblem: Two identifiers have the same number.
        OutputProblem: The disk is full, or the folder cannot be written.
    """
    return settled(read(runs, piece.buckets, piece.piece, piece.pieces), judge, stem)


def settled(raw: pl.DataFrame, judge: Judge, stem: Path) -> Assembled:
    """Write events on their way, of whole subjects in any order, as `assemble` does; the frame has `STORED`'s columns.

    Raises:
        RecordsProblem: Two identifiers have the same number.
        OutputProblem: The disk is full, or the folder cannot be written.
    """
    people = _people(raw)
    events = judge.judged(raw.drop(IDENTIFIER))
    del raw
    if events.height:
        with writing(stem.parent):
            pq.write_table(people.to_arrow().cast(SUBJECTS), stem.with_suffix(".people"), compression="zstd")
            _write(events, stem.with_suffix(".parquet"))
    return _counted(events)


def _people(raw: pl.DataFrame) -> pl.DataFrame:
    named = raw.group_by(SUBJECT).agg(
        pl.col(IDENTIFIER).drop_nulls().first(), pl.col(IDENTIFIER).drop_nulls().n_unique().alias("names")
    )
    twice = named.filter(pl.col("names") > 1).height
    if twice:
        msg = (
            f"{twice} number(s) of subjects stand for two identifiers each, by a coincidence of their hashes; number "
            "the subjects in the source (plain integers below 2^62 are kept) and convert again"
        )
        raise RecordsProblem(msg)
    return named.select(SUBJECT, pl.col(IDENTIFIER).fill_null(pl.col(SUBJECT).cast(pl.String))).sort(SUBJECT)


def _write(events: pl.DataFrame, path: Path) -> None:
    """Row groups hold whole subjects, so that one can be read by itself."""
    numbers = events.get_column(SUBJECT).to_numpy()
    starts = np.flatnonzero(np.diff(numbers, prepend=numbers[0] - 1))
    dictionary = [CODE, TEXT]
    with pq.ParquetWriter(path, SCHEMA, compression="zstd", use_dictionary=dictionary) as writer:
        begin = 0
        while begin < events.height:
            later = starts[starts >= begin + GROUP_EVENTS]
            end = int(later[0]) if len(later) else events.height
            writer.write_table(events[begin:end].to_arrow().cast(SCHEMA), row_group_size=end - begin)
            begin = end


def _counted(events: pl.DataFrame) -> Assembled:
    codes = events.group_by(CODE).agg(
        pl.len().cast(pl.Int64).alias("events"), pl.col(SUBJECT).n_unique().cast(pl.Int64).alias("subjects")
    )
    usable = events.filter(pl.col(FLAGS) & int(UNUSABLE) == 0)
    first, last = usable.select(pl.col(TIME).min().alias("first"), pl.col(TIME).max().alias("last")).row(0)
    fact = (pl.col(TIME).is_null() & (pl.col(FLAGS) & int(Flag.NO_TIME) == 0)) | is_birth(pl.col(CODE))
    subjects = events.get_column(SUBJECT).n_unique()
    return Assembled(
        events=events.height,
        subjects=subjects,
        codes=codes.sort(CODE),
        flags=_flagged(events),
        first=first,
        last=last,
        silent=subjects - events.filter(~fact).get_column(SUBJECT).n_unique(),
        births=_several(events.filter(is_birth(pl.col(CODE)))),
        deaths=_several(events.filter(is_death(pl.col(CODE)))),
    )


def _several(events: pl.DataFrame) -> int:
    """How many subjects have such events on different days; one without a time counts as a day of its own."""
    days = events.group_by(SUBJECT).agg(pl.col(TIME).dt.date().n_unique().alias("days"))
    return days.filter(pl.col("days") > 1).height


def _flagged(events: pl.DataFrame) -> pl.DataFrame:
    frames = [
        pl.DataFrame(schema={"flag": pl.Int64(), CODE: pl.String(), "events": pl.Int64(), "subjects": pl.Int64()})
    ]
    flagged = events.filter(pl.col(FLAGS) != 0)
    for flag in Flag:
        own = flagged.filter(pl.col(FLAGS) & int(flag) != 0)
        if not own.height:
            continue
        bit = pl.lit(int(flag), pl.Int64).alias("flag")
        count = pl.len().cast(pl.Int64).alias("events")
        codes = own.group_by(CODE).agg(count).select(bit, CODE, "events", pl.lit(None, pl.Int64).alias("subjects"))
        whole = own.select(
            bit, pl.lit(None, pl.String).alias(CODE), count, pl.col(SUBJECT).n_unique().cast(pl.Int64).alias("subjects")
        )
        frames += [whole, codes.sort(CODE)]
    return pl.concat(frames)
