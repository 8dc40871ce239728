"""Dark hair in photographs of skin, found by a black-hat filter and painted over.

A closing by straight lines fills what is thinner than they are long and darker than its surroundings; where that
changes the image much, a hair lies (DullRazor: Lee, Ng, Gallagher, Coldman and McLean, Comput Biol Med 1997, 27:533).
Its pixels are filled from their border by the biharmonic equation (scikit-image).
"""

import numpy as np

from bedside.modalities.imaging.image import Pixels
from bedside.types import Booleans

_DARKER = 0.06
"""How much darker than its surroundings a hair is, as a share of the range of 8 bits."""

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
    """Where hair lies, shape (rows, columns)."""
    from skimage.morphology import closing, dilation, remove_small_objects  # noqa: PLC0415 - slow to import

    whole = 255.0 if pixels.dtype == np.uint8 else float(np.abs(pixels).max())
    grey = pixels.astype(np.float32).min(axis=0) / whole
    length = max(7, 2 * (min(grey.shape) // 32) + 1)
    slanted = np.eye(length)
    lines = [np.ones((1, length)), np.ones((length, 1)), slanted, slanted[::-1]]
    # A hair is filled by the line across it; a spot that no line spans is filled by none of them.
    filled = np.max([closing(grey, line.astype(np.uint8)) for line in lines], axis=0)
    dark = filled - grey > _DARKER
    long = remove_small_objects(dark, max_size=2 * length, connectivity=2)
    wide: Booleans = dilation(long, np.ones((3, 3), dtype=np.uint8)).astype(np.bool_)
    return wide
