"""One image or volume with its geometry, in memory or still in its file."""

from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from bedside.errors import FileProblem
from bedside.types import Floats

Pixels: TypeAlias = NDArray[Any]
"""Channels first: (channels, rows, columns) or (channels, slices, rows, columns), in the type the file holds."""


@dataclass(frozen=True, eq=False)
class Geometry:
    """Where the voxels of an array lie in a patient.

    Attributes:
        spacing: Millimetres between neighbours along each spatial axis of the array, in the array's order.
        affine: From array indices (in the array's spatial order) to millimetres, shape (4, 4), in the
            right-anterior-superior frame of NIfTI; None where the file tells distances but no position.
    """

    spacing: tuple[float, ...]
    affine: Floats | None = None

    def __post_init__(self) -> None:
        if not all(np.isfinite(self.spacing)) or min(self.spacing, default=0.0) <= 0.0:
            msg = f"pixel spacing is {self.spacing} mm; positive finite distances are needed: check the file's header"
            raise FileProblem(msg)
        if self.affine is not None:
            if self.affine.shape != (4, 4) or not np.isfinite(self.affine).all():
                msg = "the affine is not a finite 4 x 4 matrix; check the file's header"
                raise FileProblem(msg)
            if abs(float(np.linalg.det(self.affine[:3, :3]))) < 1e-9:
                msg = "the affine is singular: two axes of the volume point the same way; check the file's header"
                raise FileProblem(msg)


@dataclass(frozen=True, eq=False)
class Image:
    """A decoded image: grey values or colours as the file means them, after its own lookup tables.

    Attributes:
        pixels: Shape (channels, *spatial); 1 channel is grey, 3 are red, green, blue.
        geometry: None where the file says nothing (PNG, JPEG): distances are then unknown, never 1 mm.
    """

    pixels: Pixels = field(repr=False)
    geometry: Geometry | None = None

    def __post_init__(self) -> None:
        if self.pixels.ndim not in (3, 4) or 0 in self.pixels.shape:
            msg = (
                f"an image has the shape {self.pixels.shape}; (channels, rows, columns) or (channels, slices, rows, "
                "columns) with at least one pixel are allowed"
            )
            raise FileProblem(msg)
        if self.geometry is not None and len(self.geometry.spacing) != self.dimensions:
            msg = f"an image of {self.dimensions} dimensions has {len(self.geometry.spacing)} pixel distances"
            raise FileProblem(msg)

    @property
    def dimensions(self) -> int:
        """Two for an image, three for a volume."""
        return self.pixels.ndim - 1

    @property
    def channels(self) -> int:
        """1 for grey, 3 for colour."""
        return int(self.pixels.shape[0])

    @property
    def size(self) -> tuple[int, ...]:
        """Pixels along each spatial axis."""
        return tuple(int(n) for n in self.pixels.shape[1:])

    def read(self) -> "Image":
        """Itself: it is in memory already."""
        return self


@runtime_checkable
class Readable(Protocol):
    """An image in memory, or one that is read from its file when it is needed: the predictors of an imaging study."""

    def read(self) -> Image:
        """The decoded image; raises FileProblem when its file cannot be used."""
        ...
