"""Where resources are written down as events, and what is the matter with them is counted."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

import polars as pl

from bedside.modalities.records.events.reader import Problems
from bedside.modalities.records.events.schema import RAW
from bedside.modalities.records.readers.fhir.codings import named
from bedside.modalities.records.readers.fhir.times import known_by, zone

Resource: TypeAlias = dict[str, Any]
"""As in the file; nothing about it is certain."""

FRAME = 100_000
"""Rows of a frame."""

_UTC = frozenset(["Z", "+00:00", "-00:00"])


class Row(NamedTuple):
    """One event, in the order of `RAW`."""

    subject: str
    time: datetime | None
    code: str
    number: float | None = None
    text: str | None = None
    unit: str | None = None
    encounter: str | None = None
    static: bool = False


class Rows:
    """Events of the resources that were read so far.

    Attributes:
        words: What the source calls its codes.
    """

    def __init__(self, problems: Problems) -> None:
        self.words: dict[str, str] = {}
        self._rows: list[Row] = []
        self._problems = problems
        self._zones: set[str] = set()

    def __len__(self) -> int:
        return len(self._rows)

    def event(self, row: Row) -> None:
        """Write an event down.

        Raises:
            AttributeError: What should be words is none.
            ValueError: It cannot be written as UTF-8.
        """
        for words in (row.subject, row.code, row.text, row.unit, row.encounter):
            if words is not None and not words.isascii():
                words.encode()
        self._rows.append(row)

    def problem(self, what: str, where: str | None = None) -> None:
        """Count what could not be read, or is no event."""
        self._problems.add(what, where)

    def invalid(self, what: str, content: bytes) -> None:
        """Count a resource that cannot be read; of it only a hash is told."""
        self._problems.add(what, f"sha256 {hashlib.sha256(content).hexdigest()[:12]}")

    def back_to(self, size: int) -> None:
        """Forget the rows from here on: those of a resource that turned out not to be readable."""
        del self._rows[size:]

    def code(self, concept: Mapping[str, Any] | None, what: str) -> str | None:
        """The code of a concept; None, and counted, where it has none."""
        found = named(concept)
        if found is None:
            self.problem(f"{what}: no code")
            return None
        if found.choices > 1:
            self.problem(f"{what}: several codings, of which one is kept")
        if found.words:
            self.words.setdefault(found.code, found.words)
        return found.code

    def time(self, holder: Mapping[str, Any] | None, field: str, what: str) -> datetime | None:
        """When something became known by this field; None where it is absent, and counted where it is unreadable."""
        text = (holder or {}).get(field)
        if text is None:
            return None
        moment = known_by(text)
        if moment is None:
            self.problem(f"{what}: {field} is not a time")
            return None
        offset = zone(text)
        if offset is not None:
            self._zones.add(offset)
        return moment

    def full(self) -> bool:
        """Whether there are enough rows for a frame."""
        return len(self._rows) >= FRAME

    def take(self) -> pl.DataFrame:
        """The rows as a frame of schema `RAW`; they are no longer here then."""
        columns = zip(*self._rows, strict=True) if self._rows else [()] * len(RAW)
        frame = pl.DataFrame(
            [pl.Series(name, list(column), kind) for (name, kind), column in zip(RAW.items(), columns, strict=True)]
        )
        self._rows = []
        return frame

    def close(self) -> None:
        """Count what only shows when all is read."""
        if self._zones & _UTC and self._zones - _UTC:
            self.problem("times in UTC stand beside times of other zones; each is kept as its clock is written")
