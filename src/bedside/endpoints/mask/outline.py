"""What was outlined in an image, read from its file when it is needed."""

from dataclasses import dataclass
from typing import Protocol
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from bedside.endpoints.mask.mask import Mask
from bedside.errors import OutcomeProblem

KEPT = 1 << 22
"""Masks of at most so many pixels stay in memory once they were read; larger ones are read anew."""

_KEPT: "WeakKeyDictionary[Outline, Mask]" = WeakKeyDictionary()


class Spaced(Protocol):
    """Where pixels lie."""

    @property
    def spacing(self) -> tuple[float, ...]:
        """Millimetres along each axis."""
        ...


class Map(Protocol):
    """One number a pixel, 0 for background."""

    @property
    def labels(self) -> NDArray[np.uint8] | NDArray[np.uint16]:
        """Shape (*size)."""
        ...

    @property
    def geometry(self) -> Spaced | None:
        """None where nothing is known."""
        ...


class MapFile(Protocol):
    """A map in memory, or one that is read from its file."""

    def read(self) -> Map:
        """The decoded map; raises FileProblem when its file cannot be used."""
        ...


@dataclass(frozen=True, eq=False)
class Outline:
    """An outcome of the mask endpoint.

    Attributes:
        drawn: Which structure each pixel belongs to.
        judged: Above 0 where the outline counts (a field of view); None for everywhere.
    """

    drawn: MapFile
    judged: MapFile | None = None

    def read(self) -> Mask:
        """What is drawn.

        Raises:
            FileProblem: A file cannot be used.
            OutcomeProblem: More than 255 structures, or a judged region on another grid.
        """
        known = _KEPT.get(self)
        if known is not None:
            return known
        found = self.drawn.read()
        highest = int(found.labels.max(initial=0))
        if highest > 255:
            msg = f"an outline holds the label {highest}; at most 255 structures are allowed: number those you need"
            raise OutcomeProblem(msg)
        judged = None if self.judged is None else self.judged.read().labels > 0
        spacing = None if found.geometry is None else found.geometry.spacing
        mask = Mask(found.labels.astype(np.uint8), spacing, judged)
        if mask.labels.size <= KEPT:
            _KEPT[self] = mask
        return mask
