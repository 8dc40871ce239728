"""Where the pixels of one grid lie in another: how outcomes follow images that are prepared, and answers come back.

Grids differ by the order and direction of their axes, by the distance between pixels and by where they begin. Pixels
are counted from 0 at the centre of the first one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from bedside.types import Floats

L = TypeVar("L", bound=np.generic)


@dataclass(frozen=True)
class Placement:
    """A prepared grid in the grid of the image it was made from.

    Attributes:
        before: Pixels of the image along each of its axes.
        after: Pixels of the prepared image along each of its axes.
        axes: For each axis of the prepared image the axis of the image that it follows.
        origin: Where the first prepared pixel lies on that axis, in pixels of the image.
        pitch: Pixels of the image from one prepared pixel to the next; negative where the axis is turned round.
    """

    before: tuple[int, ...]
    after: tuple[int, ...]
    axes: tuple[int, ...]
    origin: tuple[float, ...]
    pitch: tuple[float, ...]

    @classmethod
    def still(cls, size: tuple[int, ...]) -> "Placement":
        """The grid itself."""
        return cls(size, size, tuple(range(len(size))), (0.0,) * len(size), (1.0,) * len(size))

    def points(self, points: Floats) -> Floats:
        """Places in the image, shape (n, axes of the image), as places in the prepared image."""
        moved: Floats = (points[:, list(self.axes)] - np.array(self.origin)) / np.array(self.pitch)
        return moved

    def points_back(self, points: Floats) -> Floats:
        """Places in the prepared image as places in the image: the inverse of `points`."""
        found = np.empty_like(points, dtype=np.float64)
        found[:, list(self.axes)] = points * np.array(self.pitch) + np.array(self.origin)
        return found

    def labels(self, labels: NDArray[L]) -> NDArray[L]:
        """Labels of the image, shape `before`, on the prepared grid by the nearest pixel; 0 outside the image."""
        moved = np.transpose(labels, self.axes)
        for axis, length in enumerate(self.after):
            places = np.rint(np.arange(length) * self.pitch[axis] + self.origin[axis]).astype(np.int64)
            inside = (places >= 0) & (places < moved.shape[axis])
            taken = np.take(moved, np.clip(places, 0, moved.shape[axis] - 1), axis=axis)
            taken[(slice(None),) * axis + (~inside,)] = 0
            moved = taken
        return np.ascontiguousarray(moved)

    def back(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Values on the prepared grid, shape (channels, *after), on the image's grid, shape (channels, *before).

        Linear interpolation, averaging over what one pixel of the image covers; 0 where nothing was prepared.
        """
        for axis, weights in enumerate(self._weights()):
            moved = np.moveaxis(values, axis + 1, 0)
            rows = weights @ moved.reshape(len(moved), -1)
            values = np.moveaxis(rows.reshape(-1, *moved.shape[1:]), 0, axis + 1)
        return np.ascontiguousarray(np.transpose(values, (0, *(1 + place for place in np.argsort(self.axes)))))

    def _weights(self) -> Iterator[Any]:
        """For each prepared axis a sparse matrix from its pixels to those of the image."""
        for axis, after in enumerate(self.after):
            pitch, before = self.pitch[axis], self.before[self.axes[axis]]
            places = (np.arange(before) - self.origin[axis]) / pitch
            support = max(1.0, 1.0 / abs(pitch))
            near = np.floor(places - support).astype(np.int64)[:, None] + np.arange(int(np.ceil(2 * support)) + 2)
            weights = np.maximum(0.0, 1.0 - np.abs(near - places[:, None]) / support)
            # At the border the outermost prepared pixel stands for the half pixel beyond it.
            weights[(places < -0.5 - 1e-9) | (places > after - 0.5 + 1e-9)] = 0.0
            weights *= (near >= 0) & (near < after)
            total = weights.sum(axis=1, keepdims=True)
            weights = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
            rows, columns = np.nonzero(weights)
            yield csr_array((weights[rows, columns].astype(np.float32), (rows, near[rows, columns])), (before, after))


class Placed(Protocol):
    """An outcome that lies in its image, and follows it when the image is prepared."""

    def placed(self, placement: Placement, /) -> Self:
        """The outcome on the prepared grid."""
        ...


class Returned(Protocol):
    """A prediction that lies in its image, made on the prepared grid."""

    def returned(self, placement: Placement, /) -> Self:
        """The prediction on the image's own grid."""
        ...
