"""Values that are measured: what is normal, a person's own, their conditions, and the hidden course of illness."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from bedside.modalities.records.simulate.catalogue import CONDITIONS, ILLNESSES, MEASUREMENTS, Measurement
from bedside.modalities.records.simulate.encounters import Stays
from bedside.modalities.records.simulate.people import DAY, People
from bedside.modalities.records.simulate.rows import Rows
from bedside.types import Floats, Integers

_NOISE: Final = 0.6
_BETTER_DAYS: Final = 2.5
"""In so many days an illness goes down to a third of what lies above its residual."""


def _moves(of: Sequence[object]) -> Floats:
    """Standard deviations by which each of these moves each measurement, shape (these, measurements)."""
    place = {measurement.name: column for column, measurement in enumerate(MEASUREMENTS)}
    found = np.zeros((len(of), len(MEASUREMENTS)))
    for row, one in enumerate(of):
        for name, by in getattr(one, "moves").items():  # noqa: B009 - of conditions and illnesses alike
            found[row, place[name]] = by
    return found


@dataclass(frozen=True, eq=False)
class Occasions:
    """Rounds at which several measurements are taken, as columns.

    Attributes:
        who: Place in the people, shape (n,).
        times: When the values become known, in seconds since the start; shape (n,).
        severity: Hidden, at that time; shape (n,).
        illness: Place in `ILLNESSES`, -1 for none; shape (n,).
        encounters: Shape (n,).
    """

    who: Integers
    times: Integers
    severity: Floats
    illness: Integers
    encounters: Integers

    def __len__(self) -> int:
        return len(self.who)


def in_stays(
    stays: Stays, encounters: Integers, since: Integers, until: Integers, hours: float, draws: np.random.Generator
) -> Occasions:
    """Occasions every so many hours between two times of each stay, a little irregular."""
    step = int(hours * 3600)
    counts = np.maximum((until - since) // step, 0)
    row = np.repeat(np.arange(len(stays)), counts)
    number = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    times = since[row] + number * step + draws.integers(60, step, len(row)) // 60 * 60
    return Occasions(stays.who[row], times, course(stays, row, times), stays.illness[row], encounters[row])


def course(stays: Stays, row: Integers, times: Integers) -> Floats:
    """The hidden severity at these times: worst at first, then better; in those who die worse until the end."""
    days = (times - stays.begins[row]) / DAY
    residual = stays.residual[row]
    better = residual + (stays.severity[row] - residual) * np.exp(-days / _BETTER_DAYS)
    whole = np.maximum((stays.ends[row] - stays.begins[row]) / DAY, 0.1)
    worse = stays.severity[row] + 1.4 * np.clip(days / whole, 0, 1)
    found: Floats = np.where(stays.fatal[row], worse, better)
    return found


def measure(
    rows: Rows, people: People, at: Occasions, which: Sequence[Measurement], share: float, draws: np.random.Generator
) -> None:
    """Add the values of a round: each measurement that is wanted there, at a share of the occasions."""
    if not len(at):
        return
    columns = np.array([MEASUREMENTS.index(one) for one in which])
    taken = draws.random((len(at), len(which))) < share * np.array([one.wanted for one in which])
    apart = people.own[at.who][:, columns] + draws.normal(scale=_NOISE, size=taken.shape)
    apart += people.has(at.who, at.times) @ _moves(CONDITIONS)[:, columns]
    apart += at.severity[:, None] * np.array([one.severity for one in which])
    apart += (people.age(at.who, at.times)[:, None] - 60) / 10 * np.array([one.age for one in which])
    ill = np.clip(at.severity + 0.7, 0, 2.5) * (at.illness >= 0)
    apart += ill[:, None] * _moves(ILLNESSES)[at.illness][:, columns]
    for place, one in enumerate(which):
        there = np.flatnonzero(taken[:, place])
        rows.add(
            people.subjects[at.who[there]],
            at.times[there],
            one.code,
            numbers=_values(one, apart[there, place]),
            units=rows.words.place(one.unit),
            encounters=at.encounters[there],
        )


def _values(one: Measurement, apart: Floats) -> Floats:
    raw: Floats = one.mean * np.exp(one.sd * apart) if one.skewed else one.mean + one.sd * apart
    low, high = one.limits
    return np.minimum(np.maximum(raw, low), high).round(one.digits)
