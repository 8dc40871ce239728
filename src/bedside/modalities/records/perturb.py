"""Worse records: events missing, fewer moments of measurement, numbers in another unit, predictions made earlier."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from bedside.modalities.modality import Perturbation
from bedside.modalities.records.earlier import all_as_of
from bedside.modalities.records.edited import Edit, edited
from bedside.modalities.records.history import Events, History
from bedside.modalities.records.spoken import called
from bedside.modalities.records.vocabulary import tables
from bedside.types import Booleans, Integers

SHARES = (0.1, 0.3, 0.5)
"""Shares of events, and of moments, that are not there."""

MISTAKEN = (0.02, 0.1, 0.3)
"""Shares of a case's kinds of measurement that stand in another unit."""

MOST_CODES = 20
"""Codes that are taken away one at a time: those that most development histories hold."""


def perturbations(
    development: Sequence[History], *, earlier: Sequence[float] = ()
) -> tuple[Perturbation[History], ...]:
    """What the evidence tries on every study of records.

    Args:
        development: Development histories, whose commonest codes are taken away one at a time.
        earlier: Hours before the index time at which a prediction is tried as well, with what was known then.
    """
    made = [
        Perturbation(
            name=f"{share:.0%} missing",
            family="missing_at_random",
            variable="",
            strength=share,
            apply=partial(_applied, share=share, how="missing"),
        )
        for share in SHARES
    ]
    made += [
        Perturbation(
            name=f"{share:.0%} of moments missing",
            family="sparser",
            variable="",
            strength=share,
            apply=partial(_applied, share=share, how="sparser"),
        )
        for share in SHARES
    ]
    made += [
        Perturbation(
            name=f"{share:.0%} of measurements in another unit",
            family="unit",
            variable="",
            strength=share,
            apply=partial(_applied, share=share, how="unit"),
        )
        for share in MISTAKEN
    ]
    made += [
        Perturbation(
            name=f"{hours:g} h earlier",
            family="earlier",
            variable="",
            strength=hours,
            apply=partial(all_as_of, hours=hours),
        )
        for hours in earlier
    ]
    names = called(development)
    made += [
        Perturbation(
            name=f"{names[code]} missing",
            family="missing_column",
            variable=names[code],
            strength=1.0,
            apply=partial(_without, code=code),
        )
        for code in commonest(development)[:MOST_CODES]
    ]
    return tuple(made)


def commonest(histories: Sequence[History]) -> list[str]:
    """Codes of events with a time, those that most histories hold first; of equals in the order of the alphabet."""
    counts: dict[str, int] = {}
    for events, positions, owners in tables(histories):
        is_event = ~events.lasting(positions)
        held = np.unique(events.codes[positions[is_event]].astype(np.int64) * len(histories) + owners[is_event])
        for code, count in zip(*np.unique(held // len(histories), return_counts=True), strict=True):
            word = events.words[code]
            counts[word] = counts.get(word, 0) + int(count)
    return sorted(counts, key=lambda word: (-counts[word], word))


def _applied(histories: Sequence[History], rng: np.random.Generator, *, share: float, how: str) -> list[History]:
    edits: dict[str, Edit] = {
        "missing": partial(_missing, rng=rng, share=share),
        "sparser": partial(_sparser, rng=rng, share=share),
        "unit": partial(_mistaken, rng=rng, share=share),
    }
    return edited(histories, edits[how])


def _without(histories: Sequence[History], rng: np.random.Generator, *, code: str) -> list[History]:
    del rng

    def edit(events: Events, rows: Integers, owners: Integers, timed: Booleans) -> tuple[Booleans, NDArray[np.float32]]:
        del owners
        gone = np.array([word == code for word in events.words], dtype=bool)
        return ~(gone[events.codes[rows]] & timed), events.numbers[rows]

    return edited(histories, edit)


def _missing(
    events: Events, rows: Integers, owners: Integers, timed: Booleans, *, rng: np.random.Generator, share: float
) -> tuple[Booleans, NDArray[np.float32]]:
    del owners
    return ~timed | (rng.random(len(rows)) >= share), events.numbers[rows]


def _sparser(
    events: Events, rows: Integers, owners: Integers, timed: Booleans, *, rng: np.random.Generator, share: float
) -> tuple[Booleans, NDArray[np.float32]]:
    """All events of a moment go together."""
    times = events.times[rows]
    new = np.ones(len(rows), dtype=bool)
    new[1:] = (owners[1:] != owners[:-1]) | (times[1:] != times[:-1])
    kept = rng.random(int(new.sum())) >= share
    return ~timed | kept[np.cumsum(new) - 1], events.numbers[rows]


def _mistaken(
    events: Events, rows: Integers, owners: Integers, timed: Booleans, *, rng: np.random.Generator, share: float
) -> tuple[Booleans, NDArray[np.float32]]:
    """All numbers of a code in a case are ten times too large or too small, as when units are mixed up."""
    pairs = owners * len(events.words) + events.codes[rows]
    distinct, which = np.unique(pairs, return_inverse=True)
    drawn = rng.random(len(distinct))
    factor = np.where(drawn < share / 2, 0.1, np.where(drawn < share, 10.0, 1.0)).astype(np.float32)
    changed = events.numbers[rows] * np.where(timed, factor[which.reshape(-1)], np.float32(1.0))
    return np.ones(len(rows), dtype=bool), changed.astype(np.float32)
