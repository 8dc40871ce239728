"""How large an image may be: a small file can decode to more than any memory holds."""

import math
from collections.abc import Sequence

from bedside.errors import FileProblem

MOST_PIXELS = 1 << 26
"""Pixels of one picture, page or slice: 67 million, a square of 8,192."""

MOST_VOXELS = 1 << 30
"""Values of a whole volume or of all frames: 512 x 512 x 4,096."""


def refuse_too_large(size: Sequence[int], where: str) -> None:
    """Raise FileProblem before anything is decoded.

    Args:
        size: Of the spatial axes, the plane last: (rows, columns) or (slices, rows, columns).
        where: The file, for the message.
    """
    shown = " x ".join(f"{n:,}" for n in size)
    if math.prod(size[-2:]) > MOST_PIXELS:
        msg = (
            f"{where} holds an image of {shown} pixels; {MOST_PIXELS:,} a plane are allowed (8,192 x 8,192): cut out "
            "the part of interest, or save it smaller"
        )
        raise FileProblem(msg)
    if math.prod(size) > MOST_VOXELS:
        msg = (
            f"{where} holds a volume of {shown} voxels; {MOST_VOXELS:,} are allowed (4,096 slices of 512 x 512): cut "
            "out the part of interest, or resample it"
        )
        raise FileProblem(msg)
