"""What every reader of records is: independent parts, each a stream of frames."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol, runtime_checkable

import polars as pl


@dataclass
class Problems:
    """What a part could not read, counted; the rest goes on. Never holds a patient's data.

    Attributes:
        counts: By what was the matter, in words that name a kind and no content ("Observation: value is not a number").
        examples: Of each, where a few were: file name and line or row, or the hash of a resource.
    """

    counts: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, what: str, where: str | None = None, *, times: int = 1) -> None:
        """Count a problem."""
        self.counts[what] = self.counts.get(what, 0) + times
        known = self.examples.setdefault(what, [])
        if where is not None and len(known) < 5:
            known.append(where)

    def merge(self, other: "Problems") -> None:
        """Add what another part could not read."""
        for what, times in other.counts.items():
            self.counts[what] = self.counts.get(what, 0) + times
            known = self.examples.setdefault(what, [])
            known.extend(other.examples.get(what, [])[: 5 - len(known)])


class Part(Protocol):
    """A piece of a source that is read by itself, in any process: a file, or a range of rows. Picklable."""

    @property
    def name(self) -> str:
        """Unique in its source, told to people in progress and errors (a file's name)."""
        ...

    def frames(self, problems: Problems) -> Iterator[pl.DataFrame]:
        """Its events in frames of schema `RAW`, each of at most a few hundred thousand rows.

        Raises:
            RecordsProblem: The part as a whole cannot be read: not there, another layout, another encoding.
        """
        ...


class Reader(Protocol):
    """A layout in which records come."""

    @property
    def name(self) -> str:
        """As on the command line: "fhir", "omop"."""
        ...

    def parts(self) -> Sequence[Part]:
        """All parts of the source.

        Raises:
            RecordsProblem: Files that the layout needs are not there.
        """
        ...

    def descriptions(self) -> Mapping[str, str]:
        """Words for codes, where the source has them, by code; may be empty."""
        ...


@dataclass(frozen=True)
class Layout:
    """How the command line opens a source of one layout: what a module of `readers` exposes as `READER`.

    Attributes:
        summary: One line for people: what is read, and from which files.
        open: A reader of the file or folder that is given; reads nothing yet but what tells whether it is that layout.
        open_mapped: A reader of it by a declaration of its columns (a TOML file), where the layout needs one.
    """

    summary: str
    open: Callable[[Path], Reader]
    open_mapped: Callable[[Path, Path], Reader] | None = None


@runtime_checkable
class Dated(Protocol):
    """A reader that knows until when its source reaches; needed where dates are shifted into the future."""

    @property
    def until(self) -> datetime | None:
        """The last moment that a time in the source can mean; None for now."""
        ...


@runtime_checkable
class Invented(Protocol):
    """A reader whose source may be simulated."""

    @property
    def simulated(self) -> bool:
        """Whether the source says that everybody in it is invented."""
        ...


@runtime_checkable
class OwnSystems(Protocol):
    """A reader whose source has codes of its own."""

    @property
    def systems(self) -> frozenset[str]:
        """Systems of codes that nobody else defines ("WARD7")."""
        ...
