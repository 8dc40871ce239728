"""Histories that show largely the same events: another window of one patient's record, or a copy that was edited."""

from collections.abc import Callable, Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from bedside.modalities.modality import NearCopies
from bedside.modalities.records.history import History
from bedside.modalities.records.vocabulary import tables
from bedside.types import Integers

RUN = 6
"""Events in a row, with the times between them, that hardly two patients share by chance."""

SHARED = 0.5
"""Share of a history's different runs that stand in one other history, from which the two are near copies."""

_COMMON = 50
"""Histories that hold a run, beyond which it is a routine and tells nothing."""

_FIRST, _SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)


def near_copies(histories: Sequence[History], digests: Callable[[Sequence[History]], list[bytes]]) -> NearCopies:
    """Find the runs of every history once, and answer for each split which judged histories share most of theirs.

    A run is six events in a row: their codes, numbers and texts, and the times between them, whatever the calendar, so
    that it is found in any table and under any index time. A history of fewer events is like no other. One that is
    identical to one that was learned from is a copy, which is counted elsewhere, and not a near copy.
    """
    same = np.array(digests(histories), dtype="S16")
    runs, owners = _runs(histories)

    def found(learned: Integers, judged: Integers) -> Integers:
        theirs, their = _of(runs, owners, learned)
        ours, our = _of(runs, owners, judged)
        first, last = np.searchsorted(theirs, ours, side="left"), np.searchsorted(theirs, ours, side="right")
        counts = np.where(last - first <= _COMMON, last - first, 0)
        matched = np.repeat(first, counts) + np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        pairs, shared = np.unique(np.repeat(our, counts) * len(same) + their[matched], return_counts=True)
        whole = np.bincount(our, minlength=len(same))
        near = np.unique((pairs // len(same))[shared >= SHARED * whole[pairs // len(same)]])
        positions: Integers = near[~np.isin(same[near], same[learned])].astype(np.int64)
        return positions

    return found


def hashed(words: Sequence[str]) -> NDArray[np.uint64]:
    """A number of 64 bits for each word, the same on every machine."""
    digest = b"".join(blake2b(word.encode(), digest_size=8).digest() for word in words)
    return np.frombuffer(digest, dtype="<u8")


def _runs(histories: Sequence[History]) -> tuple[NDArray[np.uint64], Integers]:
    """The different runs of each history, sorted, and whose they are."""
    parts, whose = [np.zeros(0, dtype=np.uint64)], [np.zeros(0, dtype=np.int64)]
    for events, positions, owners in tables(histories):
        timed = ~events.lasting(positions)
        rows, owner = positions[timed], owners[timed]
        if len(rows) < RUN:
            continue
        numbers = (events.numbers[rows] + np.float32(0.0)).astype("<f4")  # makes -0.0 and 0.0 the same bytes
        numbers[np.isnan(numbers)] = np.nan
        kinds, texts = hashed(events.words)[events.codes[rows]], hashed((*events.written, ""))[events.texts[rows]]
        each = _mixed(kinds ^ _mixed(texts ^ _mixed(numbers.view("<u4").astype(np.uint64))))
        count = len(rows) - RUN + 1
        times = events.times[rows]
        run = np.zeros(count, dtype=np.uint64)
        for step in range(RUN):
            gap = (times[step : step + count] - times[:count]).astype(np.uint64)
            run = _mixed(run ^ _mixed(each[step : step + count] ^ _mixed(gap)))
        one = owner[:count] == owner[RUN - 1 :]
        parts.append(run[one])
        whose.append(owner[:count][one])
    runs, whom = np.concatenate(parts), np.concatenate(whose)
    order = np.lexsort((whom, runs))
    runs, whom = runs[order], whom[order]
    new = np.ones(len(runs), dtype=bool)
    new[1:] = (runs[1:] != runs[:-1]) | (whom[1:] != whom[:-1])
    return runs[new], whom[new]


def _of(runs: NDArray[np.uint64], owners: Integers, positions: Integers) -> tuple[NDArray[np.uint64], Integers]:
    """The runs of some histories, still sorted."""
    chosen = np.isin(owners, positions)
    return runs[chosen], owners[chosen]


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Each bit made to depend on all of them (the finaliser of MurmurHash3, with other constants)."""
    values = (values ^ (values >> np.uint64(33)) ^ _SECOND) * _FIRST
    values = (values ^ (values >> np.uint64(29))) * _SECOND
    mixed: NDArray[np.uint64] = values ^ (values >> np.uint64(32))
    return mixed
