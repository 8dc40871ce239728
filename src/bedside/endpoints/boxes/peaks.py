"""From maps of a detector to boxes, in NumPy: so that it serves without torch."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter
from scipy.special import expit

from bedside.endpoints.boxes.boxes import Corners, Found, overlaps, sides
from bedside.types import Floats, Integers

MOST, LEAST = 100, 0.02
"""Boxes kept of an image, and the least score of one that is kept."""

SAME = 0.5
"""Overlap from which two boxes of a kind are taken for the same thing."""

_NEIGHBOURS = 3

Map = NDArray[np.float32]


def centres(size: tuple[int, ...], shape: tuple[int, ...]) -> Floats:
    """Where the positions of a map lie in an image of this size, in its pixels, shape (positions, dimensions)."""
    axes = [(np.arange(n) + 0.5) * (length / n) - 0.5 for length, n in zip(size, shape, strict=True)]
    grid = np.meshgrid(*axes, indexing="ij")
    return np.stack([one.reshape(-1) for one in grid], axis=1)


def boxes_at_peaks(logits: Map, distances: Map, size: tuple[int, ...]) -> Found:
    """Boxes at the peaks of the maps of all kinds, without repetitions.

    Args:
        logits: Log-odds of a centre at each position, shape (kinds, *map).
        distances: Pixels from each position to the starts and to the ends of its box, shape (2 * dimensions, *map).
        size: Pixels of the prepared image.
    """
    dimensions = len(size)
    around = (1, *(_NEIGHBOURS,) * dimensions)
    flat = logits.reshape(-1)
    peak = (logits == maximum_filter(logits, size=around, mode="nearest")).reshape(-1)
    score = expit(flat.astype(np.float64)).astype(np.float32)
    places = np.flatnonzero(peak & (score >= LEAST))
    places = places[np.argsort(-score[places], kind="stable")][: 4 * MOST]
    kind, position = np.divmod(places, logits[0].size)
    middle = centres(size, logits.shape[1:])[position]
    reach = distances.reshape(2 * dimensions, -1)[:, position].T.astype(np.float64)
    corners = np.concatenate([middle - reach[:, :dimensions], middle + reach[:, dimensions:]], axis=1)
    ends = np.tile(np.asarray(size, dtype=np.float64), 2) - 0.5
    corners = np.clip(corners, -0.5, ends).astype(np.float32)
    whole = np.flatnonzero((sides(corners) > 0).all(axis=1))
    corners, kind, of = corners[whole], kind[whole].astype(np.int64), score[places[whole]]
    kept = without_repetition(corners, kind, of)
    return Found(corners[kept], kind[kept], of[kept])


def without_repetition(
    corners: Corners, kinds: Integers, scores: NDArray[np.float32], *, overlap: float = SAME, most: int = MOST
) -> Integers:
    """Places of boxes that no more certain one of their kind overlaps more than so much, the most certain first.

    Each kept box is compared with those that are left, so that thousands of boxes need no table of all pairs.

    Args:
        corners: Shape (n, 2 * dimensions).
        kinds: Shape (n,).
        scores: Shape (n,).
        overlap: Intersection over union above which two boxes of a kind are taken for the same thing.
        most: Boxes that are kept.
    """
    left = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while left.size and len(kept) < most:
        first, left = int(left[0]), left[1:]
        kept.append(first)
        same = (kinds[left] == kinds[first]) & (overlaps(corners[[first]], corners[left])[0] > overlap)
        left = left[~same]
    return np.array(kept, dtype=np.int64)
