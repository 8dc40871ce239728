"""Histories with rows left out or numbers changed, over tables of their own."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bedside.modalities.records.history import Events, History
from bedside.modalities.records.vocabulary import tables
from bedside.types import Booleans, Integers

Edit: TypeAlias = Callable[[Events, Integers, Integers, Booleans], "tuple[Booleans, NDArray[np.float32]]"]
"""(table, rows, which history each row is of, which rows are events with a time) to which rows stay, and numbers."""


def edited(histories: Sequence[History], edit: Edit) -> list[History]:
    """The same histories after an edit of what they hold; the originals are untouched.

    Args:
        histories: Of any patients.
        edit: Called once a table, with the rows that its histories see, history by history: facts first, then events.
    """
    made: dict[int, History] = {}
    for events, positions, owners in tables(histories):
        own = np.unique(owners)
        starts = np.searchsorted(owners, own)
        facts = np.array([histories[place].facts[1] - histories[place].facts[0] for place in own])
        keep, numbers = edit(events, positions, owners, ~events.lasting(positions))
        rows = positions[keep]
        table = Events(
            events.times[rows],
            events.codes[rows],
            numbers[keep],
            events.texts[rows],
            events.words,
            events.written,
            events.names,
        )
        ends = np.append(np.cumsum(keep), 0)  # the last entry is what stands before the first row
        stops = np.append(starts[1:], len(owners))
        for place, start, count, stop in zip(
            own.tolist(), starts.tolist(), facts.tolist(), stops.tolist(), strict=True
        ):
            first, middle, last = int(ends[start - 1]), int(ends[start + count - 1]), int(ends[stop - 1])
            one = histories[place]
            made[place] = replace(one, events=table, facts=(first, middle), rows=(middle, last))
    empty = Events(*_NOTHING, (), ())
    for place, one in enumerate(histories):
        if place not in made:  # a history without a single row
            made[place] = replace(one, events=empty, facts=(0, 0), rows=(0, 0))
    return [made[place] for place in range(len(histories))]


_NOTHING = (
    np.zeros(0, dtype=np.int64),
    np.zeros(0, dtype=np.int32),
    np.zeros(0, dtype=np.float32),
    np.zeros(0, dtype=np.int32),
)
