"""Where records come from: a protocol, and the files behind a public data set."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

R_co = TypeVar("R_co", covariant=True)


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file that a source reads.

    Attributes:
        path: Where it lies below the data folder (`BEDSIDE_DATA`), with forward slashes.
        sha256: Accepted content hashes, lower-case hex; the first is the official one.
        address: Official download address, or None when it must be obtained by hand.
        member: When the address is a zip archive, the member that is this file; None otherwise.
    """

    path: str
    sha256: tuple[str, ...]
    address: str | None = None
    member: str | None = None


class Source(Protocol[R_co]):
    """A supplier of records.

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

    def records(self, root: Path) -> Iterator[R_co]:
        """Yield the real records, reading `files` below `root`."""
        ...

    def simulate(self, n: int, *, seed: int) -> Iterator[R_co]:
        """Yield n records of the synthetic twin: same shape and quirks, no real patient."""
        ...
