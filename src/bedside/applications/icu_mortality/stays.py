"""Stays of the challenge of 2012 as the study takes them: a drawn case, what became of it, and the scores beside it."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from bedside.data.source import DataFile
from bedside.modalities.records.cohort.cases import Case, cases
from bedside.modalities.records.cohort.draw import draw
from bedside.modalities.records.cohort.toml import load_cohort
from bedside.modalities.records.events.folder import EventFolder
from bedside.modalities.records.history import History
from bedside.sources.physionet_2012 import Stays2012

COHORT = load_cohort(Path(__file__).parent / "cohort.toml")
"""The declared cohort."""

SAPS_I, SOFA = "SAPS-I", "SOFA"
"""Scores that were recorded with the stays: nothing for a model to look at."""


@dataclass(frozen=True, eq=False)
class Stay:
    """One stay.

    Attributes:
        case: Drawn by the declaration; its history carries the recorded scores.
        partition: The publisher's set, "a" or "b".
        died: Death in hospital: by the drawn outcome, and where the end of the stay is not known by the publisher's
            word that the patient left alive. None where neither says.
    """

    case: Case
    partition: str
    died: bool | None


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
        row = rows[case.patient]
        known = case.label["boolean_value"]
        if known is None and row["length_of_stay_days"] is None and not row["in_hospital_death"]:
            known = False
        yield Stay(replace(case, history=_with_scores(case.history, row["saps_i"], row["sofa"])), row["set"], known)


def _with_scores(history: History | None, saps: float | None, sofa: float | None) -> History | None:
    if history is None:
        return None
    scores = tuple((name, float(value)) for name, value in ((SAPS_I, saps), (SOFA, sofa)) if value is not None)
    return replace(history, beside=scores)
