"""When each predicate of a cohort is met by each patient of a shard."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from bedside.errors import RecordsProblem
from bedside.modalities.records.cohort.declaration import EventCohort
from bedside.modalities.records.cohort.predicate import ANYTHING, AllOf, AnyOf, Coded, Repeated
from bedside.modalities.records.cohort.timeline import NEVER, Shard, position
from bedside.modalities.records.events.schema import BIRTH
from bedside.modalities.records.history import STATIC
from bedside.types import Booleans, Integers


@dataclass(frozen=True, eq=False)
class Marks:
    """Moments at which a predicate is met, a patient's together and sorted, each once; `STATIC` for a fact.

    Attributes:
        first: First moment of each patient and, at the end, the number of moments, shape (patients + 1,).
        subject: Position of the patient, shape (moments,).
        times: Shape (moments,).
        rows: The first event of each moment, shape (moments,).
    """

    first: Integers
    subject: Integers
    times: Integers
    rows: Integers

    def between(
        self,
        subject: Integers,
        start: Integers,
        end: Integers,
        *,
        include_start: bool = True,
        include_end: bool = True,
    ) -> tuple[Integers, Integers]:
        """First and past-the-last moment of each patient from a start to an end."""
        low, high = self.first[subject], self.first[subject + 1]
        begin = position(self.times, low, high, start, after=not include_start)
        return begin, np.maximum(begin, position(self.times, low, high, end, after=include_end))

    def count(self, subject: Integers, start: Integers, end: Integers) -> Integers:
        """Moments of each patient from a start to an end, both included."""
        begin, past = self.between(subject, start, end)
        return past - begin

    def next(self, subject: Integers, time: Integers) -> Integers:
        """The first moment later than a time, `NEVER` where there is none."""
        low, high = self.first[subject], self.first[subject + 1]
        found = position(self.times, low, high, time, after=True)
        return np.where(found < high, self._when(found), NEVER)

    def previous(self, subject: Integers, time: Integers) -> Integers:
        """The last moment with a time that is not later than a time, `NEVER` where there is none."""
        low, high = self.first[subject], self.first[subject + 1]
        found = position(self.times, low, high, time, after=True) - 1
        when = self._when(np.maximum(found, 0))
        return np.where((found >= low) & (when != STATIC), when, NEVER)

    def _when(self, places: Integers) -> Integers:
        """Times at places, of which those past the end have none."""
        return np.append(self.times, NEVER)[np.minimum(places, len(self.times))]


def marks(shard: Shard, cohort: EventCohort) -> dict[str, Marks]:
    """The moments of every predicate, `anything` too."""
    found = {ANYTHING: _of_rows(shard, ~shard.says(BIRTH))}
    for name in cohort.order:
        predicate = cohort.predicates[name]
        if isinstance(predicate, Coded):
            found[name] = _of_rows(shard, met(shard, predicate))
        elif isinstance(predicate, AnyOf):
            found[name] = _any(shard, [found[each] for each in predicate.any_of])
        elif isinstance(predicate, AllOf):
            found[name] = _all(shard, [found[each] for each in predicate.all_of], _microseconds(predicate))
        else:
            found[name] = _repeated(shard, found[predicate.repeated], predicate)
    return found


def met(shard: Shard, predicate: Coded) -> Booleans:
    """Which events meet a predicate of codes, shape (rows,)."""
    wanted = matching(shard.words, predicate)
    rows: Booleans = wanted[shard.codes] if len(shard.words) else np.zeros(0, bool)
    # Limits in the precision in which numbers are kept: 37.8 is not below 37.8. Comparisons with NaN are false.
    limits = (predicate.at_least, predicate.above, predicate.at_most, predicate.below)
    for limit, compare in zip(limits, (np.greater_equal, np.greater, np.less_equal, np.less), strict=True):
        if limit is not None:
            rows = rows & compare(shard.numbers, np.float32(limit))
    if predicate.text:
        rows = rows & shard.texts.is_in(list(predicate.text)).fill_null(value=False).to_numpy()
    return rows


def matching(words: tuple[str, ...], predicate: Coded) -> Booleans:
    """Which codes a predicate names, shape (words,)."""
    exact = set(predicate.code)
    return np.fromiter((word in exact or word.startswith(predicate.prefix) for word in words), bool, len(words))


def check_codes(cohort: EventCohort, codes: pl.DataFrame) -> tuple[str, ...]:
    """Hold a cohort's predicates against a table's codes; returns words about those that name none of them.

    Raises:
        RecordsProblem: A limit is declared in another unit than the table keeps the code in.
    """
    words = tuple(codes["code"].cast(pl.String))
    units = codes["unit"].cast(pl.String).fill_null("").to_list()
    notes = []
    for name, predicate in cohort.predicates.items():
        if not isinstance(predicate, Coded):
            continue
        wanted = np.flatnonzero(matching(words, predicate))
        if not wanted.size:
            notes.append(f"predicate {name!r} names no code of the table")
        for k in wanted.tolist():
            if predicate.unit and units[k] != predicate.unit:
                kept = repr(units[k]) if units[k] else "no unit"
                msg = (
                    f"predicates.{name}.unit is {predicate.unit!r}, but the table keeps {words[k]} in {kept}; "
                    "give the limits in the unit of the table (metadata/codes.parquet)"
                )
                raise RecordsProblem(msg)
    return tuple(notes)


def _of_rows(shard: Shard, rows: Booleans) -> Marks:
    where = np.flatnonzero(rows)
    return _made(shard, shard.subject[where], shard.times[where], where)


def _made(shard: Shard, subject: Integers, times: Integers, rows: Integers) -> Marks:
    """Moments from sorted events: the first event of each."""
    fresh = np.ones(len(subject), bool)
    fresh[1:] = (subject[1:] != subject[:-1]) | (times[1:] != times[:-1])
    subject = subject[fresh]
    first = np.searchsorted(subject, np.arange(shard.patients + 1)).astype(np.int64)
    return Marks(first, subject, times[fresh], rows[fresh])


def _any(shard: Shard, parts: list[Marks]) -> Marks:
    rows = np.unique(np.concatenate([part.rows for part in parts]))  # rows are sorted by patient and time
    return _made(shard, shard.subject[rows], shard.times[rows], rows)


def _all(shard: Shard, parts: list[Marks], within: int) -> Marks:
    """Moments of any at which each has been met since `within` before."""
    union = _any(shard, parts)
    start = np.where(union.times == STATIC, STATIC, union.times - within)
    kept = np.ones(len(union.times), bool)
    for part in parts:
        kept &= part.count(union.subject, start, union.times) > 0
    return _made(shard, union.subject[kept], union.times[kept], union.rows[kept])


def _repeated(shard: Shard, part: Marks, predicate: Repeated) -> Marks:
    """Moments that are the last of so many within so long."""
    timed = part.times != STATIC
    subject, times, rows = part.subject[timed], part.times[timed], part.rows[timed]
    back = predicate.times - 1
    met_ = np.zeros(len(times), bool)
    met_[back:] = (subject[back:] == subject[: len(subject) - back]) & (
        times[back:] - times[: len(times) - back] <= _microseconds(predicate)
    )
    return _made(shard, subject[met_], times[met_], rows[met_])


def _microseconds(predicate: AllOf | Repeated) -> int:
    return round(predicate.within.total_seconds() * 1_000_000)
