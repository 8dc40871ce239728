"""PhysioNet/CinC Challenge 2012: 8,000 stays in intensive care as a table of events."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from bedside.data.files import cache_root, locate
from bedside.data.source import DataFile, Derived
from bedside.errors import FileProblem
from bedside.modalities.records.cohort.cases import Case, cases
from bedside.modalities.records.cohort.declaration import EventCohort
from bedside.modalities.records.cohort.draw import draw
from bedside.modalities.records.events.convert import convert
from bedside.modalities.records.events.folder import EventFolder
from bedside.modalities.records.events.kept import kept
from bedside.modalities.records.readers.physionet_2012 import PhysioNet2012, outcomes
from bedside.modalities.records.readers.physionet_2012.simulate import simulate_physionet_2012

SAPS_I, SOFA = "SAPS-I", "SOFA"
"""Scores that were recorded with the stays: nothing for a model to look at."""

_STAYS = 4_000
_HOME = "https://physionet.org/files/challenge-2012/1.0.0"


@dataclass(frozen=True)
class Stays2012:
    """Sets a and b, of 4,000 stays each: the first 48 hours of adults in four kinds of intensive care at one hospital.

    Each stay is another subject: whether two are of one person is not told. Times count from admission to intensive
    care, on a calendar that is no one's (1800). Outcomes are events after the 48 hours, and a table apart.
    """

    name: str = "physionet_2012"
    licence: str = "Open Data Commons Attribution License 1.0"
    citation: str = (
        "Silva I, Moody G, Scott DJ, Celi LA, Mark RG. Predicting in-hospital mortality of ICU patients: the "
        "PhysioNet/Computing in Cardiology Challenge 2012. Comput Cardiol 2012;39:245-248; data doi:10.13026/A6PE-6R72"
    )
    files: tuple[DataFile, ...] = (
        DataFile(
            path="physionet2012/set-a.tar.gz",
            sha256=("00feeb1537b74e36d6a6aeeff8ef2dd1e039cd27276986065f21168926db9a29",),
            address=f"{_HOME}/set-a.tar.gz",
        ),
        DataFile(
            path="physionet2012/set-b.tar.gz",
            sha256=("ee20a3fcd794c276612ce90882918216b1a2792e6815a5b97b015db46a69dd31",),
            address=f"{_HOME}/set-b.tar.gz",
        ),
        DataFile(
            path="physionet2012/Outcomes-a.txt",
            sha256=("2613ea60ccda29f87571a7d6b09ad130858a8ccd66325bd073365925026883c2",),
            address=f"{_HOME}/Outcomes-a.txt",
        ),
        DataFile(
            path="physionet2012/Outcomes-b.txt",
            sha256=("1305f29734da374a809483229a99f33a9230aa8d4fa74b1a2d6ad788136423d5",),
            address=f"{_HOME}/Outcomes-b.txt",
        ),
    )

    def tables(self, root: Path) -> tuple[EventFolder, pl.DataFrame]:
        """The table of events, converted once and kept, and the table of outcomes.

        Raises:
            FileProblem: A file is absent, cannot be fetched, or is not the published one.
        """
        folder = {locate(file, root).parent for file in self.files}.pop()
        table = outcomes(folder)
        if table.height != 2 * _STAYS:
            msg = f"{folder} tells the outcomes of {table.height} stays; {2 * _STAYS} are expected"
            raise FileProblem(msg)
        contents = [file.checksum for file in self.files]
        return kept(self.name, contents, lambda: PhysioNet2012(folder), cache_root()), table

    @contextmanager
    def simulated(self, n: int, *, seed: int) -> Iterator[tuple[EventFolder, pl.DataFrame]]:
        """The same of n invented stays, half in either set, for as long as they are needed."""
        with TemporaryDirectory(prefix="bedside-") as folder:
            raw = simulate_physionet_2012(Path(folder) / "raw", n, seed)
            yield convert(PhysioNet2012(raw), Path(folder) / "events", jobs=1).folder, outcomes(raw)


@dataclass(frozen=True, eq=False)
class Stay2012:
    """One drawn stay, and what the publisher says became of it.

    Attributes:
        case: Drawn by a declaration; its history carries the recorded scores.
        partition: The publisher's set, "a" or "b".
        days: From admission to the end of the stay in hospital; None where the publisher does not tell.
        died: Whether the publisher says that it ended in death.
    """

    case: Case
    partition: str
    days: int | None
    died: bool


@dataclass(frozen=True)
class DrawnStays(Derived):
    """The stays that a declared cohort draws, or excludes, from both sets.

    Attributes:
        cohort: The declaration.
        raw: The data set.
    """

    cohort: EventCohort
    raw: Stays2012 = field(default_factory=Stays2012)

    def records(self, root: Path) -> Iterator[Stay2012]:
        """Yield the 8,000 stays; raises FileProblem as `Stays2012.tables` does."""
        yield from self._drawn(*self.raw.tables(root))

    def simulate(self, n: int, *, seed: int) -> Iterator[Stay2012]:
        """Yield n invented stays."""
        with self.raw.simulated(n, seed=seed) as (folder, outcomes):
            yield from self._drawn(folder, outcomes)

    def _drawn(self, folder: EventFolder, outcomes: pl.DataFrame) -> Iterator[Stay2012]:
        rows = {row["subject"]: row for row in outcomes.iter_rows(named=True)}
        for case in cases(folder, draw(folder, self.cohort), leave_out=self.cohort.leave_out):
            row = rows[case.patient]
            scored = _with_scores(case, row["saps_i"], row["sofa"])
            yield Stay2012(scored, row["set"], row["length_of_stay_days"], row["in_hospital_death"])


def _with_scores(case: Case, saps: float | None, sofa: float | None) -> Case:
    if case.history is None:
        return case
    scores = tuple((name, float(value)) for name, value in ((SAPS_I, saps), (SOFA, sofa)) if value is not None)
    return replace(case, history=replace(case.history, beside=scores))
