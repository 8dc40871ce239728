"""Turns a source of records into a folder of events: two passes in parallel, in memory that a shard bounds."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from bedside.errors import RecordsProblem
from bedside.modalities.records.events.code import KNOWN
from bedside.modalities.records.events.code_units import turns
from bedside.modalities.records.events.folder import DATA, EventFolder
from bedside.modalities.records.events.judged import Judge
from bedside.modalities.records.events.metadata import Origin, write_metadata
from bedside.modalities.records.events.partition import Partitioned, partition, summed
from bedside.modalities.records.events.quality import Quality, quality
from bedside.modalities.records.events.reader import Dated, Invented, OwnSystems, Problems, Reader
from bedside.modalities.records.events.schema import CODE
from bedside.modalities.records.events.shard import Assembled, assemble, pieces
from bedside.modalities.records.events.unfinished import unfinished
from bedside.modalities.records.events.work import Told, Work
from bedside.modalities.records.events.writing import writing
from bedside.tasks.local import Local
from bedside.tasks.runner import Runner

SHARD_EVENTS: Final = 2_000_000
BATCHES: Final = 256
"""Into so many tasks the parts of a source are gathered at most; changes no result."""


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
    runner: Runner | None = None,
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
        runner: Where tasks run; in processes of this machine when None. Changes no result.

    Raises:
        RecordsProblem: The source cannot be read, or holds no events.
        FileProblem: A file of it is missing or broken.
        OutputProblem: The folder exists, cannot be written, or its disk is full. Nothing is kept.
        RunError: A process was ended, most likely for want of memory, or tasks cannot run where they should.
    """
    declared = until or (reader.until if isinstance(reader, Dated) else None)
    work = Work(jobs, on_progress, runner or Local())
    with unfinished(out, replace=replace) as folder:
        found = _partitioned(reader, folder / "runs", work)
        judge = Judge(
            turns=turns(found.units),
            systems=KNOWN | (reader.systems if isinstance(reader, OwnSystems) else frozenset()),
            until=declared or datetime.now(UTC).replace(tzinfo=None),
        )
        shards = _assembled(found, judge, folder, shard_events, work)
        invented = isinstance(reader, Invented) and reader.simulated
        judged = quality(shards, judge.turns, found.problems, declared, simulated=invented)
        with writing(folder):
            shutil.rmtree(folder / "runs")
        origin = Origin(reader.name, "bedside records convert", reader.descriptions())
        write_metadata(folder, shards, judge.turns, judged, origin)
    return Converted(EventFolder(out), judged)


def _partitioned(reader: Reader, runs: Path, work: Work) -> Partitioned:
    parts = reader.parts()
    with writing(runs):
        runs.mkdir(parents=True)
    size = max(1, -(-len(parts) // BATCHES))
    batches = [parts[k : k + size] for k in range(0, len(parts), size)]
    tasks: list[Callable[[], Partitioned]] = [
        partial(partition, batch, runs, f"{number:05d}") for number, batch in enumerate(batches)
    ]
    found = work.all("Reading", tasks, runs)
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


def _assembled(found: Partitioned, judge: Judge, folder: Path, shard_events: int, work: Work) -> list[Assembled]:
    tasks: list[Callable[[], Assembled]] = []
    for number, piece in enumerate(pieces(found.runs, shard_events)):
        runs = tuple(run for run in found.runs if set(piece.buckets) & set(run.buckets))
        tasks.append(partial(assemble, piece, runs, judge, folder / DATA / f"{number:04d}"))
    return work.all("Sorting", tasks, folder)
