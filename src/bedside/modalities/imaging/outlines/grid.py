"""Whether outlines lie on the pixels of their image, and what is done where they lie on others."""

from dataclasses import replace

import numpy as np

from bedside.errors import FileProblem
from bedside.modalities.imaging.image import Geometry, Image
from bedside.modalities.imaging.outlines.label_map import LabelMap, Labels
from bedside.types import Floats

TOLERANCE = 0.1
"""How far the same pixel may lie apart in two files, in the image's smallest pixel distance: headers are rounded."""


def onto(outlines: LabelMap, image: Image, *, tolerance: float = TOLERANCE, nearest: bool = False) -> LabelMap:
    """The outlines on the pixels of their image, with the image's geometry.

    Where either file tells no position, equal size (and equal distances, where both tell them) is all that can be
    checked.

    Args:
        outlines: Read from another file than the image.
        image: What was outlined.
        tolerance: How far a corner may lie apart, in the image's smallest pixel distance.
        nearest: Take the nearest pixel's label where the grids differ and both files tell positions; pixels of the
            image outside the outlines' grid are background. Structures thinner than a pixel of the image can vanish.

    Raises:
        FileProblem: Size or position differ and `nearest` is not asked for, or the grids do not meet.
    """
    problem = _difference(outlines, image, tolerance)
    if problem is None:
        return replace(outlines, geometry=image.geometry or outlines.geometry)
    there, here = _affine(outlines.geometry), _affine(image.geometry)
    if there is None or here is None or outlines.dimensions != 3 or image.dimensions != 3:
        msg = f"the outlines {problem}; save them on the pixels of their image"
        raise FileProblem(msg)
    if not nearest:
        msg = (
            f"the outlines {problem}; save them on the pixels of their image, or ask for the nearest label where both "
            "files lie in one space"
        )
        raise FileProblem(msg)
    moved = _resampled(outlines.labels, np.linalg.inv(there) @ here, image.size)
    if moved is None:
        msg = f"the outlines {problem}, and no pixel of the image lies in their grid: they belong to another image"
        raise FileProblem(msg)
    return LabelMap(moved, image.geometry, outlines.names)


def apart(one: Floats, other: Floats, size: tuple[int, ...]) -> float:
    """The largest distance in millimetres between the places of one corner pixel by two affines."""
    corners = np.stack(np.meshgrid(*[(0.0, n - 1.0) for n in size], indexing="ij"), axis=-1).reshape(-1, len(size))
    whole = np.column_stack([corners, np.ones(len(corners))])
    return float(np.linalg.norm((whole @ (one - other).T)[:, :3], axis=1).max())


def _difference(outlines: LabelMap, image: Image, tolerance: float) -> str | None:
    """How the grids differ, as the end of a sentence; None where they are one."""
    if outlines.size != image.size:
        return f"have {_shown(outlines.size)} pixels and the image {_shown(image.size)}"
    if outlines.geometry is None or image.geometry is None:
        return None
    limit = tolerance * min(image.geometry.spacing)
    there, here = _affine(outlines.geometry), _affine(image.geometry)
    if there is not None and here is not None:
        far = apart(there, here, image.size)
        words = f"lie up to {far:.3g} mm from the pixels of the image, where {limit:.3g} mm are allowed"
        return words if far > limit else None
    # Over the whole image, so that a small difference in distance counts where it adds up.
    steps = np.abs(np.subtract(outlines.geometry.spacing, image.geometry.spacing)) * (np.array(image.size) - 1)
    if steps.max() <= limit:
        return None
    told, own = (" x ".join(f"{x:.4g}" for x in one.spacing) for one in (outlines.geometry, image.geometry))
    return f"have pixels of {told} mm and the image of {own} mm"


def _resampled(labels: Labels, back: Floats, size: tuple[int, ...]) -> Labels | None:
    """Labels of the nearest pixel, slice by slice of the image; None where the grids do not meet."""
    made = np.zeros(size, dtype=labels.dtype)
    met = False
    rows, columns = (grid.ravel() for grid in np.meshgrid(np.arange(size[1]), np.arange(size[2]), indexing="ij"))
    for number in range(size[0]):
        places = np.stack([np.full(rows.size, number), rows, columns, np.ones(rows.size)])
        # A thousandth of a pixel is nothing, and keeps a place half way between two pixels from flickering.
        found = np.floor(np.round((back @ places)[:3], 3) + 0.5).astype(np.int64)
        inside = ((found >= 0) & (found < np.array(labels.shape)[:, None])).all(axis=0)
        made[number].reshape(-1)[inside] = labels[tuple(found[:, inside])]
        met = met or bool(inside.any())
    return made if met else None


def _affine(geometry: Geometry | None) -> Floats | None:
    return None if geometry is None else geometry.affine


def _shown(size: tuple[int, ...]) -> str:
    return " x ".join(str(n) for n in size)
