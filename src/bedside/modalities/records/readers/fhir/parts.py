"""Pieces of a FHIR export that are read by themselves."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from bedside.modalities.records.events.reader import Problems
from bedside.modalities.records.readers.fhir.files import entries, lines, resources
from bedside.modalities.records.readers.fhir.references import own
from bedside.modalities.records.readers.fhir.resources import READ, left_out, write
from bedside.modalities.records.readers.fhir.rows import Rows
from bedside.modalities.records.readers.fhir.surroundings import Bulk, Together


@dataclass(frozen=True)
class Range:
    """The lines that begin in a range of an NDJSON file.

    Attributes:
        path: Of the file.
        name: Of the file, and which range of how many.
        kind: The one type of its resources; empty where it may hold several.
        start: First byte.
        end: Past the last byte, None for the end of the file.
        around: The other files of the export.
        validate: Whether each resource is held to the whole specification.
    """

    path: Path
    name: str
    kind: str
    start: int
    end: int | None
    around: Bulk
    validate: bool = False

    def frames(self, problems: Problems) -> Iterator[pl.DataFrame]:
        """See `Part`."""
        if self.kind and self.kind not in READ:
            self._count(problems)
            return
        rows = Rows(problems)
        yield from self._written(rows, problems)
        rows.close()

    def words(self) -> dict[str, str]:
        """What its codes are called."""
        rows = Rows(Problems())
        for _ in self._written(rows, Problems()):
            pass
        return rows.words

    def _written(self, rows: Rows, problems: Problems) -> Iterator[pl.DataFrame]:
        for resource, content in resources(self.path, self.start, self.end, problems):
            write(resource, content, rows, self.around, validate=self.validate)
            if rows.full():
                yield rows.take()
        if len(rows):
            yield rows.take()

    def _count(self, problems: Problems) -> None:
        """Lines of a file whose first resource becomes no event are counted without being read."""
        if self.kind != "Medication":
            count = sum(1 for _ in lines(self.path, self.start, self.end))
            problems.add(left_out(self.kind), self.path.name, times=count)


@dataclass(frozen=True)
class Bundles:
    """Some files of bundles. They are numbered in the order of their names, which may name patients.

    Attributes:
        paths: Of the files.
        first: Number of the first.
        validate: Whether each resource is held to the whole specification.
    """

    paths: tuple[Path, ...]
    first: int
    validate: bool = False

    @property
    def name(self) -> str:
        """Which bundles, without their names."""
        return f"bundles {self.first} to {self.first + len(self.paths) - 1}"

    def frames(self, problems: Problems) -> Iterator[pl.DataFrame]:
        """See `Part`."""
        rows = Rows(problems)
        yield from self._written(rows, problems)
        rows.close()

    def words(self) -> dict[str, str]:
        """What its codes are called."""
        rows = Rows(Problems())
        for _ in self._written(rows, Problems()):
            pass
        return rows.words

    def _written(self, rows: Rows, problems: Problems) -> Iterator[pl.DataFrame]:
        for number, path in enumerate(self.paths, self.first):
            held = entries(path, f"bundle {number} in the order of file names", problems)
            around = Together()
            for address, resource in held:
                key = resource.setdefault("id", own(address)) if address else resource.get("id")
                if isinstance(key, str) and key:
                    if address:
                        around.addresses[address] = key
                    _note(around, resource, key)
            for _, resource in held:
                write(resource, None, rows, around, validate=self.validate)
                if rows.full():
                    yield rows.take()
        if len(rows):
            yield rows.take()


def _note(around: Together, resource: dict[str, object], key: str) -> None:
    try:
        around.add(resource, key)
    except (AttributeError, TypeError):  # counted when it is written
        return
