"""In which unit outlines are measured: millimetres, or pixels of whatever size."""

import math
from dataclasses import dataclass

from bedside.endpoints.mask.mask import Mask
from bedside.errors import StatisticsError, StudyError


@dataclass(frozen=True)
class Ruler:
    """How distances and sizes are measured.

    Attributes:
        tolerance: Distance between two surfaces that is of no consequence, in `unit`.
        millimetres: Whether images are measured by their spacing; else every pixel is 1 wide along every axis.
    """

    tolerance: float
    millimetres: bool

    @classmethod
    def of(cls, tolerance_mm: float | None, tolerance_pixels: float | None) -> "Ruler":
        """By the tolerance that was declared; raises StudyError unless it is exactly one and positive."""
        given = [one for one in (tolerance_mm, tolerance_pixels) if one is not None]
        if len(given) != 1 or not 0.0 < given[0] < math.inf:
            msg = (
                f"the tolerance is {tolerance_mm!r} mm and {tolerance_pixels!r} pixels; give one of them, above 0: "
                "tolerance_mm where the spacing of every image is known, tolerance_pixels otherwise"
            )
            raise StudyError(msg)
        return cls(float(given[0]), tolerance_mm is not None)

    @property
    def unit(self) -> str:
        """Of distances."""
        return "mm" if self.millimetres else "pixels"

    def extent_unit(self, axes: int) -> str:
        """Of sizes, for images of two or three axes."""
        if not self.millimetres:
            return "pixels"
        return "ml" if axes == 3 else "mm\N{SUPERSCRIPT TWO}"

    def steps(self, mask: Mask) -> tuple[float, ...]:
        """Distance between pixels along each axis.

        Raises:
            StatisticsError: It is to be measured in millimetres, and the image does not tell its spacing.
        """
        if not self.millimetres:
            return (1.0,) * len(mask.size)
        if mask.spacing is None:
            msg = (
                "a mask does not tell the spacing of its pixels, and is to be measured in millimetres; give the "
                "spacing, or declare the endpoint with tolerance_pixels"
            )
            raise StatisticsError(msg)
        return mask.spacing

    def extent(self, mask: Mask) -> float:
        """Size of one pixel."""
        size = math.prod(self.steps(mask))
        return size / 1000.0 if self.millimetres and len(mask.size) == 3 else size

    def diagonal(self, mask: Mask) -> float:
        """The longest distance within the image, from corner to corner."""
        return math.hypot(*(step * pixels for step, pixels in zip(self.steps(mask), mask.size, strict=True)))
