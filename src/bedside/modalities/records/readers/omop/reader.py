"""The OMOP common data model as records."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from bedside.errors import FileProblem, RecordsProblem
from bedside.modalities.records.events.reader import Part, Problems
from bedside.modalities.records.events.schema import CODE
from bedside.modalities.records.readers.omop.events import MAKES
from bedside.modalities.records.readers.omop.files import File, find, look
from bedside.modalities.records.readers.omop.known import Known
from bedside.modalities.records.readers.omop.tables import CONCEPT, LEFT_OUT, VISIT, Table, clocked

_VISIT = "visit_occurrence_id"


@dataclass(frozen=True)
class Piece:
    """A table's file, or a range of it.

    Attributes:
        name: Of the file, and where in it the range begins.
        table: Which table.
        file: The file.
        span: See `File.spans`.
        clocked: Stems of times that have clock times; see `tables.clocked`.
        known: The tables that are looked up.
    """

    name: str
    table: str
    file: File
    span: tuple[int, int]
    clocked: frozenset[str]
    known: Known

    def frames(self, problems: Problems) -> Iterator[pl.DataFrame]:
        """See `Part`."""
        table, makes = MAKES[self.table]
        for stem in table.stems:
            if f"{stem}_datetime" in self.file.present and stem not in self.clocked and stem != "birth":
                problems.add(f"{self.table}: {stem}_datetime is midnight throughout and read as a day", self.name)
        for read in self.file.frames(table, problems, self.span):
            numbered = _VISIT in read.columns
            frame = read.with_columns(pl.col(_VISIT).replace(0, None)) if numbered else read  # 0 stands for none
            events = makes(frame, self.clocked, self.known, problems)
            whose = pl.col("subject").is_not_null() & pl.col(CODE).is_not_null()
            kept = events.filter(whose)
            if kept.height < events.height:
                problems.add(f"{self.table}: no person_id", times=events.height - kept.height)
            yield kept


@dataclass(frozen=True)
class LeftOut:
    """Tables of patients that become no events: nothing but their names."""

    tables: tuple[str, ...]
    concepts: bool

    @property
    def name(self) -> str:
        """No file."""
        return "tables that are left out"

    def frames(self, problems: Problems) -> Iterator[pl.DataFrame]:
        """See `Part`."""
        for table in self.tables:
            problems.add(f"table {table}: left out")
        if not self.concepts:
            problems.add("table concept: not there; codes are OMOP//concept_id")
        yield from ()


@dataclass(frozen=True)
class Omop:
    """A folder of tables of the OMOP common data model, version 5.3 or 5.4.

    Attributes:
        path: The folder. A table is a CSV file (comma or tab, also compressed), a Parquet file, or a folder of such.
        part_bytes: Larger files are read in ranges of about this many bytes.
    """

    path: Path
    part_bytes: int = 128 << 20

    def __post_init__(self) -> None:
        """Refuse what is no such folder.

        Raises:
            FileProblem: There is nothing at the path.
            RecordsProblem: It is no folder, or lacks the table person or any table of events.
        """
        if not self.path.exists():
            msg = f"{self.path} does not exist; name the folder that holds the OMOP tables"
            raise FileProblem(msg)
        if not self.path.is_dir() or not find(self.path, "person"):
            msg = (
                f"{self.path} holds no OMOP tables: expected is a folder with person.csv or person.parquet, and others"
            )
            raise RecordsProblem(msg)
        if not any(find(self.path, name) for name in MAKES if name != "person"):
            msg = f"{self.path} holds the table person and no table of events; expected are any of {', '.join(MAKES)}"
            raise RecordsProblem(msg)

    @property
    def name(self) -> str:
        """As on the command line."""
        return "omop"

    @property
    def systems(self) -> frozenset[str]:
        """Prefixes of its own codes."""
        return frozenset(["OMOP", "RXNORM_EXTENSION", "UNIT_START", "UNIT_END"])

    def parts(self) -> Sequence[Part]:
        """Tables, large ones in ranges.

        Raises:
            RecordsProblem: A table lacks a column, is there twice, or cannot be read.
        """
        known = self._known()
        pieces = [piece for name in MAKES for piece in self._pieces(name, known)]
        there = tuple(name for name in LEFT_OUT if find(self.path, name))
        return [*pieces, LeftOut(there, bool(known.concepts))]

    def descriptions(self) -> Mapping[str, str]:
        """Names of concepts, where the table concept is there."""
        return self._known().words()

    def _known(self) -> Known:
        visits = self._files(VISIT)
        return Known(self._files(CONCEPT), visits, self._clocks(VISIT, visits))

    def _files(self, table: Table) -> tuple[File, ...]:
        files = tuple(look(path) for path in find(self.path, table.name))
        for file in files:
            table.check(file.path.name, file.present)
        return files

    def _clocks(self, table: Table, files: tuple[File, ...]) -> frozenset[str]:
        """Stems of times that have clock times at the beginning of any of the table's files."""
        heads = (next(file.frames(table, Problems()), None) for file in files)
        return frozenset(stem for head in heads if head is not None for stem in clocked(head, table))

    def _pieces(self, name: str, known: Known) -> Iterator[Piece]:
        table, _ = MAKES[name]
        files = self._files(table)
        clocks = self._clocks(table, files)
        for file in files:
            label = file.path.relative_to(self.path).as_posix()
            spans = file.spans(table, self.part_bytes)
            for number, span in enumerate(spans, 1):
                called = label if len(spans) == 1 else f"{label} ({number} of {len(spans)})"
                yield Piece(called, name, file, span, clocks, known)
