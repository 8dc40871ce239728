"""Closed polygons as pixels: a pixel is inside where its centre is."""

from collections.abc import Sequence

import numpy as np

from bedside.types import Booleans, Floats, Integers

_GRAIN = 6
"""Decimals of a pixel that are believed, so that an edge through a pixel's centre stays there after rounding."""


def inside(contours: Sequence[Floats], size: tuple[int, int]) -> Booleans:
    """The pixels whose centres lie inside an odd number of polygons (exclusive or).

    A centre on an edge belongs to the polygon that lies after it along rows and columns, so that polygons which share
    an edge share no pixel and leave none out. Parts outside the grid are cut off.

    Args:
        contours: Corners of each polygon, shape (n, 2), as (row, column) with whole numbers at the centres of pixels;
            the last corner is joined to the first.
        size: Rows and columns of the grid.

    Returns:
        Shape `size`.

    Example:
        >>> inside([np.array([[0.5, 0.5], [0.5, 2.5], [1.5, 2.5], [1.5, 0.5]])], (3, 4)).astype(int)
        array([[0, 0, 0, 0],
               [0, 1, 1, 0],
               [0, 0, 0, 0]])
    """
    toggles = np.zeros((size[0], size[1] + 1), dtype=np.int64)
    for contour in contours:
        rows, columns = _crossings(np.round(contour, _GRAIN), size)
        np.add.at(toggles, (rows, columns), 1)
    odd: Booleans = np.cumsum(toggles[:, :-1], axis=1) % 2 == 1
    return odd


def _crossings(corners: Floats, size: tuple[int, int]) -> tuple[Integers, Integers]:
    """Where edges cross the lines of pixel centres: the row, and the first column at or after the crossing."""
    following = np.roll(corners, -1, axis=0)
    swapped = corners[:, 0] > following[:, 0]
    # From the upper end down, so that an edge crosses at the same place whichever way it is drawn.
    upper, lower = np.where(swapped[:, None], following, corners), np.where(swapped[:, None], corners, following)
    first = np.clip(np.ceil(upper[:, 0]), 0, size[0]).astype(np.int64)
    counts = np.clip(np.ceil(lower[:, 0]), 0, size[0]).astype(np.int64) - first
    edges = np.repeat(np.arange(len(corners)), counts)
    rows = first[edges] + np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    upper, lower = upper[edges], lower[edges]
    share = (rows - upper[:, 0]) / (lower[:, 0] - upper[:, 0])
    places = np.round(upper[:, 1] + share * (lower[:, 1] - upper[:, 1]), _GRAIN)
    return rows, np.clip(np.ceil(places), 0, size[1]).astype(np.int64)
