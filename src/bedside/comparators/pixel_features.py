"""What a pixel and its surroundings look like: brightness, edges, blobs and ridges at several scales, and the place."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.feature import hessian_matrix_eigvals

from bedside.comparators.sight import Grey
from bedside.modalities.imaging.cache import Shelf

WIDTHS = (0.7, 1.4, 2.8, 5.6, 11.2)
"""Of the Gaussians, in pixels of the finest axis; equally wide in millimetres along the others."""

Half = NDArray[np.float16]

_LARGEST = 6e4


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
        size = pixels.shape[1:]
        found = np.empty((self.count(len(WIDTHS)), *size), dtype=np.float16)
        found[: self.channels] = pixels
        for axis, length in enumerate(size):
            place = np.linspace(-1.0, 1.0, length, dtype=np.float32)
            found[self.channels + axis] = place.reshape(-1, *(1,) * (self.dimensions - 1 - axis))
        first, each = self.channels + self.dimensions, 3 + self.dimensions
        for width in WIDTHS:
            for grey in pixels:
                found[first : first + each] = np.clip(self._scale(grey, width), -_LARGEST, _LARGEST)
                first += each
        return Stack(found)

    def _scale(self, grey: Grey, width: float) -> Grey:
        """Mean, gradient magnitude, Laplacian and eigenvalues of one channel at one width."""
        reach = width * min(self.spacing)
        mean = ndimage.gaussian_filter(grey, [reach / step for step in self.spacing], truncate=3.0)
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
