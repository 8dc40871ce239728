"""Stays of the challenge of 2012 as the study takes them: a drawn case, its length, and the scores beside it."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from bedside.data.source import DataFile
from bedside.modalities.records.cohort.cases import Case, cases
from bedside.modalities.records.cohort.draw import draw
from bedside.modalities.records.cohort.toml import load_cohort
from bedside.modalities.records.events.folder import EventFolder
from bedside.sources.physionet_2012 import Stays2012

COHORT = load_cohort(Path(__file__).parent / "cohort.toml")
"""The declared cohort."""

SAPS_I, SOFA = "SAPS-I", "SOFA"
"""Scores that were recorded with the stays: nothing for a model to look at."""

DIED, DISCHARGED = "death", "discharge"
"""How a stay ended."""


@dataclass(frozen=True, eq=False)
class Stay:
    """One stay.

    Attributes:
        case: Drawn by the declaration; its history carries the recorded scores.
        partition: The publisher's set, "a" or "b".
        unknown: Whether the publisher does not tell the stay's length.
        days: Whole days from 48 hours after admission to the end of the day on which the stay ended; None where its
            length is not known.
        ended: How it ended, `DIED` or `DISCHARGED`; None where its length is not known. Known only afterwards.
    """

    case: Case
    partition: str
    unknown: bool
    days: int | None
    ended: str | None


@dataclass(frozen=True)
class Stays:
    """Both published sets, drawn."""

    raw: Stays2012 = field(default_factory=Stays2012)

    @property
    def name(self) -> str:
        """That of the data set."""
        return self.raw.name

    @property
    def licence(self) -> str:
        """That of the data set."""
        return self.raw.licence

    @property
    def citation(self) -> str:
        """That of the data set."""
        return self.raw.citation

    @property
    def files(self) -> tuple[DataFile, ...]:
        """Those of the data set."""
        return self.raw.files

    def records(self, root: Path) -> Iterator[Stay]:
        """Yield the 8,000 stays; raises FileProblem as `Stays2012.tables` does."""
        yield from _drawn(*self.raw.tables(root))

    def simulate(self, n: int, *, seed: int) -> Iterator[Stay]:
        """Yield n invented stays."""
        with self.raw.simulated(n, seed=seed) as (folder, outcomes):
            yield from _drawn(folder, outcomes)


def _drawn(folder: EventFolder, outcomes: pl.DataFrame) -> Iterator[Stay]:
    rows = {row["subject"]: row for row in outcomes.iter_rows(named=True)}
    for case in cases(folder, draw(folder, COHORT), leave_out=COHORT.leave_out):
        row, length = rows[case.patient], case.label["float_value"]
        yield Stay(
            case=_with_scores(case, row["saps_i"], row["sofa"]),
            partition=row["set"],
            unknown=row["length_of_stay_days"] is None,
            days=None if length is None else round(length),  # a day ends at its last second
            ended=None if length is None else DIED if case.label["competing"] else DISCHARGED,
        )


def _with_scores(case: Case, saps: float | None, sofa: float | None) -> Case:
    if case.history is None:
        return case
    scores = tuple((name, float(value)) for name, value in ((SAPS_I, saps), (SOFA, sofa)) if value is not None)
    return replace(case, history=replace(case.history, beside=scores))
