"""Writes a simulated hospital as a folder of events; everybody in it is invented, and so is every rate."""

from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from bedside.errors import RecordsProblem
from bedside.modalities.records.events.code import KNOWN
from bedside.modalities.records.events.code_units import turns
from bedside.modalities.records.events.convert import Converted
from bedside.modalities.records.events.folder import DATA, EventFolder
from bedside.modalities.records.events.judged import Judge
from bedside.modalities.records.events.metadata import Origin, write_metadata
from bedside.modalities.records.events.partition import UNIT, summed
from bedside.modalities.records.events.quality import quality
from bedside.modalities.records.events.reader import Problems
from bedside.modalities.records.events.schema import CODE, NUMBER, TIME
from bedside.modalities.records.events.shard import Assembled, settled
from bedside.modalities.records.events.unfinished import unfinished
from bedside.modalities.records.events.work import Told, Work
from bedside.modalities.records.simulate.catalogue import MEASUREMENTS, descriptions
from bedside.modalities.records.simulate.encounters import followed
from bedside.modalities.records.simulate.faults import UNREADABLE, spoiled
from bedside.modalities.records.simulate.people import END, people
from bedside.modalities.records.simulate.recorded import record
from bedside.modalities.records.simulate.rows import START, frame

SHARD_PATIENTS: Final = 4_000
"""About two million events."""
MOST_PATIENTS: Final = 100_000_000
NAME: Final = "simulated: nobody in it lives"
UNTIL: Final = datetime(1970, 1, 1) + timedelta(seconds=START + END)  # noqa: DTZ001 - the source's own clock


def simulate(
    out: Path,
    patients: int,
    *,
    seed: int = 0,
    shard_patients: int = SHARD_PATIENTS,
    jobs: int | None = None,
    replace: bool = False,
    on_progress: Told | None = None,
) -> Converted:
    """Write a hospital's records of ten years as a folder of events, as `convert` would: judged, flagged and counted.

    Chronic conditions come over the years and bring people to the clinic and to hospital, where a hidden course of
    illness moves what is measured, what is given, and who dies or comes again. About 500 events a patient.

    Args:
        out: The folder to be made; it must not exist, or be empty.
        patients: How many.
        seed: The same seed gives the same files, byte for byte, whatever `jobs`.
        shard_patients: How many patients a shard has; other shards hold other people.
        jobs: How many processes work at once; all processors when None. Each needs the memory of a shard.
        replace: Whether a folder of events that lies there is replaced.
        on_progress: Is told of each shard.

    Raises:
        RecordsProblem: The number of patients, or the seed, cannot be.
        OutputProblem: The folder exists, cannot be written, or its disk is full. Nothing is kept.
        RunError: A process was ended, most likely for want of memory.
    """
    if not 1 <= patients <= MOST_PATIENTS or shard_patients < 1:
        msg = (
            f"{patients} patients in shards of {shard_patients} cannot be simulated; ask for 1 to {MOST_PATIENTS:,}, "
            "in shards of 1 or more"
        )
        raise RecordsProblem(msg)
    if seed < 0:
        msg = f"the seed is {seed}; give 0 or more"
        raise RecordsProblem(msg)
    judge = Judge(turns=turns(_expected()), systems=KNOWN, until=UNTIL)
    with unfinished(out, replace=replace) as folder:
        tasks = [
            partial(
                simulate_shard,
                (first, min(first + shard_patients, patients + 1)),
                (seed, number),
                judge,
                folder / DATA / f"{number:05d}",
            )
            for number, first in enumerate(range(1, patients + 1, shard_patients))
        ]
        found = Work(jobs, on_progress).all("Simulating", tasks)
        shards = [shard for shard, _ in found]
        units = summed([counted for _, counted in found], (CODE, UNIT))
        turned = judge.turns.drop("events").join(units, on=[CODE, UNIT], nulls_equal=True)
        judged = quality(shards, turned, Problems(), UNTIL, simulated=True)
        write_metadata(folder, shards, judge.turns, judged, Origin(NAME, "bedside records simulate", descriptions()))
    return Converted(EventFolder(out), judged)


def simulate_shard(
    numbers: tuple[int, int], seed: tuple[int, int], judge: Judge, stem: Path
) -> tuple[Assembled, pl.DataFrame]:
    """Write the shard of patients with these numbers, first and past the last.

    Returns:
        What it holds, and how often each code with a number has each unit.
    """
    draws = np.random.default_rng(seed)
    drawn = people(np.arange(*numbers), draws)
    rows = record(drawn, followed(drawn, draws), draws)
    whole = rows.columns()
    # What would be known only after the end of the records is not in them.
    kept = whole[TIME] <= END
    columns = spoiled({name: values[kept] for name, values in whole.items()}, rows.words, draws)
    raw = frame(columns, rows.words)
    del whole, columns, rows, drawn
    counted = raw.filter(pl.col(NUMBER).is_not_null()).group_by(CODE, UNIT).agg(pl.len().cast(pl.Int64).alias("events"))
    return settled(raw, judge, stem), counted


def _expected() -> pl.DataFrame:
    """All units that a measurement may come in, its own by far the most often."""
    rows = []
    for one in MEASUREMENTS:
        other = () if one.other is None else (one.other[0],)
        rows += [(one.code, one.unit, 1_000), *((one.code, unit, 1) for unit in (*other, UNREADABLE, None))]
    return pl.DataFrame(rows, schema={CODE: pl.String(), UNIT: pl.String(), "events": pl.Int64()}, orient="row")
