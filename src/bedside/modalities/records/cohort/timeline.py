"""The events of a shard as columns, and the search for times within each patient's stretch of rows.

Everything that asks "when" of many patients at once is a binary search carried out for all of them together, so that
nothing loops over patients.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bedside.errors import RecordsProblem
from bedside.modalities.records.events.flag import Flag
from bedside.modalities.records.events.schema import BIRTH, CODE, DEATH, ENCOUNTER, FLAGS, NUMBER, SUBJECT, TEXT, TIME
from bedside.modalities.records.history import STATIC
from bedside.types import Booleans, Integers

NEVER = int(np.iinfo(np.int64).max)
"""A time that does not come."""

NO_ENCOUNTER = int(np.iinfo(np.int64).min)


@dataclass(frozen=True, eq=False)
class Shard:
    """Usable events of the patients of a shard; rows of a patient together, facts first, then by time.

    Attributes:
        ids: Number of each patient, in the order of the file, shape (patients,).
        first: First row of each patient and, at the end, the number of rows, shape (patients + 1,).
        subject: Position in `ids`, shape (rows,).
        times: Microseconds, `STATIC` for facts, shape (rows,).
        codes: Position in `words`, shape (rows,).
        words: Different codes, sorted.
        numbers: NaN where there is none, shape (rows,).
        texts: Texts, shape (rows,).
        encounters: `NO_ENCOUNTER` where there is none, shape (rows,).
        left_out: Events left out, by the word of their first flag that does so.
    """

    ids: Integers
    first: Integers
    subject: Integers
    times: Integers
    codes: NDArray[np.int32]
    words: tuple[str, ...]
    numbers: NDArray[np.float32]
    texts: pl.Series
    encounters: Integers
    left_out: Mapping[str, int]

    @property
    def patients(self) -> int:
        """Number of patients, those without a usable event too."""
        return len(self.ids)

    def says(self, code: str) -> Booleans:
        """Which events have a code of MEDS's own, alone or with words after it ("MEDS_BIRTH//home"), shape (rows,)."""
        own = np.fromiter((word == code or word.startswith(f"{code}//") for word in self.words), bool, len(self.words))
        return own[self.codes] if len(self.words) else np.zeros(0, bool)

    def birth(self) -> Integers:
        """Time of birth of each patient, `NEVER` where it is not known."""
        return self._once(BIRTH)

    def death(self) -> Integers:
        """Time of death of each patient, `NEVER` where none is known."""
        return self._once(DEATH)

    def _once(self, code: str) -> Integers:
        when = np.full(self.patients, NEVER)
        rows = np.flatnonzero(self.says(code) & (self.times != STATIC))
        np.minimum.at(when, self.subject[rows], self.times[rows])
        return when


def shard_of(frame: pl.DataFrame, leave_out: Flag, called: str) -> Shard:
    """The usable events of a shard of schema `EVENTS`.

    Raises:
        RecordsProblem: Rows are not sorted as a table of events must be.
    """
    ids = frame[SUBJECT].unique(maintain_order=True)
    usable, left_out = usable_of(frame, leave_out)
    subject = usable[SUBJECT].replace_strict(ids, np.arange(len(ids)), return_dtype=pl.Int64).to_numpy()
    times = usable[TIME].cast(pl.Int64).fill_null(STATIC).to_numpy()
    check_order(subject, times, called)
    codes, words = coded(usable[CODE])
    return Shard(
        ids=ids.to_numpy(),
        first=np.searchsorted(subject, np.arange(len(ids) + 1)).astype(np.int64),
        subject=subject,
        times=times,
        codes=codes,
        words=words,
        numbers=usable[NUMBER].fill_null(float("nan")).to_numpy(),
        texts=usable[TEXT],
        encounters=usable[ENCOUNTER].fill_null(NO_ENCOUNTER).to_numpy(),
        left_out=left_out,
    )


def usable_of(frame: pl.DataFrame, leave_out: Flag) -> tuple[pl.DataFrame, dict[str, int]]:
    """Events without one of these flags, and how many were left out by the word of the first that they have."""
    flags = frame[FLAGS].to_numpy()
    flagged = (flags & int(leave_out)) != 0
    left_out: dict[str, int] = {}
    rest = flags[flagged]
    for flag in leave_out:
        hit = (rest & int(flag)) != 0
        if hit.any():
            left_out[flag.word] = int(hit.sum())
        rest = rest[~hit]
    return (frame.filter(pl.Series(~flagged)) if flagged.any() else frame), left_out


def coded(texts: pl.Series) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    """Texts as positions in their sorted different values; -1 for missing ones."""
    plain = texts.cast(pl.String)
    words = plain.drop_nulls().unique().sort()
    if words.is_empty():
        return np.full(len(texts), -1, np.int32), ()
    positions = plain.cast(pl.Enum(words)).to_physical().cast(pl.Int32).fill_null(-1)
    return positions.to_numpy(), tuple(words)


def check_order(subject: Integers, times: Integers, called: str) -> None:
    """Refuse rows of which a patient's are apart, or not facts first and then by time."""
    before, after = subject[:-1], subject[1:]
    if np.any(after < before) or np.any((after == before) & (times[1:] < times[:-1])):
        msg = (
            f"{called} is not sorted: rows of a patient must stand together, facts without a time first, then by time; "
            "convert the source again with `bedside records convert`"
        )
        raise RecordsProblem(msg)


def position(times: Integers, low: Integers, high: Integers, sought: Integers, *, after: bool) -> Integers:
    """For each stretch of sorted times the first position not earlier than what is sought; its end where all are.

    Args:
        times: Sorted within every stretch.
        low: Where each stretch begins, shape (n,).
        high: Where each ends, shape (n,).
        sought: A time for each, shape (n,).
        after: Look for the first that is later, not just as late.
    """
    low, high = low.copy(), high.copy()
    while True:
        open_ = np.flatnonzero(low < high)
        if not open_.size:
            return low
        middle = (low[open_] + high[open_]) // 2
        found = times[middle]
        earlier = found <= sought[open_] if after else found < sought[open_]
        low[open_] = np.where(earlier, middle + 1, low[open_])
        high[open_] = np.where(earlier, high[open_], middle)


def known(times: Integers) -> Booleans:
    """Where a time is one that comes."""
    there: Booleans = times != NEVER
    return there
