"""How the spine looks at records over time."""

import json
from collections.abc import Sequence
from functools import partial
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from bedside.modalities.modality import Modality, Variable
from bedside.modalities.records.history import AGE, HOUR, STATIC, YEAR, Events, History
from bedside.modalities.records.overlap import hashed, near_copies
from bedside.modalities.records.perturb import commonest, perturbations
from bedside.modalities.records.profile import compare_with, profile_of
from bedside.modalities.records.spoken import called, plain
from bedside.modalities.records.vocabulary import tables
from bedside.types import Floats

_LENGTHS = (("a", YEAR), ("d", 24.0))
"""Units of time of UCUM, and how many hours they have."""

DESCRIBED = 30
"""Measurements described in table 1: those that most histories hold."""


def records(*, earlier: Sequence[float] = ()) -> Modality[History]:
    """The modality of records: histories over a table of events.

    Args:
        earlier: Hours before the index time at which predictions are tried as well, with what was known then: how
            performance grows with the hours that a patient has been watched.
    """
    return Modality(
        name="records",
        variables=variables,
        digest=digests,
        profile=profile_of,
        compare=compare_with,
        perturbations=partial(perturbations, earlier=tuple(earlier)),
        near_copies=partial(near_copies, digests=digests),
        beside=_beside,
    )


def variables(histories: Sequence[History]) -> tuple[Variable, ...]:
    """How much is recorded, facts without a time, and the last number of each of the commonest measurements."""
    counts, hours, ages = (np.full(len(histories), start) for start in (0.0, 0.0, np.nan))
    for events, positions, owners in tables(histories):
        before = (np.array([one.index for one in histories])[owners] - events.times[positions]) / HOUR
        birth = events.lasting(positions) & (events.times[positions] != STATIC)
        ages[owners[birth]] = before[birth] / YEAR
        timed = ~events.lasting(positions)
        counts += np.bincount(owners[timed], minlength=len(histories))
        np.maximum.at(hours, owners[timed], before[timed])
    made = [
        Variable("events", "", numbers=counts),
        _observed(hours),
    ]
    if np.isfinite(ages).any():
        made.append(Variable(AGE, "a", numbers=ages))
    made += _facts(histories)
    names, numbered = called(histories), list[Variable]()
    for code in commonest(histories):
        numbers = last_numbers(histories, code)
        if np.isfinite(numbers).any():
            numbered.append(Variable(f"{names[code]}, last", "", numbers=numbers, of=names[code]))
        if len(numbered) == DESCRIBED:
            break
    return (*made, *numbered)


def _observed(hours: Floats) -> Variable:
    """For how long before the index time anything is recorded, in the unit that suits the longest."""
    longest = float(hours.max(initial=0.0))
    unit, length = next(((unit, length) for unit, length in _LENGTHS if longest >= 10 * length), ("h", 1.0))
    return Variable("time observed", unit, numbers=hours / length)


def last_numbers(histories: Sequence[History], code: str) -> Floats:
    """The latest number of a code in each history, NaN where there is none."""
    found = np.full(len(histories), np.nan)
    for events, positions, owners in tables(histories):
        wanted = np.array([word == code for word in events.words], dtype=bool)
        rows = wanted[events.codes[positions]] & np.isfinite(events.numbers[positions])
        found[owners[rows]] = events.numbers[positions[rows]]  # of equal places the last one is kept
    return found


def digests(histories: Sequence[History]) -> list[bytes]:
    """16 bytes a history, equal when all it holds is equal, whenever it was; the same on every machine."""
    known: dict[int, tuple[NDArray[np.uint64], NDArray[np.uint64]]] = {}
    made = []
    for one in histories:
        events = one.events
        words, written = known.setdefault(id(events), (hashed(events.words), hashed((*events.written, ""))))
        rows = one.positions()
        times = np.where(rows < one.facts[1], 0, one.index - events.times[rows])
        numbers = (events.numbers[rows] + np.float32(0.0)).astype("<f4")  # makes -0.0 and 0.0 the same bytes
        numbers[np.isnan(numbers)] = np.nan
        key = blake2b(digest_size=16)
        key.update(f"{one.facts[1] - one.facts[0]} {len(one)}".encode())
        for column in (times.astype("<i8"), words[events.codes[rows]], numbers, written[events.texts[rows]]):
            key.update(column.tobytes())
        made.append(key.digest())
    return made


def _beside(history: History) -> bytes:
    return json.dumps(sorted(history.beside)).encode()


def _facts(histories: Sequence[History]) -> list[Variable]:
    """Numbers of facts by code; of facts without a number, one variable a system ("sex") with codes as categories."""
    numbers: dict[str, Floats] = {}
    words: dict[str, list[str]] = {}
    for place, one in enumerate(histories):
        for row in range(*one.facts):
            word, number = one.events.words[one.events.codes[row]], float(one.events.numbers[row])
            if np.isfinite(number):
                numbers.setdefault(one.events.called(word), np.full(len(histories), np.nan))[place] = number
            else:
                name, value = _fact(one.events, row)
                words.setdefault(name, [""] * len(histories))[place] = value
    made = [Variable(word, "", numbers=column) for word, column in sorted(numbers.items())]
    for name, column in sorted(words.items()):
        categories = tuple(sorted({value for value in column if value}))
        places = {value: place for place, value in enumerate(categories)}
        codes = np.array([places.get(value, -1) for value in column], dtype=np.float64)
        made.append(Variable(name, "", codes=codes, categories=categories))
    return made


def _fact(events: Events, row: int) -> tuple[str, str]:
    word, text = events.words[events.codes[row]], int(events.texts[row])
    if text >= 0:
        return events.called(word), events.written[text]
    system, mark, value = word.partition("//")
    return (plain(system), value) if mark else (events.called(word), "yes")
