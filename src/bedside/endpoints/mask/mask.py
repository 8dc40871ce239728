"""An outline that was drawn in an image: which pixel belongs to which structure."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bedside.data.placement import Placement
from bedside.errors import OutcomeProblem
from bedside.types import Booleans

Pixels = NDArray[np.uint8]


class Delineated(Protocol):
    """An outcome that is drawn in an image; perhaps a file that is read when it is needed.

    What is found out about one is kept for as long as the object lives, so that its class must allow weak references
    (ordinary classes and dataclasses do, named tuples do not).
    """

    def read(self) -> "Mask":
        """What is drawn."""
        ...


@dataclass(frozen=True, eq=False)
class Mask:
    """Structures drawn in an image of two or three axes; its arrays are never changed.

    Attributes:
        labels: 0 for background, k for the k-th structure, shape (*size).
        spacing: Distance between pixels along each axis in millimetres; None where it is not known.
        judged: Where the drawing counts (a field of view), shape (*size); None for everywhere.

    Raises:
        OutcomeProblem: Another type, another number of axes, shapes that differ, or a spacing that is not positive.
    """

    labels: Pixels
    spacing: tuple[float, ...] | None = None
    judged: Booleans | None = None

    def __post_init__(self) -> None:
        _drawable(self.labels, np.uint8, "labels")
        if self.judged is not None:
            _drawable(self.judged, np.bool_, "the judged region")
            if self.judged.shape != self.labels.shape:
                msg = (
                    f"labels have {sized(self.labels.shape)} pixels and the judged region {sized(self.judged.shape)}; "
                    "both must lie on the same grid"
                )
                raise OutcomeProblem(msg)
        if self.spacing is not None and not (
            len(self.spacing) == self.labels.ndim and all(0.0 < step < float("inf") for step in self.spacing)
        ):
            msg = f"the spacing is {self.spacing!r}; give one positive number of millimetres for each axis, or None"
            raise OutcomeProblem(msg)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Mask)
            and self.spacing == other.spacing
            and np.array_equal(self.labels, other.labels)
            and (self.judged is None) == (other.judged is None)
            and (self.judged is None or other.judged is None or np.array_equal(self.judged, other.judged))
        )

    def __hash__(self) -> int:
        return hash((self.labels.shape, self.spacing))

    @property
    def size(self) -> tuple[int, ...]:
        """Pixels along each axis."""
        return self.labels.shape

    def read(self) -> "Mask":
        """Itself."""
        return self

    def placed(self, placement: Placement) -> "Mask":
        """The drawing on the prepared grid: nothing is drawn, and nothing judged, beyond the image.

        Raises:
            OutcomeProblem: The placement is of an image of another size.
        """
        if placement.before != self.size:
            msg = (
                f"the mask has {sized(self.size)} pixels and its image {sized(placement.before)}; give the mask that "
                "was drawn in this image"
            )
            raise OutcomeProblem(msg)
        spacing = self.spacing
        if spacing is not None:
            spacing = tuple(
                spacing[axis] * abs(pitch) for axis, pitch in zip(placement.axes, placement.pitch, strict=True)
            )
        judged = None if self.judged is None else placement.labels(self.judged)
        return Mask(placement.labels(self.labels), spacing, judged)


def sized(size: tuple[int, ...]) -> str:
    """Numbers of pixels as printed ("584 x 565")."""
    return " x ".join(map(str, size))


def _drawable(array: NDArray[Any], kind: type[np.generic], what: str) -> None:
    if array.dtype != kind or array.ndim not in (2, 3) or not array.size:
        msg = (
            f"{what} of a mask are {array.dtype} of {sized(array.shape)} pixels; allowed are {np.dtype(kind)} with two "
            "or three axes, none of them empty"
        )
        raise OutcomeProblem(msg)
