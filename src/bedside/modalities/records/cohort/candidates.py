"""Index events and index times of the patients of a shard, before anybody is excluded, and times relative to them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bedside.modalities.records.cohort.criterion import YEAR_DAYS
from bedside.modalities.records.cohort.declaration import EventCohort, Index, Which
from bedside.modalities.records.cohort.marks import Marks
from bedside.modalities.records.cohort.predicate import ANYTHING
from bedside.modalities.records.cohort.span import Anchor, Edge
from bedside.modalities.records.cohort.timeline import NEVER, NO_ENCOUNTER, Shard, known
from bedside.modalities.records.history import HOUR, STATIC
from bedside.types import Booleans, Floats, Integers


@dataclass(frozen=True, eq=False)
class Candidates:
    """Possible index times, one a row, sorted by patient and index time.

    Attributes:
        shard: The events.
        marks: When predicates are met.
        subject: Position of the patient, shape (n,).
        event: Time of the index event, shape (n,).
        row: The index event, shape (n,).
        index: The index time, shape (n,).
    """

    shard: Shard
    marks: Mapping[str, Marks]
    subject: Integers
    event: Integers
    row: Integers
    index: Integers

    def __len__(self) -> int:
        return len(self.index)

    def at(self, edge: Edge) -> Integers:
        """The time of an edge, `NEVER` where there is none."""
        when = self._anchor(edge)
        offset = microseconds(edge.offset)
        return np.where(known(when), when + np.where(known(when), offset, 0), NEVER) if offset else when

    def age_years(self) -> Floats:
        """Age at the index time, whole years exact by the calendar; NaN where birth is not known."""
        born = self.shard.birth()[self.subject]
        there = known(born)
        frame = pl.DataFrame({"birth": np.where(there, born, 0), "index": self.index}).cast(pl.Datetime("us"))
        birth, index = pl.col("birth").dt, pl.col("index").dt
        day = 100 * index.month().cast(pl.Int32) + index.day() < 100 * birth.month().cast(pl.Int32) + birth.day()
        completed = frame.select(index.year() - birth.year() - day.cast(pl.Int32)).to_series().to_numpy().astype(float)
        elapsed = (self.index - frame["birth"].cast(pl.Int64).to_numpy()) / (24 * HOUR * YEAR_DAYS)
        age: Floats = completed + np.clip(elapsed - completed, 0.0, 0.999)
        return np.where(there, age, np.nan)

    def _anchor(self, edge: Edge) -> Integers:
        subject, anything = self.subject, self.marks[ANYTHING]
        named = self.marks[edge.predicate or ANYTHING]
        ways: dict[Anchor, Callable[[], Integers]] = {
            Anchor.INDEX: lambda: self.index,
            Anchor.EVENT: lambda: self.event,
            Anchor.FIRST: lambda: anything.next(subject, np.full(len(self), STATIC)),
            Anchor.LAST: lambda: anything.previous(subject, np.full(len(self), NEVER)),
            Anchor.ENCOUNTER_START: lambda: self._encounters[0],
            Anchor.ENCOUNTER_END: lambda: self._encounters[1],
            Anchor.FOLLOWING: lambda: named.next(subject, self.event),
            Anchor.NEXT: lambda: named.next(subject, self.index),
            Anchor.PREVIOUS: lambda: named.previous(subject, self.index),
        }
        return ways[edge.anchor]()

    @cached_property
    def _encounters(self) -> tuple[Integers, Integers]:
        """First and last time of the encounter of each index event, `NEVER` outside any."""
        shard = self.shard
        rows = pl.DataFrame({"subject": shard.subject, "encounter": shard.encounters, "time": shard.times})
        ends = (
            rows.lazy()
            .filter((pl.col("encounter") != NO_ENCOUNTER) & (pl.col("time") != STATIC))
            .group_by("subject", "encounter")
            .agg(pl.col("time").min().alias("start"), pl.col("time").max().alias("end"))
            .collect()
        )
        asked = pl.DataFrame({"subject": self.subject, "encounter": shard.encounters[self.row]})
        found = asked.join(ends, on=["subject", "encounter"], how="left", maintain_order="left")
        return found["start"].fill_null(NEVER).to_numpy(), found["end"].fill_null(NEVER).to_numpy()


def candidates(shard: Shard, marks: Mapping[str, Marks], cohort: EventCohort) -> Candidates:
    """Every index event with its index time or times."""
    found = marks[cohort.index.event]
    timed = np.flatnonzero(found.times != STATIC)
    event = found.times[timed]
    once = Candidates(
        shard, marks, found.subject[timed], event, found.rows[timed], event + microseconds(cohort.index.offset)
    )
    return once if cohort.index.repeat is None else _repeated(once, cohort, cohort.index.repeat)


def _repeated(once: Candidates, cohort: EventCohort, repeat: timedelta) -> Candidates:
    """Index times again and again, from the first of each index event until they end; at least the first."""
    step = microseconds(repeat)
    end = np.minimum(once.at(Edge(Anchor.LAST)), repeat_end(once, cohort))
    times = np.maximum((end - once.index) // step + 1, 1)
    which = np.repeat(np.arange(len(once)), times)
    turn = np.arange(len(which)) - np.repeat(np.cumsum(times) - times, times)
    index = once.index[which] + turn * step
    order = np.lexsort((once.event[which], index, once.subject[which]))
    which, index = which[order], index[order]
    return Candidates(once.shard, once.marks, once.subject[which], once.event[which], once.row[which], index)


def repeat_end(found: Candidates, cohort: EventCohort) -> Integers:
    """When index times end, `NEVER` where only observation ends them."""
    until = cohort.index.repeat_until
    return found.at(until) if until is not None else np.full(len(found), NEVER)


def chosen(found: Candidates, index: Index, eligible: Booleans) -> Booleans:
    """Which candidates are of the one index event a patient that counts, among those that are eligible."""
    if index.which is Which.EVERY:
        return eligible
    if index.which is Which.RANDOM:
        key = _scattered(found.shard.ids[found.subject], found.event, index.seed)
    else:
        key = found.event if index.which is Which.FIRST else -found.event
    best = np.full(found.shard.patients, np.iinfo(key.dtype).max, dtype=key.dtype)
    np.minimum.at(best, found.subject[eligible], key[eligible])
    kept: Booleans = eligible & (key == best[found.subject])
    return kept


def microseconds(length: timedelta) -> int:
    """A length of time as the table counts it."""
    return length // timedelta(microseconds=1)


def _scattered(subject: Integers, event: Integers, seed: int) -> Integers:
    """A random number for every event, from patient, time and seed alone (SplitMix64: Steele et al. 2014)."""
    state = np.full(len(subject), seed % 2**64, dtype=np.uint64)
    for part in (subject, event):
        state = _mixed(state ^ part.astype(np.int64).view(np.uint64))
    return (state >> np.uint64(1)).astype(np.int64)


def _mixed(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    state = state + np.uint64(0x9E3779B97F4A7C15)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))
