"""Turns a source of records into a folder of events: two passes in parallel, in memory that a shard bounds."""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from joblib import Parallel, delayed
from meds.schema import DatasetMetadataSchema

from bedside import __version__
from bedside.errors import OutputProblem, RecordsProblem, RunError
from bedside.modalities.records.events.code import KNOWN, system
from bedside.modalities.records.events.code_units import turns
from bedside.modalities.records.events.folder import CODES, DATA, DATASET, PEOPLE, QUALITY, EventFolder
from bedside.modalities.records.events.judged import Judge
from bedside.modalities.records.events.partition import Partitioned, partition, summed
from bedside.modalities.records.events.quality import Quality, quality
from bedside.modalities.records.events.reader import Dated, OwnSystems, Problems, Reader
from bedside.modalities.records.events.schema import CODE, ENCOUNTER, FLAGS
from bedside.modalities.records.events.shard import SUBJECTS, Assembled, assemble, pieces
from bedside.modalities.records.events.writing import writing

SHARD_EVENTS: Final = 2_000_000
BATCHES: Final = 256
"""Into so many tasks the parts of a source are gathered at most; changes no result."""

Told: TypeAlias = Callable[[str, int, int], None]
"""Is told a stage in words, how many of its tasks are done, and how many there are."""

T = TypeVar("T")

_CODES = pa.schema(
    [
        pa.field(CODE, pa.string(), nullable=False),
        pa.field("description", pa.string()),
        pa.field("parent_codes", pa.list_(pa.string())),
        pa.field("unit", pa.string()),
        pa.field("system", pa.string()),
        pa.field("events", pa.int64(), nullable=False),
        pa.field("subjects", pa.int64(), nullable=False),
    ]
)


@dataclass(frozen=True)
class Converted:
    """A finished conversion."""

    folder: EventFolder
    quality: Quality


def convert(
    reader: Reader,
    out: Path,
    *,
    shard_events: int = SHARD_EVENTS,
    jobs: int | None = None,
    until: datetime | None = None,
    replace: bool = False,
    on_progress: Told | None = None,
) -> Converted:
    """Convert a source into a folder of events that appears whole or not at all.

    The same source gives the same bytes, whatever `jobs` and the order of its parts and frames; without `until`, as
    long as nothing in it lies in the future.

    Args:
        reader: The source.
        out: The folder to be made; it must not exist, or be empty.
        shard_events: How many events a shard has at most, unless one subject has more.
        jobs: How many processes work at once; all processors when None. Each needs the memory of a shard.
        until: The last moment that a time in the source can mean; what is later is flagged. The reader's own, or now,
            when None.
        replace: Whether a folder of events that lies there is replaced.
        on_progress: Is told of each task.

    Raises:
        RecordsProblem: The source cannot be read, or holds no events.
        FileProblem: A file of it is missing or broken.
        OutputProblem: The folder exists, cannot be written, or its disk is full. Nothing is kept.
        RunError: A process was ended, most likely for want of memory.
    """
    _refuse_existing(out, replace=replace)
    declared = until or (reader.until if isinstance(reader, Dated) else None)
    work = _Work(jobs, on_progress or (lambda _stage, _done, _tasks: None))
    with _hidden(out) as folder:
        found = _partitioned(reader, folder / "runs", work)
        judge = Judge(
            turns=turns(found.units),
            systems=KNOWN | (reader.systems if isinstance(reader, OwnSystems) else frozenset()),
            until=declared or datetime.now(UTC).replace(tzinfo=None),
        )
        shards = _assembled(found, judge, folder, shard_events, work)
        judged = quality(shards, judge.turns, found.problems, declared)
        with writing(folder):
            shutil.rmtree(folder / "runs")
            _write_people(folder)
            _write_codes(folder, shards, judge.turns, reader.descriptions())
            (folder / QUALITY).write_text(judged.model_dump_json(indent=2) + "\n", "utf-8")
            (folder / DATASET).write_text(_dataset(reader.name), "utf-8")
        EventFolder(folder)
        _put(folder, out)
    return Converted(EventFolder(out), judged)


@dataclass(frozen=True)
class _Work:
    """Runs tasks at once, and tells how far they are."""

    jobs: int | None
    told: Told = field(repr=False)

    def all(self, stage: str, tasks: Sequence[Callable[[], T]]) -> list[T]:
        """What each task gives, in order."""
        found: list[T] = []
        self.told(stage, 0, len(tasks))
        workers = min(self.jobs or os.cpu_count() or 1, max(1, len(tasks)))
        given = (task() for task in tasks)
        if workers > 1:
            parallel = Parallel(n_jobs=workers, return_as="generator", inner_max_num_threads=1)
            given = parallel(delayed(task)() for task in tasks)
        try:
            for result in given:
                found.append(result)
                self.told(stage, len(found), len(tasks))
        except BrokenProcessPool as error:
            msg = (
                f"a process that worked on a part was ended from outside ({stage.lower()}), most likely because memory "
                "ran out; ask for fewer processes (--jobs) and run again: nothing was kept"
            )
            raise RunError(msg) from error
        return found


def _partitioned(reader: Reader, runs: Path, work: _Work) -> Partitioned:
    parts = reader.parts()
    with writing(runs):
        runs.mkdir(parents=True)
    size = max(1, -(-len(parts) // BATCHES))
    batches = [parts[k : k + size] for k in range(0, len(parts), size)]
    tasks: list[Callable[[], Partitioned]] = [
        partial(partition, batch, runs, f"{number:05d}") for number, batch in enumerate(batches)
    ]
    found = work.all("Reading", tasks)
    problems = Problems()
    for one in found:
        problems.merge(one.problems)
    gathered = Partitioned(
        runs=tuple(run for one in found for run in one.runs),
        codes=summed([one.codes for one in found], (CODE,)),
        units=summed([one.units for one in found], (CODE, "unit")),
        problems=problems,
    )
    if not gathered.runs:
        what = "; ".join(f"{count} x {kind}" for kind, count in sorted(problems.counts.items()))
        msg = f"no event could be read from {len(parts)} part(s) of this {reader.name} source"
        msg += f" ({what})" if what else "; is it the right folder, and the right --from"
        raise RecordsProblem(msg)
    return gathered


def _assembled(found: Partitioned, judge: Judge, folder: Path, shard_events: int, work: _Work) -> list[Assembled]:
    with writing(folder):
        (folder / DATA).mkdir()
        (folder / "metadata").mkdir()
    tasks: list[Callable[[], Assembled]] = []
    for number, piece in enumerate(pieces(found.runs, shard_events)):
        runs = tuple(run for run in found.runs if set(piece.buckets) & set(run.buckets))
        tasks.append(partial(assemble, piece, runs, judge, folder / DATA / f"{number:04d}"))
    return work.all("Sorting", tasks)


def _write_people(folder: Path) -> None:
    """All shards' subjects in one file, a row group a shard."""
    with pq.ParquetWriter(folder / PEOPLE, SUBJECTS, compression="zstd") as writer:
        for path in sorted((folder / DATA).glob("*.people")):
            writer.write_table(pq.read_table(path))
            path.unlink()


def _write_codes(
    folder: Path, shards: Sequence[Assembled], turned: pl.DataFrame, descriptions: Mapping[str, str]
) -> None:
    counted = pl.concat([shard.codes for shard in shards])
    counts = counted.group_by(CODE).agg(pl.col("events", "subjects").sum()).sort(CODE)
    units = dict(turned.select(CODE, "kept_in").iter_rows())
    words = counts.get_column(CODE).to_list()
    table = pa.table(
        {
            CODE: words,
            "description": [descriptions.get(word) for word in words],
            "parent_codes": [None for _ in words],
            "unit": [units.get(word) for word in words],
            "system": [system(word) for word in words],
            "events": counts.get_column("events").to_list(),
            "subjects": counts.get_column("subjects").to_list(),
        },
        schema=_CODES,
    )
    pq.write_table(table, folder / CODES, compression="zstd")


def _dataset(name: str) -> str:
    """metadata/dataset.json by the schema of MEDS; without the moment, so that the same source gives the same bytes."""
    content = {
        "dataset_name": name,
        "etl_name": "bedside records convert",
        "etl_version": __version__,
        "meds_version": version("meds"),
        "raw_source_id_columns": [ENCOUNTER],
        "other_extension_columns": [FLAGS],
    }
    DatasetMetadataSchema.validate(content)
    return json.dumps(content, indent=2) + "\n"


def _refuse_existing(out: Path, *, replace: bool) -> None:
    if out.is_file():
        msg = f"{out} is a file; name a folder that does not exist yet"
        raise OutputProblem(msg)
    if not out.is_dir() or not any(out.iterdir()):
        return
    if not replace:
        msg = f"{out} exists and is not empty; name another folder, or ask to replace it (--replace)"
        raise OutputProblem(msg)
    if not ((out / DATASET).is_file() and (out / DATA).is_dir()):
        msg = f"{out} is no folder of events and is not replaced; name another folder, or empty it yourself"
        raise OutputProblem(msg)


@contextmanager
def _hidden(out: Path) -> Iterator[Path]:
    """A folder beside the one asked for, gone at the end whatever happens."""
    folder = out.absolute().with_name(f".{out.name}.{os.getpid()}.part")
    with writing(out):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _put(folder: Path, out: Path) -> None:
    """Put the finished folder where it was asked for."""
    aside = folder.with_suffix(".old")
    with writing(out):
        if out.is_dir() and any(out.iterdir()):
            out.rename(aside)
        folder.replace(out)
    shutil.rmtree(aside, ignore_errors=True)
