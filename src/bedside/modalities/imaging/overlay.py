"""A map drawn over a picture: colour that is seen by everyone, and a line around the places that matter most."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from scipy.ndimage import binary_dilation, binary_erosion

from bedside.types import Floats

SHARE = 0.2
"""Of the places, how many the line encloses."""

_STRONGEST = 0.65
"""Opacity of the colour where the map is largest."""


def overlaid(plane: NDArray[np.uint8], places: Floats, largest: float, line: float) -> NDArray[np.uint8]:
    """The picture under a map: viridis, more opaque where more, and a white line with a dark edge around the top.

    Viridis is perceptually uniform and is told apart by those who see few colours; the line needs no colour at all.

    Args:
        plane: Grey (rows, columns) or colour (rows, columns, 3).
        places: The map over the whole picture, never negative, any shape (rows, columns).
        largest: Value of the strongest colour.
        line: Value at which the line runs; none where nothing reaches above it.
    """
    from matplotlib import colormaps  # noqa: PLC0415 - slow to import

    base = np.repeat(plane[..., None], 3, axis=2) if plane.ndim == 2 else plane
    size = (base.shape[1], base.shape[0])
    smooth = Pillow.fromarray(places.astype(np.float32)).resize(size, Pillow.Resampling.BILINEAR)
    values = np.asarray(smooth, dtype=np.float64)
    level = np.clip(values / largest, 0.0, 1.0) if largest > 0 else np.zeros(values.shape)
    colours = 255.0 * np.asarray(colormaps["viridis"](level))[..., :3]
    opacity = (_STRONGEST * np.sqrt(level))[..., None]
    mixed = np.round((1.0 - opacity) * base + opacity * colours).astype(np.uint8)
    top = values > line
    if largest > 0 and top.any() and not top.all():
        inner = top & ~binary_erosion(top, border_value=1)
        mixed[binary_dilation(inner) & ~inner] = 0
        mixed[inner] = 255
    return mixed


def limits(places: Floats) -> tuple[float, float]:
    """Value of the strongest colour, and that at which the line runs."""
    return float(places.max()), float(np.quantile(places, 1.0 - SHARE))
