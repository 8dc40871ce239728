"""One image made like all others of a study, as far as that needs no other image."""

from typing import NamedTuple

import numpy as np

from bedside.errors import FileProblem
from bedside.modalities.imaging.bias_field import without_bias_field
from bedside.modalities.imaging.hair import without_hair
from bedside.modalities.imaging.image import Geometry, Image, Pixels
from bedside.modalities.imaging.intensity import Moments, moments, usable, windowed, with_channels
from bedside.modalities.imaging.plan import ImagePlan
from bedside.modalities.imaging.resample import check_size, on_grid, oriented, placed, resampled


class Shaped(NamedTuple):
    """An image on the plan's grid.

    Attributes:
        pixels: Shape (channels, *size); uint8 where the image was and nothing asked for more, else float32.
        moments: What the image is standardised by where each is by itself; else zeros.
    """

    pixels: Pixels
    moments: Moments


def shaped(image: Image, plan: ImagePlan) -> Shaped:
    """The image with the plan's channels, orientation, spacing, size and window.

    Raises:
        FileProblem: The image cannot be made so; the message says what it has, what is allowed and what to do.
    """
    made = uncut(image, plan)
    return Shaped(np.ascontiguousarray(placed(made.pixels, plan.size)), made.moments)


def uncut(image: Image, plan: ImagePlan, *, scaled: bool = True) -> Shaped:
    """The same before it is cut or padded to the plan's size.

    Args:
        image: Decoded.
        plan: What is declared.
        scaled: Whether an image without a declared spacing is scaled to the size; else it keeps its own pixels.

    Raises:
        FileProblem: As `shaped` does.
    """
    if image.dimensions != plan.dimensions:
        words = {2: "an image of two dimensions", 3: "a volume of three dimensions"}
        msg = (
            f"{words[image.dimensions]} with {image.size} pixels was given and the plan is for "
            f"{words[plan.dimensions]}; declare a size of {image.dimensions} numbers, or give the other kind of file"
        )
        raise FileProblem(msg)
    check_size(image, plan)
    if plan.orientation is not None:
        image = oriented(image, plan.orientation)
    pixels = usable(with_channels(image.pixels, plan))
    small = pixels.dtype == np.uint8
    if plan.window is not None:
        pixels, small = windowed(pixels, plan.window), False
    if plan.remove_hair:
        image = _no_larger(Image(pixels, image.geometry), 2 * max(plan.size))
        pixels = without_hair(image.pixels)
    if scaled or plan.spacing is not None:
        pixels = on_grid(Image(pixels, image.geometry), plan)
    if plan.bias_field:
        pixels, small = without_bias_field(pixels), False
    if small and pixels.dtype != np.uint8:
        pixels = np.rint(pixels).astype(np.uint8)
    own = moments(pixels, plan.clip) if plan.scale == "image" else np.zeros(4, dtype=np.float32)
    return Shaped(pixels, own)


def _no_larger(image: Image, longest: int) -> Image:
    """The image shrunk to a longest side; what is much finer than the plan's grid need not be painted."""
    size, geometry = smaller(image, longest)
    if size == image.size:
        return image
    new = resampled(image.pixels, size)
    return Image(np.rint(new).astype(np.uint8) if image.pixels.dtype == np.uint8 else new, geometry)


def smaller(image: Image, longest: int) -> tuple[tuple[int, ...], Geometry | None]:
    """Size and geometry of the image shrunk to a longest side."""
    factor = longest / max(image.size)
    if factor >= 1.0:
        return image.size, image.geometry
    size = tuple(max(2, round(length * factor)) for length in image.size)
    if image.geometry is None:
        return size, None
    wider = zip(image.geometry.spacing, image.size, size, strict=True)
    return size, Geometry(tuple(distance * before / after for distance, before, after in wider))
