"""Bringing one image onto another by moving, turning and scaling it, where their brightness agrees best."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.optimize import minimize

from bedside.types import Booleans, Floats

Grey = NDArray[np.float32]

_LEVELS = ((1_000, 3), (4_000, 2))
"""Points that are compared, and rounds of the search, coarse to fine."""

_MOVE, _TURN, _SCALE = 0.1, 0.15, 0.1
"""What one unit of a setting is: a share of the image's mean length, radians, and the logarithm of the scale."""

_RELUCTANCE = 0.01
"""Loss of correlation for one unit: images are moved only as far as it pays."""

_INSIDE = 0.4
"""Share of the points that must lie within the other image."""


@dataclass(frozen=True, eq=False)
class Frame:
    """An image of one channel and the distances of its pixels.

    Attributes:
        grey: Shape (*size).
        spacing: Along each axis, in millimetres or pixels: the same unit for all.
    """

    grey: Grey
    spacing: Floats

    @property
    def centre(self) -> Floats:
        """In pixels."""
        return (np.array(self.grey.shape) - 1) / 2

    def thinned(self, points: int) -> "tuple[Grey, Floats]":
        """About so many smoothed values on a lattice, shape (n,), and where they lie about the centre, (n, axes)."""
        lengths = np.array(self.grey.shape) * self.spacing
        step = float(np.prod(lengths) / points) ** (1 / len(lengths))
        apart = np.maximum(1, np.rint(step / self.spacing)).astype(int)
        soft = ndimage.gaussian_filter(self.grey, 0.4 * apart, truncate=3.0)
        each = [
            np.arange((length - 1) % skip // 2, length, skip)
            for length, skip in zip(self.grey.shape, apart, strict=True)
        ]
        values = soft[np.ix_(*each)].ravel()
        places = np.stack([axis.ravel() for axis in np.meshgrid(*each, indexing="ij")], axis=1)
        return values, (places - self.centre) * self.spacing

    def softened(self, points: int) -> "Frame":
        """The image smoothed as `thinned` does."""
        lengths = np.array(self.grey.shape) * self.spacing
        step = float(np.prod(lengths) / points) ** (1 / len(lengths))
        apart = np.maximum(1, np.rint(step / self.spacing))
        return Frame(ndimage.gaussian_filter(self.grey, 0.4 * apart, truncate=3.0), self.spacing)


def aligned(moving: Frame, still: Frame) -> Floats:
    """Settings that bring one image onto another: moves, turns and scale, in units.

    The normalised cross-correlation is raised by Powell's method from both centres lying on each other, at two
    resolutions. The same two images give the same settings.

    Returns:
        Shape (4,) for images, (7,) for volumes.
    """
    axes = still.grey.ndim
    settings: Floats = np.zeros(4 if axes == 2 else 7)
    for points, rounds in _LEVELS:
        values, places = still.thinned(points)
        soft = moving.softened(points)
        reach = float(np.mean(np.array(still.grey.shape) * still.spacing))

        def loss(
            tried: Floats, values: Grey = values, places: Floats = places, soft: Frame = soft, reach: float = reach
        ) -> float:
            where = _pixels(tried, places, soft, reach)
            return _RELUCTANCE * float(tried @ tried) - _correlation(values, where, soft.grey)

        bounds = [(-3.0, 3.0)] * len(settings)
        found = minimize(
            loss, settings, method="Powell", bounds=bounds, options={"maxiter": rounds, "xtol": 0.02, "ftol": 1e-3}
        )
        settings = np.asarray(found.x, dtype=np.float64)
        if still.grey.size <= points:
            break  # every pixel was compared already
    return settings


def likeness(moving: Frame, still: Frame) -> float:
    """Normalised cross-correlation of two images with their centres on each other, before any is moved."""
    points = _LEVELS[0][0]
    values, places = still.thinned(points)
    soft = moving.softened(points)
    return _correlation(values, places / soft.spacing + soft.centre, soft.grey)


def carried(moving: Frame, still: Frame, settings: Floats) -> Floats:
    """Where each pixel of the still image lies in the moving one, in its pixels, shape (axes, *size)."""
    grid = np.stack([each.ravel() for each in np.indices(still.grey.shape)], axis=1)
    reach = float(np.mean(np.array(still.grey.shape) * still.spacing))
    where = _pixels(settings, (grid - still.centre) * still.spacing, moving, reach)
    return np.ascontiguousarray(where.T).reshape(-1, *still.grey.shape)


def _pixels(settings: Floats, places: Floats, moving: Frame, reach: float) -> Floats:
    """Places about the centre of the still image as pixels of the moving one, shape (n, axes)."""
    axes = places.shape[1]
    move, turns, scale = settings[:axes] * _MOVE * reach, settings[axes:-1] * _TURN, settings[-1] * _SCALE
    turned: Floats = (places @ _rotation(turns).T) * np.exp(scale) + move
    return turned / moving.spacing + moving.centre


def _rotation(turns: Floats) -> Floats:
    """A rotation by one angle, or by three about the axes one after the other."""
    if len(turns) == 1:
        c, s = np.cos(turns[0]), np.sin(turns[0])
        return np.array([[c, -s], [s, c]])
    found: Floats = np.eye(3)
    for axis, turn in enumerate(turns):
        first, second = (axis + 1) % 3, (axis + 2) % 3
        one = np.eye(3)
        one[first, first] = one[second, second] = np.cos(turn)
        one[first, second], one[second, first] = -np.sin(turn), np.sin(turn)
        found = one @ found
    return found


def _correlation(values: Grey, where: Floats, grey: Grey) -> float:
    """Correlation of values with an image at places within it; -1 where too few are, 0 where either is even."""
    last = np.array(grey.shape) - 1
    inside: Booleans = np.all((where >= 0) & (where <= last), axis=1)
    if inside.mean() < _INSIDE:
        return -1.0
    there = ndimage.map_coordinates(grey, where[inside].T, order=1)
    a = values[inside].astype(np.float64) - values[inside].mean(dtype=np.float64)
    b = there.astype(np.float64) - there.mean(dtype=np.float64)
    spread = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / spread if spread > 0.0 else 0.0
