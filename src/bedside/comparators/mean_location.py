"""Where a structure lies on average, in proportions of the image."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bedside.endpoints.mask.mask import Mask
from bedside.types import Booleans

CELLS = {2: 48, 3: 32}
"""Cells of the average along each axis, by dimensions."""


@dataclass(frozen=True, eq=False)
class MeanLocation:
    """The average outline.

    Attributes:
        share: Share of development masks that hold the structure, cell by cell, shape (cells,) * dimensions.
        size: Mean share of the image's pixels that the structure takes.
    """

    share: NDArray[np.float32]
    size: float

    @classmethod
    def of(cls, masks: Iterable[Mask]) -> "MeanLocation":
        """The average of masks where these are judged, each stretched to the same cells."""
        stretched, sizes = [], []
        for mask in masks:
            there = mask.labels > 0 if mask.judged is None else (mask.labels > 0) & mask.judged
            drawn = there.astype(np.float32)
            stretched.append(_stretched(drawn, (CELLS[drawn.ndim],) * drawn.ndim))
            sizes.append(float(drawn.mean()))
        share = np.stack(stretched).mean(axis=0, dtype=np.float64)
        return cls(np.asarray(share, dtype=np.float32), float(np.mean(sizes)))

    def outline(self, size: tuple[int, ...]) -> Booleans:
        """The likeliest pixels of an image of this size, as many as the structure takes on average."""
        share = _stretched(self.share, size)
        count = min(share.size, max(1, round(self.size * share.size)))
        least = np.partition(share.ravel(), share.size - count)[share.size - count]
        return np.asarray(share >= max(float(least), 1e-6))


def _stretched(values: NDArray[np.float32], size: tuple[int, ...]) -> NDArray[np.float32]:
    """Values at the same proportions of another grid, linearly between cells, centres of the outer ones at its rims."""
    for axis, (before, after) in enumerate(zip(values.shape, size, strict=True)):
        if before > after:
            values = ndimage.uniform_filter1d(values, max(1, round(before / after)), axis=axis)
        places = np.clip((np.arange(after) + 0.5) * before / after - 0.5, 0, before - 1)
        low = np.minimum(places.astype(np.int64), max(0, before - 2))
        part = (places - low).astype(np.float32).reshape(-1, *(1,) * (values.ndim - 1 - axis))
        high = np.minimum(low + 1, before - 1)
        values = np.take(values, low, axis) * (1 - part) + np.take(values, high, axis) * part
    return values
