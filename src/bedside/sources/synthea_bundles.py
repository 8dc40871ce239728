"""Synthea: invented patients of Massachusetts as FHIR R4 bundles, one a patient, as a table of events."""

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
from bedside.modalities.records.readers.fhir.reader import Fhir
from bedside.modalities.records.readers.fhir.simulate import simulate_fhir


@dataclass(frozen=True)
class SyntheaBundles:
    """19 patients with all their encounters from birth on. Nobody of them lives: Synthea made them by rules."""

    name: str = "synthea_bundles"
    licence: str = "Apache-2.0"
    citation: str = (
        "Walonoski J, Kramer M, Nichols J, et al. Synthea: an approach, method, and software mechanism for generating "
        "synthetic patients and the synthetic electronic health care record. J Am Med Inform Assoc 2018;25:230-238; "
        "doi:10.1093/jamia/ocx079"
    )
    files: tuple[DataFile, ...] = (
        DataFile(
            path="synthea_bundles",
            sha256=("84d5a5c15bbd241b90de8d00899fd8b068e0df766a5e8ddf0dbde6f9f8db7538",),
            folder=20,
        ),
    )

    def events(self, root: Path) -> EventFolder:
        """The table of events, converted once and kept.

        Raises:
            FileProblem: The folder is absent or is not the published one.
        """
        folder = locate(self.files[0], root)
        return kept(self.name, [self.files[0].checksum], lambda: Fhir(folder), cache_root())

    @contextmanager
    def simulated(self, n: int, *, seed: int) -> Iterator[EventFolder]:
        """The same of n patients invented here, by simpler rules, for as long as it is needed."""
        with TemporaryDirectory(prefix="bedside-") as folder:
            raw = simulate_fhir(Path(folder) / "raw", n, seed)
            yield convert(Fhir(raw), Path(folder) / "events", jobs=1).folder
