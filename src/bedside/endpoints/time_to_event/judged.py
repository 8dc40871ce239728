"""One learner's judged rows as arrays, for figures of times to events."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bedside.endpoints.drawing import named
from bedside.endpoints.endpoint import View
from bedside.endpoints.time_to_event.outcome import Followed, Incidence, times_of
from bedside.endpoints.time_to_event.target import Timed
from bedside.evidence.count import WITHHELD, Count
from bedside.stats.disclosure import Sum, hidden_cells
from bedside.stats.incidence_limits import ObservedIncidence, observed_incidence
from bedside.stats.times import Times
from bedside.types import Floats, Integers

TimedView = View[Followed, Incidence]

_INTERVALS = (1.0, 2.0, 2.5, 5.0, 10.0)
_MONTHS = (1.0, 2.0, 3.0, 6.0, 12.0, 24.0, 36.0, 60.0, 120.0)
EVERYBODY = -1
"""Stands for all groups together among their numbers."""
_TICKS = 6
"""About so many times are marked along an axis."""


@dataclass(frozen=True, eq=False)
class Judged:
    """One learner's rows."""

    view: TimedView
    target: Timed

    @property
    def name(self) -> str:
        """The learner's name in words."""
        return self.view.label or named(self.view.learner)

    @cached_property
    def times(self) -> Times:
        """What happened."""
        return times_of(self.view.outcomes)

    @cached_property
    def curves(self) -> Floats:
        """What was predicted, shape (n, causes, times)."""
        return self.target.curves(self.view.predictions)

    def risk(self, horizon: float) -> Floats:
        """Predicted incidence of the first cause at a horizon, shape (n,)."""
        return np.asarray(self.curves[:, 0, self.target.place(horizon)], dtype=np.float64)

    @cached_property
    def repeated_patients(self) -> Integers | None:
        """Each row's patient where patients repeat; None where every row is another patient."""
        patient = self.view.patient
        return patient if np.unique(patient).size < patient.size else None

    def patients(self, rows: Integers) -> int:
        """How many patients these rows are of."""
        return int(np.unique(self.view.patient[rows]).size)

    def shown(self, groups: Sequence[Sequence[int]]) -> list[tuple[Count, ...]]:
        """Numbers of patients in groups, one a time, without small ones and those that would give them away.

        Args:
            groups: Numbers at the same times; all groups together are everybody, whose numbers stand in another figure.
        """
        smallest, each = self.view.smallest_cell, range(len(groups))
        found: list[list[Count]] = [list(counts) for counts in groups]
        for time in range(len(groups[0])):
            patients = {group: groups[group][time] for group in each}
            everybody = sum(patients.values())
            known = {EVERYBODY} if everybody >= smallest else set[int]()
            hidden = hidden_cells(
                {**patients, EVERYBODY: everybody}, [Sum(tuple(each), EVERYBODY)], smallest, shown=known
            )
            for group in each:
                if group in hidden.small:
                    found[group][time] = f"<{smallest}"
                elif group in hidden.protecting:
                    found[group][time] = WITHHELD
        return [tuple(counts) for counts in found]

    def observed(self, rows: Integers, at: Floats, cause: int = 1) -> ObservedIncidence:
        """Observed incidence of a cause in some rows, with 95% limits by patient."""
        times = Times(self.times.time[rows], self.times.event[rows], self.times.entry[rows])
        repeated = self.repeated_patients
        return observed_incidence(times, at, cause=cause, patient=None if repeated is None else repeated[rows])

    def groups(self, horizon: float, most: int, fewest: int) -> list[Integers]:
        """Positions of rows in groups of about equal size by predicted risk, the lowest first.

        Equal predictions never stand in two groups; no group has fewer patients than may be shown.

        Args:
            horizon: At which the risk was predicted.
            most: Groups at most.
            fewest: Cases that a group has at least, as far as it goes.
        """
        risk = self.risk(horizon)
        for count in range(max(1, min(most, risk.size // fewest)), 1, -1):
            edges = np.unique(np.quantile(risk, np.linspace(0.0, 1.0, count + 1)[1:-1]))
            place = np.searchsorted(edges, risk, side="left")
            found = [np.flatnonzero(place == k).astype(np.int64) for k in np.unique(place)]
            if all(self.patients(rows) >= self.view.smallest_cell for rows in found):
                return found
        return [np.arange(risk.size, dtype=np.int64)]


def judged_rows(views: Sequence[TimedView], target: Timed) -> list[Judged]:
    """Every learner's rows, the model's first."""
    return [Judged(view, target) for view in views]


def marked_times(until: float, unit: str) -> tuple[float, ...]:
    """Round times from 0 on, evenly spaced, up to the last one that is judged; whole years where it can be."""
    raw = until / _TICKS
    power = 10.0 ** np.floor(np.log10(raw))
    steps = [factor * power for factor in _INTERVALS]
    if unit.startswith("month") and _MONTHS[0] <= raw <= _MONTHS[-1]:
        steps = list(_MONTHS)
    step = next(each for each in steps if each >= raw * 0.999)
    return tuple(float(f"{k * step:.10g}") for k in range(int(np.floor(until / step + 1e-9)) + 1))


def drawn_times(target: Timed, smallest: int, last: float, most: int = 199) -> Floats:
    """Times from 0 on at which curves are drawn, up to `last`: those of the grid where small counts are withheld.

    Finer steps would show single events.
    """
    every = target.grid if smallest > 1 else np.linspace(0.0, target.until, most + 1)[1:]
    return np.concatenate([[0.0], every[every <= last]])


def at_time(time: float, unit: str) -> str:
    """A time in words ("60 months")."""
    return f"{time:g} {unit}".rstrip()
