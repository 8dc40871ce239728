"""Dark hair in photographs of skin, found by a black-hat filter and painted over.

A closing by straight lines fills what is thinner than they are long and darker than its surroundings; where that
changes the image much, a hair lies (DullRazor: Lee, Ng, Gallagher, Coldman and McLean, Comput Biol Med 1997, 27:533).
Its pixels are filled from their border by the biharmonic equation (scikit-image).
"""

from typing import Any

import numpy as np

from bedside.modalities.imaging.image import Pixels
from bedside.types import Booleans

_DARKER = 0.05
"""How much darker than its surroundings a hair is, as a share of the range of 8 bits."""

_LONG = 0.12
"""A hair reaches over at least this share of the shorter side."""

_CROSSING = 5.0
_MOST = 0.3
"""Where more than this share of an image would be hair, it is texture of another kind and nothing is changed."""


def without_hair(pixels: Pixels) -> Pixels:
    """The image with dark hair painted over, in its own type.

    Args:
        pixels: Shape (3, rows, columns), red, green and blue.
    """
    from skimage.restoration import inpaint_biharmonic  # noqa: PLC0415 - slow to import

    found = hair(pixels)
    if not found.any() or found.mean() > _MOST:
        return pixels
    whole = 255.0 if pixels.dtype == np.uint8 else float(np.abs(pixels).max())
    filled = inpaint_biharmonic(pixels / whole, found, split_into_regions=True, channel_axis=0)
    painted = np.where(found, np.clip(filled, 0.0, 1.0) * whole, pixels)
    return (np.rint(painted) if pixels.dtype == np.uint8 else painted).astype(pixels.dtype)


def hair(pixels: Pixels) -> Booleans:
    """Where hair lies, shape (rows, columns): thin, long, and darker than its surroundings in every channel.

    Brown pigment is dark in blue more than in red, and its network is no single line; both are left.
    """
    from skimage import measure as parts  # noqa: PLC0415 - slow to import
    from skimage import morphology as forms  # noqa: PLC0415

    measure: Any = parts  # both publish no types
    morphology: Any = forms

    whole = 255.0 if pixels.dtype == np.uint8 else float(np.abs(pixels).max())
    length = max(5, 2 * (min(pixels.shape[1:]) // 48) + 1)
    slanted = np.eye(length, dtype=np.uint8)
    lines = [np.ones((1, length), np.uint8), np.ones((length, 1), np.uint8), slanted, slanted[::-1]]
    dark = np.ones(pixels.shape[1:], dtype=np.bool_)
    for channel in pixels.astype(np.float32) / whole:
        wide = np.pad(channel, length, mode="reflect")
        # A hair is filled by the line across it; a spot that no line spans is filled by none of them.
        filled = np.max([morphology.closing(wide, line) for line in lines], axis=0)
        dark &= (filled - wide)[length:-length, length:-length] > _DARKER
    found = np.zeros_like(dark)
    for part in measure.regionprops(measure.label(dark, connectivity=2)):
        reach = float(np.hypot(part.bbox[2] - part.bbox[0], part.bbox[3] - part.bbox[1]))
        course = int(morphology.skeletonize(part.image).sum())
        thin = part.area <= course * length / 2
        # Hairs that cross are a few times as long as they reach; a network of pigment is many times.
        if thin and _LONG * min(dark.shape) <= reach and course <= _CROSSING * reach:
            found[part.slice] |= part.image
    grown: Booleans = morphology.dilation(found, np.ones((3, 3), dtype=np.uint8)).astype(np.bool_)
    return grown
