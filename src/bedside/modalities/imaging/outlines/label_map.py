"""Structures outlined in an image: one number a pixel, a name for each number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bedside.errors import FileProblem
from bedside.modalities.imaging.image import Geometry
from bedside.types import Integers

Labels: TypeAlias = NDArray[np.uint8] | NDArray[np.uint16]
"""0 is background, k the structure of the number k; shape (*size), in the order of an image's spatial axes."""

MOST_STRUCTURES = 65_535
"""The largest number that a structure can have."""


@dataclass(frozen=True, eq=False)
class LabelMap:
    """Which structure each pixel belongs to.

    Attributes:
        labels: Shape (rows, columns) or (slices, rows, columns), 8 or 16 bits unsigned; 0 is background.
        geometry: None where the file says nothing.
        names: What each number stands for; a structure that is named need not be there, one that is there is named.
    """

    labels: Labels = field(repr=False)
    geometry: Geometry | None
    names: Mapping[int, str]

    def __post_init__(self) -> None:
        if self.labels.ndim not in (2, 3) or 0 in self.labels.shape or self.labels.dtype not in (np.uint8, np.uint16):
            msg = (
                f"a label map has the shape {self.labels.shape} and the type {self.labels.dtype}; (rows, columns) or "
                "(slices, rows, columns) of unsigned numbers of 8 or 16 bits are allowed"
            )
            raise FileProblem(msg)
        if self.geometry is not None and len(self.geometry.spacing) != self.dimensions:
            msg = f"a label map of {self.dimensions} dimensions has {len(self.geometry.spacing)} pixel distances"
            raise FileProblem(msg)
        if len(set(self.names.values())) < len(self.names) or not all(self.names.values()):
            msg = "two structures have the same name, or one has none; each needs a name of its own"
            raise FileProblem(msg)
        if not all(0 < number <= MOST_STRUCTURES for number in self.names):
            msg = f"structures are numbered {sorted(self.names)}; 1 to {MOST_STRUCTURES} are allowed, 0 is background"
            raise FileProblem(msg)
        unknown = sorted(set(self.present.tolist()) - set(self.names))
        if unknown:
            msg = (
                f"a label map holds the numbers {listed(unknown)}, which have no name ({listed(sorted(self.names))} "
                "have); name every structure, or take the unknown ones out where the file was made"
            )
            raise FileProblem(msg)

    @property
    def dimensions(self) -> int:
        """Two for an image, three for a volume."""
        return self.labels.ndim

    @property
    def size(self) -> tuple[int, ...]:
        """Pixels along each spatial axis."""
        return tuple(int(n) for n in self.labels.shape)

    @property
    def present(self) -> Integers:
        """Numbers of the structures that are there, ascending."""
        return numbers_in(self.labels)

    def read(self) -> "LabelMap":
        """Itself: it is in memory already."""
        return self


class Outlined(Protocol):
    """Outlines in memory, or ones that are read from their file when they are needed."""

    def read(self) -> LabelMap:
        """The decoded outlines; raises FileProblem when their file cannot be used."""
        ...


def numbers_in(labels: Labels) -> Integers:
    """The numbers above 0 that occur, ascending."""
    found = np.zeros(int(np.iinfo(labels.dtype).max) + 1, dtype=np.bool_)
    found[labels] = True
    return np.flatnonzero(found[1:]).astype(np.int64) + 1


def stored(values: NDArray[np.generic], most: int) -> Labels:
    """Whole numbers in the smallest type that holds `most`."""
    return values.astype(np.uint8) if most <= 255 else values.astype(np.uint16)


def listed(numbers: Sequence[int], most: int = 8) -> str:
    """Numbers for a message, no more than so many of them.

    Example:
        >>> listed([1, 2, 3], 2)
        '1, 2, … (3 in all)'
    """
    shown = ", ".join(str(number) for number in numbers[:most])
    return f"{shown}, … ({len(numbers)} in all)" if len(numbers) > most else shown or "none"
