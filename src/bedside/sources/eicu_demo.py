"""eICU demo: an excerpt of stays in intensive care at many hospitals of the USA, as a table of events."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bedside.data.files import cache_root, locate
from bedside.data.source import DataFile
from bedside.modalities.records.events.convert import convert
from bedside.modalities.records.events.folder import EventFolder
from bedside.modalities.records.events.kept import kept
from bedside.modalities.records.readers.eicu import Eicu
from bedside.modalities.records.readers.eicu.simulate import simulate_eicu


@dataclass(frozen=True)
class EicuDemo:
    """174 stays in a unit in eight tables: patients, laboratory, examinations, diagnoses, drugs and treatments.

    Monitors and the nurses' chart are not among them. Which subjects are of one patient is told by `patient_of`.
    """

    name: str = "eicu_demo"
    licence: str = "Open Data Commons Open Database License 1.0"
    citation: str = (
        "Pollard TJ, Johnson AEW, Raffa JD, Celi LA, Mark RG, Badawi O. The eICU Collaborative Research Database, a "
        "freely available multi-center database for critical care research. Sci Data 2018;5:180178; "
        "doi:10.1038/sdata.2018.178"
    )
    files: tuple[DataFile, ...] = (
        DataFile(
            path="eicu_demo", sha256=("c3f9377763b0dffae80630cdaae8037ce727766d6915099dc03d1800036c3218",), folder=8
        ),
    )

    def events(self, root: Path) -> EventFolder:
        """The table of events, converted once and kept.

        Raises:
            FileProblem: The folder is absent or is not the published one.
        """
        folder = locate(self.files[0], root)
        return kept(self.name, [self.files[0].checksum], lambda: Eicu(folder), cache_root())

    @contextmanager
    def simulated(self, n: int, *, seed: int) -> Iterator[EventFolder]:
        """The same of n invented stays, for as long as it is needed."""
        with TemporaryDirectory(prefix="bedside-") as folder:
            raw = simulate_eicu(Path(folder) / "raw", n, seed)
            yield convert(Eicu(raw), Path(folder) / "events", jobs=1).folder
