"""Where records come from: a protocol, and the files behind a public data set."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

R_co = TypeVar("R_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Resaved:
    """A copy that is known to go round and is not the published file; used only where a person accepts it.

    Attributes:
        sha256: Of the copy, lower-case hex.
        reason: How it differs, as half a sentence.
    """

    sha256: str
    reason: str


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file, or one folder of files, that a source reads.

    Attributes:
        path: Where it lies below the data folder (`BEDSIDE_DATA`), with forward slashes.
        sha256: Accepted content hashes, lower-case hex; the first is the official one; empty where only MD5 is known.
            Of a folder: of the sorted lines "hash  name" of all its files.
        address: Official download address, or None when it must be obtained by hand.
        member: When the address is a zip archive, the member that is this file; None otherwise.
        md5: Official MD5, where the publisher gives one; with SHA-256 both must match. Not of a folder.
        resaved: Copies that are known to differ.
        folder: How many files the folder holds; None for a single file.
    """

    path: str
    sha256: tuple[str, ...]
    address: str | None = None
    member: str | None = None
    md5: str | None = None
    resaved: tuple[Resaved, ...] = ()
    folder: int | None = None

    @property
    def checksum(self) -> str:
        """The official one, with its kind, as printed."""
        return f"SHA-256 {self.sha256[0]}" if self.sha256 else f"MD5 {self.md5}"


class Published(Protocol):
    """What is told of data that somebody has published.

    Attributes:
        name: Short and unique ("uci_heart_disease").
        licence: Licence or terms of use, as the publisher states them.
        citation: What to cite.
        files: Files it needs below the data folder; empty when the data ship with a dependency.
    """

    @property
    def name(self) -> str: ...
    @property
    def licence(self) -> str: ...
    @property
    def citation(self) -> str: ...
    @property
    def files(self) -> tuple[DataFile, ...]: ...


class Source(Published, Protocol[R_co]):
    """A supplier of records, published or derived from what is."""

    def records(self, root: Path) -> Iterator[R_co]:
        """Yield the real records, reading `files` below `root`."""
        ...

    def simulate(self, n: int, *, seed: int) -> Iterator[R_co]:
        """Yield n records of the synthetic twin: same shape and quirks, no real patient."""
        ...


class _Rests(Protocol):
    @property
    def raw(self) -> Published: ...


class Derived:
    """A source that gives what another one (`raw`) holds in another form, called, licensed and cited as that one."""

    @property
    def name(self: _Rests) -> str:
        """That of the data set."""
        return self.raw.name

    @property
    def licence(self: _Rests) -> str:
        """That of the data set."""
        return self.raw.licence

    @property
    def citation(self: _Rests) -> str:
        """That of the data set."""
        return self.raw.citation

    @property
    def files(self: _Rests) -> tuple[DataFile, ...]:
        """Those of the data set."""
        return self.raw.files
