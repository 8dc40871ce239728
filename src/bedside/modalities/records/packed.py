"""Histories as arrays: events one after the other, gathered into moments, with where each case starts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bedside.modalities.records.history import HOUR, STATIC, YEAR, Events, History
from bedside.modalities.records.vocabulary import Vocabulary, tables
from bedside.types import Floats, Integers

_NO_ROWS = tuple((np.zeros(0, dtype=kind),) for kind in (np.int64, np.bool_, np.int64, np.float32, np.float64))


@dataclass(frozen=True, eq=False)
class Packed:
    """Cases in order; of each its events in the order of time. The last moment of each case is the index time itself.

    A birth is a fact, and its number the age in years at the index time.

    Attributes:
        tokens: Of the events, shape (e,).
        numbers: NaN where an event has none, shape (e,).
        hours: Before the index time, shape (e,).
        steps: Which moment of its case an event belongs to, from 0, shape (e,).
        starts: First event of each case and past the last, shape (n + 1,).
        moments: Moments of each case, the index time included, shape (n,).
        moment_hours: Of each moment, case by case, those of its latest event; 0 for the index time; shape
            (sum of moments,).
        fact_tokens: Of facts without a time, shape (f,).
        fact_numbers: NaN where a fact has none, shape (f,).
        fact_starts: First fact of each case and past the last, shape (n + 1,).
        merged: Events that stand in the first moment of their case because the case has too many.
    """

    tokens: Integers
    numbers: NDArray[np.float32]
    hours: NDArray[np.float32]
    steps: Integers
    starts: Integers
    moments: Integers
    moment_hours: NDArray[np.float32]
    fact_tokens: Integers
    fact_numbers: NDArray[np.float32]
    fact_starts: Integers
    merged: int

    def __len__(self) -> int:
        return len(self.moments)


def packed(histories: Sequence[History], vocabulary: Vocabulary, *, most: int) -> Packed:
    """Pack histories.

    Args:
        histories: Of any patients.
        vocabulary: Fitted on development.
        most: Moments of a case that are told apart, the latest; what came before stands in the first of them.
    """
    count = len(histories)
    index = np.array([history.index for history in histories], dtype=np.int64)
    parts = [
        (owners, events.lasting(positions), *_row(events, positions, index[owners], vocabulary))
        for events, positions, owners in tables(histories)
    ]
    columns = zip(*parts, strict=True) if parts else _NO_ROWS
    owners, fixed, all_tokens, all_numbers, all_hours = (np.concatenate(column) for column in columns)
    # Cases in order, each with its rows as they stand in its table.
    order = np.argsort(owners, kind="stable")
    timed, facts = order[~fixed[order]], order[fixed[order]]
    rows = np.bincount(owners[timed], minlength=count)
    starts, fact_starts = _starts(rows), _starts(np.bincount(owners[facts], minlength=count))
    tokens, numbers, hours = all_tokens[timed], all_numbers[timed], all_hours[timed].astype(np.float32)
    owner = np.repeat(np.arange(count), rows)
    new = np.ones(len(owner), dtype=bool)
    new[1:] = (owner[1:] != owner[:-1]) | (hours[1:] != hours[:-1])
    step = np.cumsum(new) - 1
    first = np.zeros(count + 1, dtype=np.int64)
    first[1:] = np.cumsum(np.bincount(owner[new], minlength=count))
    distinct = np.diff(first)
    step = step - first[owner]
    late = np.maximum(distinct - most, 0)
    merged = int((step < late[owner]).sum())
    step = np.maximum(step - late[owner], 0)
    moments = np.minimum(distinct, most) + 1
    return Packed(
        tokens,
        numbers,
        hours,
        step,
        starts,
        moments,
        _latest(hours, (np.cumsum(moments) - moments)[owner] + step, int(moments.sum())),
        all_tokens[facts],
        _aged(all_numbers[facts], all_hours[facts]),
        fact_starts,
        merged,
    )


def _latest(hours: NDArray[np.float32], moment: Integers, count: int) -> NDArray[np.float32]:
    """Of each of `count` moments the hours of its latest event, 0 where it has none."""
    found = np.zeros(count, dtype=np.float32)
    found[moment] = hours  # events stand in the order of time, and of equal places the last one is kept
    return found


def _row(
    events: Events, positions: Integers, index: Integers, vocabulary: Vocabulary
) -> tuple[Integers, NDArray[np.float32], Floats]:
    """Token, number and hours before the index time of each row; a fact without a time has the hours NaN."""
    times = events.times[positions]
    with np.errstate(over="ignore"):  # of facts, whose time is none
        hours = np.where(times == STATIC, np.nan, (index - times) / HOUR)
    return vocabulary.numbers(events, positions), events.numbers[positions], hours


def _aged(numbers: NDArray[np.float32], hours: Floats) -> NDArray[np.float32]:
    """Numbers of facts; that of a birth is the age in years at the index time."""
    return np.where(np.isnan(hours), numbers, hours / YEAR).astype(np.float32)


def _starts(counts: Integers) -> Integers:
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)])
