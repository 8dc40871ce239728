"""Lines, fills and boxes drawn over a plane of an image, in colours that all can tell apart."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from scipy.ndimage import binary_dilation, binary_erosion

from bedside.data.marks import Mark
from bedside.types import Booleans

PREDICTED = ((230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (204, 121, 167), (213, 94, 0))
"""Colours of the first structures and kinds (Okabe and Ito, 2008); they repeat after these."""

FILLED = {"missed": (86, 180, 233), "added": (213, 94, 0)}
"""Blue where something was missed, vermilion where too much was said."""

_OPACITY = 0.55


def marked(plane: NDArray[np.uint8], marks: Sequence[Mark], size: tuple[int, int]) -> NDArray[np.uint8]:
    """A drawn plane with marks on it.

    The reference is a white line with a dark edge; a predicted line runs over it, so that white is seen where the two
    differ.

    Args:
        plane: Grey (rows, columns) or colour (rows, columns, 3), as large as it is shown.
        marks: Of this plane, in two dimensions; lines are drawn over what is filled.
        size: Rows and columns of the image itself.
    """
    shown = np.repeat(plane[..., None], 3, axis=2) if plane.ndim == 2 else plane.copy()
    for mark in sorted(marks, key=lambda one: one.role not in FILLED):
        if mark.role in FILLED:
            chosen = _inside(mark, shown.shape[:2], size)
            mixed = (1.0 - _OPACITY) * shown[chosen] + _OPACITY * np.array(FILLED[mark.role])
            shown[chosen] = np.round(mixed).astype(np.uint8)
            continue
        line = _frames(mark, shown.shape[:2], size) if mark.inside is None else _border(mark, shown.shape[:2], size)
        if mark.role == "reference":
            shown[binary_dilation(line) & ~line] = shown[binary_dilation(line) & ~line] // 2
            shown[line] = 255
        else:
            shown[line] = PREDICTED[mark.number % len(PREDICTED)]
    return shown


def cut(marks: Sequence[Mark], axis: int, place: int) -> list[Mark]:
    """Marks of a volume as they are in one plane across an axis."""
    found = []
    for mark in marks:
        if mark.inside is not None:
            found.append(replace(mark, inside=np.take(mark.inside, place, axis=axis)))
        elif mark.corners is not None:
            half = mark.corners.shape[1] // 2
            through = (mark.corners[:, axis] <= place) & (mark.corners[:, half + axis] >= place)
            rest = np.delete(mark.corners[through], [axis, half + axis], axis=1)
            found.append(replace(mark, corners=rest))
    return found


def middle(marks: Sequence[Mark], size: tuple[int, ...]) -> list[float]:
    """Where a volume is cut so that much of what is marked is seen, as a share of each axis; its centre without any."""
    held = np.zeros(size, dtype=np.float64)
    for mark in marks:
        if mark.inside is not None:
            held += mark.inside
        elif mark.corners is not None:
            for low, high in (np.split(np.maximum(0, np.rint(box)).astype(np.int64), 2) for box in mark.corners):
                held[tuple(slice(int(a), int(b) + 1) for a, b in zip(low, high, strict=True))] += 1
    if not held.any():
        return [0.5] * len(size)
    across = [held.sum(axis=tuple(other for other in range(held.ndim) if other != axis)) for axis in range(held.ndim)]
    return [(int(along.argmax()) + 0.5) / along.size for along in across]


def _inside(mark: Mark, shown: tuple[int, ...], size: tuple[int, int]) -> Booleans:
    """The marked places as they are shown; of boxes what lies in them."""
    if mark.inside is None:
        found = np.zeros(shown, dtype=np.bool_)
        for rows, columns in _shown(mark, shown, size):
            found[rows, columns] = True
        return found
    drawn = Pillow.fromarray(mark.inside.astype(np.uint8) * 255).resize(
        (shown[1], shown[0]), Pillow.Resampling.BILINEAR
    )
    return np.asarray(drawn) >= 128


def _border(mark: Mark, shown: tuple[int, ...], size: tuple[int, int]) -> Booleans:
    places = _inside(mark, shown, size)
    return np.asarray(places & ~binary_erosion(places, border_value=1), dtype=np.bool_)


def _frames(mark: Mark, shown: tuple[int, ...], size: tuple[int, int]) -> Booleans:
    found = np.zeros(shown, dtype=np.bool_)
    for rows, columns in _shown(mark, shown, size):
        found[rows, columns.start] = found[rows, columns.stop - 1] = True
        found[rows.start, columns] = found[rows.stop - 1, columns] = True
    return found


def _shown(mark: Mark, shown: tuple[int, ...], size: tuple[int, int]) -> list[tuple[slice, slice]]:
    """Boxes as they are shown; each at least a pixel."""
    found = []
    for box in mark.corners if mark.corners is not None else ():
        spans = []
        for axis in (0, 1):
            scale = shown[axis] / size[axis]
            low, high = (round((float(edge) + 0.5) * scale) for edge in (box[axis], box[2 + axis]))
            start = min(max(0, low), shown[axis] - 1)
            spans.append(slice(start, min(max(start + 1, high), shown[axis])))
        found.append((spans[0], spans[1]))
    return found
