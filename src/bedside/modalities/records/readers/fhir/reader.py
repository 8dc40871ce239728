"""FHIR R4 exports as records: bulk NDJSON and patient bundles, as a stream."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from bedside.errors import FileProblem, RecordsProblem
from bedside.modalities.records.events.reader import Part
from bedside.modalities.records.readers.fhir.files import kind_of
from bedside.modalities.records.readers.fhir.parts import Bundles, Range
from bedside.modalities.records.readers.fhir.resources import READ
from bedside.modalities.records.readers.fhir.surroundings import Bulk

_LINES = (".ndjson", ".ndjson.gz")
_BUNDLES = (".json", ".json.gz")
_LOG = "log.ndjson"
"""What clients of bulk exports write beside the resources."""

DESCRIBED_BYTES = 8 << 20
DESCRIBED_FILES = 64
"""What codes are called is read from the beginnings of this many files."""


@dataclass(frozen=True)
class Fhir:
    """A folder (or one file) of FHIR R4 resources.

    Attributes:
        path: The folder, searched with all below it, or one file.
        validate: Hold each resource to the whole specification (R4B); costs some ten times the time.
        part_bytes: Larger NDJSON files are read in ranges, bundles in groups, of about this many bytes.
    """

    path: Path
    validate: bool = False
    part_bytes: int = 128 << 20

    @property
    def name(self) -> str:
        """As on the command line."""
        return "fhir"

    @property
    def systems(self) -> frozenset[str]:
        """Prefixes of its own codes."""
        return frozenset(["ALLERGY"])

    def __post_init__(self) -> None:
        """Refuse what is no export.

        Raises:
            FileProblem: There is nothing at the path.
            RecordsProblem: There is no file of resources.
        """
        if not self.path.exists():
            msg = f"{self.path} does not exist; name the folder of the FHIR export, or one file of it"
            raise FileProblem(msg)
        if not self._files:
            msg = (
                f"{self.path} holds no FHIR export: expected are files named *.ndjson or *.ndjson.gz (bulk export), "
                "or *.json or *.json.gz (bundles)"
            )
            raise RecordsProblem(msg)

    def parts(self) -> Sequence[Part]:
        """NDJSON files, large ones in ranges; bundles in groups."""
        return [*self._ranges(self.part_bytes), *self._groups(self.part_bytes)]

    def descriptions(self) -> Mapping[str, str]:
        """What the source calls its codes, as far as the beginnings of its files tell."""
        words: dict[str, str] = {}
        firsts = [part for part in self._ranges(DESCRIBED_BYTES) if part.start == 0 and part.kind in {*READ, ""}]
        for part in firsts[:DESCRIBED_FILES]:
            words = part.words() | words
        for group in self._groups(1)[:DESCRIBED_FILES]:
            words = group.words() | words
        return words

    @cached_property
    def _files(self) -> tuple[Path, ...]:
        found = [self.path] if self.path.is_file() else sorted(self.path.rglob("*"))
        ends = (*_LINES, *_BUNDLES)
        return tuple(path for path in found if path.name.endswith(ends) and path.name != _LOG and path.is_file())

    def _ranges(self, part_bytes: int) -> list[Range]:
        kinds = {path: kind_of(path) for path in self._files if path.name.endswith(_LINES)}
        encounters = tuple(path for path, kind in kinds.items() if kind in ("Encounter", ""))
        medications = tuple(path for path, kind in kinds.items() if kind in ("Medication", ""))
        stamps = tuple(path.stat().st_mtime_ns for path in (*encounters, *medications))
        around = Bulk(encounters, medications, stamps)
        return [part for path, kind in kinds.items() for part in self._cut(path, kind, around, part_bytes)]

    def _cut(self, path: Path, kind: str, around: Bulk, part_bytes: int) -> Iterator[Range]:
        size = path.stat().st_size
        name = path.name if path == self.path else path.relative_to(self.path).as_posix()
        count = 1 if path.suffix == ".gz" else max(1, -(-size // part_bytes))
        for number in range(count):
            label = name if count == 1 else f"{name} ({number + 1} of {count})"
            end = None if number == count - 1 else size * (number + 1) // count
            yield Range(path, label, kind, size * number // count, end, around, self.validate)

    def _groups(self, part_bytes: int) -> list[Bundles]:
        paths = [path for path in self._files if path.name.endswith(_BUNDLES)]
        groups: list[Bundles] = []
        held: list[Path] = []
        total = 0
        for number, path in enumerate(paths, 1):
            held.append(path)
            total += path.stat().st_size
            if total >= part_bytes or number == len(paths):
                groups.append(Bundles(tuple(held), number - len(held) + 1, self.validate))
                held, total = [], 0
        return groups
