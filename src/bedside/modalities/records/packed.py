"""Histories as arrays: events one after the other, gathered into moments, with where each case starts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bedside.modalities.records.history import HOUR, History
from bedside.modalities.records.vocabulary import Vocabulary, tables
from bedside.types import Integers


@dataclass(frozen=True, eq=False)
class Packed:
    """Cases in order; of each its events in the order of time. The last moment of each case is the index time itself.

    Attributes:
        tokens: Of the events, shape (e,).
        numbers: NaN where an event has none, shape (e,).
        hours: Before the index time, shape (e,).
        steps: Which moment of its case an event belongs to, from 0, shape (e,).
        starts: First event of each case and past the last, shape (n + 1,).
        moments: Moments of each case, the index time included, shape (n,).
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
    facts = np.array([history.facts[1] - history.facts[0] for history in histories], dtype=np.int64)
    rows = np.array([len(history) for history in histories], dtype=np.int64)
    fact_starts, starts = _starts(facts), _starts(rows)
    tokens = np.zeros(starts[-1], dtype=np.int64)
    numbers = np.full(starts[-1], np.nan, dtype=np.float32)
    hours = np.zeros(starts[-1], dtype=np.float32)
    fact_tokens = np.zeros(fact_starts[-1], dtype=np.int64)
    fact_numbers = np.full(fact_starts[-1], np.nan, dtype=np.float32)
    index = np.array([history.index for history in histories], dtype=np.int64)
    for events, positions, owners in tables(histories):
        told = vocabulary.numbers(events, positions)
        value = events.numbers[positions]
        # `positions` holds each history's facts, then its events.
        within = np.arange(len(owners)) - np.searchsorted(owners, owners)
        is_fact = within < facts[owners]
        place = fact_starts[owners[is_fact]] + within[is_fact]
        fact_tokens[place], fact_numbers[place] = told[is_fact], value[is_fact]
        timed = ~is_fact
        place = starts[owners[timed]] + within[timed] - facts[owners[timed]]
        tokens[place], numbers[place] = told[timed], value[timed]
        hours[place] = (index[owners[timed]] - events.times[positions[timed]]) / HOUR
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
    return Packed(
        tokens,
        numbers,
        hours,
        np.maximum(step - late[owner], 0),
        starts,
        np.minimum(distinct, most) + 1,
        fact_tokens,
        fact_numbers,
        fact_starts,
        merged,
    )


def _starts(counts: Integers) -> Integers:
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)])
