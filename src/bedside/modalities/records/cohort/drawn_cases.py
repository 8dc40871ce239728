"""A source whose records are the cases of a declared cohort, drawn from a public set of events."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bedside.data.source import Derived, Published
from bedside.modalities.records.cohort.cases import Case, cases
from bedside.modalities.records.cohort.declaration import EventCohort
from bedside.modalities.records.cohort.draw import draw
from bedside.modalities.records.events.folder import EventFolder


class EventSource(Published, Protocol):
    """A public data set as a table of events."""

    def events(self, root: Path) -> EventFolder:
        """The table, converted once and kept; raises FileProblem where a file is absent or not the published one."""
        ...

    def simulated(self, n: int, *, seed: int) -> AbstractContextManager[EventFolder]:
        """The table of its synthetic twin, for as long as it is needed."""
        ...


@dataclass(frozen=True)
class DrawnCases(Derived):
    """Every row of the labels of a cohort, with its history or with the reason why it has none.

    Attributes:
        raw: The data set.
        cohort: The declaration.
    """

    raw: EventSource
    cohort: EventCohort

    def records(self, root: Path) -> Iterator[Case]:
        """Yield the cases; raises FileProblem as the data set does, and CohortProblem where nobody is left."""
        yield from _drawn(self.raw.events(root), self.cohort)

    def simulate(self, n: int, *, seed: int) -> Iterator[Case]:
        """Yield the cases of a twin of size n, as many as the declaration finds in it."""
        with self.raw.simulated(n, seed=seed) as folder:
            yield from _drawn(folder, self.cohort)


def _drawn(folder: EventFolder, cohort: EventCohort) -> Iterator[Case]:
    return cases(folder, draw(folder, cohort), leave_out=cohort.leave_out)
