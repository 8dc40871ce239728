"""What a pixel and its surroundings look like: brightness, edges, blobs and ridges at several scales, and the place."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.feature import hessian_matrix_eigvals

from bedside.comparators.sight import Grey
from bedside.modalities.imaging.cache import Shelf
from bedside.types import Integers

WIDTHS = (0.7, 1.4, 2.8, 5.6, 11.2)
"""Of the Gaussians, in pixels of the finest axis; equally wide in millimetres along the others."""

Half = NDArray[np.float16]

_LARGEST = 6e4

_TRUNCATE = 3.0
"""Standard deviations at which the Gaussians end."""

SLAB = 1 << 28
"""Bytes that features, and what they are found from, may take of an image too large for the shelf."""

_ROOM = 256
"""Bytes a pixel of those, in a volume of one channel."""


class Stack(NamedTuple):
    """Features of all pixels of an image.

    Attributes:
        pixels: Shape (features, *size), in half precision.
    """

    pixels: Half


KEPT: Shelf[Stack] = Shelf(1 << 29)
"""Features of images that were asked about, for the next trial."""


@dataclass(frozen=True)
class PixelFeatures:
    """The features of images of one kind.

    Standardised brightness of each channel; the place along each axis, from -1 to 1; then for every scale and channel
    the Gaussian mean, gradient magnitude, Laplacian and eigenvalues of the Hessian, derivatives times as many widths.

    Attributes:
        channels: Of the images.
        spacing: Distances between pixels along each axis, in millimetres where they are known.
    """

    channels: int
    spacing: tuple[float, ...]

    @property
    def dimensions(self) -> int:
        """Two or three."""
        return len(self.spacing)

    def count(self, scales: int) -> int:
        """How many features there are up to so many scales; they come first in the stack."""
        return self.channels + self.dimensions + scales * self.channels * (3 + self.dimensions)

    def of(self, pixels: Grey) -> Stack:
        """Features of all pixels.

        Args:
            pixels: Standardised, shape (channels, *size).
        """
        place = np.linspace(-1.0, 1.0, pixels.shape[1], dtype=np.float32)
        return Stack(self._found(pixels, len(WIDTHS), place))

    def _found(self, pixels: Grey, scales: int, first_place: NDArray[np.float32]) -> Half:
        size = pixels.shape[1:]
        found = np.empty((self.count(scales), *size), dtype=np.float16)
        found[: self.channels] = pixels
        for axis, length in enumerate(size):
            place = np.linspace(-1.0, 1.0, length, dtype=np.float32) if axis else first_place
            found[self.channels + axis] = place.reshape(-1, *(1,) * (self.dimensions - 1 - axis))
        first, each = self.channels + self.dimensions, 3 + self.dimensions
        for width in WIDTHS[:scales]:
            for grey in pixels:
                found[first : first + each] = np.clip(self._scale(grey, width), -_LARGEST, _LARGEST)
                first += each
        return found

    def fit(self, pixels: Grey) -> bool:
        """Whether features of all pixels fit on the shelf of those that are kept."""
        size = int(np.prod(pixels.shape[1:]))
        return self.count(len(WIDTHS)) * size * np.dtype(np.float16).itemsize <= KEPT.limit

    def at(self, pixels: Grey, where: Integers) -> Half:
        """Features of some pixels.

        Args:
            pixels: As for `of`.
            where: Places in a flattened image, shape (n,).

        Returns:
            Shape (n, features).
        """
        count = self.count(len(WIDTHS))
        if self.fit(pixels):
            return np.ascontiguousarray(self.of(pixels).pixels.reshape(count, -1)[:, where].T)
        found = np.empty((len(where), count), dtype=np.float16)
        across = int(np.prod(pixels.shape[2:]))
        for start, slab in self.slabs(pixels):
            first, last = start * across, (start + slab.pixels.shape[1]) * across
            here = (where >= first) & (where < last)
            found[here] = slab.pixels.reshape(count, -1)[:, where[here] - first].T
        return found

    def slabs(self, pixels: Grey, scales: int = len(WIDTHS)) -> Iterator[tuple[int, Stack]]:
        """The same numbers a few rows or planes at a time, each with where it begins: what fits into `SLAB` bytes.

        Args:
            pixels: As for `of`.
            scales: How many are found.
        """
        length, across = pixels.shape[1], int(np.prod(pixels.shape[2:]))
        reach = max(WIDTHS[:scales], default=0.0) * min(self.spacing) / self.spacing[0]
        # Beyond what the widest Gaussian sees, two more pixels for two derivatives.
        rim = int(_TRUNCATE * reach + 0.5) + 2
        thick = max(1, SLAB // (_ROOM * across) - 2 * rim)
        for start in range(0, length, thick):
            low, high = max(0, start - rim), min(length, start + thick + rim)
            own = slice(start - low, min(start + thick, length) - low)
            place = np.linspace(-1.0, 1.0, length, dtype=np.float32)[low:high]
            yield start, Stack(self._found(pixels[:, low:high], scales, place)[:, own])

    def _scale(self, grey: Grey, width: float) -> Grey:
        """Mean, gradient magnitude, Laplacian and eigenvalues of one channel at one width."""
        reach = width * min(self.spacing)
        mean = ndimage.gaussian_filter(grey, [reach / step for step in self.spacing], truncate=_TRUNCATE)
        slopes = [_slope(mean, axis, step / reach) for axis, step in enumerate(self.spacing)]
        bends = [
            _slope(slopes[first], second, self.spacing[second] / reach)
            for first in range(self.dimensions)
            for second in range(first, self.dimensions)
        ]
        curves: Grey = hessian_matrix_eigvals(bends)  # type: ignore[no-untyped-call]
        steepness = np.sqrt(np.sum([slope**2 for slope in slopes], axis=0))
        return np.stack([mean, steepness, curves.sum(axis=0), *curves]).astype(np.float32, copy=False)


def _slope(values: Grey, axis: int, step: float) -> Grey:
    """Central differences along an axis, over two pixels (one at the rims)."""
    found: Grey = np.gradient(values, np.float32(step), axis=axis)
    return found
