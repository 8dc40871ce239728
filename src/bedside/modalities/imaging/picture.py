"""A small PNG of an image for people, with or without a map of what matters: windowed, volumes by three planes."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from scipy.ndimage import gaussian_filter

from bedside.data.marks import Mark
from bedside.modalities.imaging.image import Image, Pixels, Readable
from bedside.modalities.imaging.marked import cut, marked, middle
from bedside.modalities.imaging.overlay import limits, overlaid

LONGEST = 192
"""Pixels of the longest side of a picture, or of each slice of a volume."""


MARKED = 384
"""Pixels of the longest side of a picture with marks on it: thin lines need room."""

SQUARE = 168
"""Pixels along each side of a map that is drawn alone, or of each of its planes."""


def picture(
    readable: Readable | None,
    places: NDArray[Any] | None = None,
    /,
    *,
    marks: Sequence[Mark] = (),
    large: bool = False,
) -> bytes:
    """PNG of one image; pixels are drawn as far apart as they lie in the patient, where that is known.

    A volume is shown by three planes: through its middle, or through the place that matters most, and then in two
    rows, without and with the map.

    Args:
        readable: The image; None draws the map alone.
        places: How much each place matters, over the whole of the image, shape (*grid); None draws the image alone.
        marks: Drawn over the image, which is then shown larger.
        large: Whether a flat image is shown as large without any.

    Raises:
        FileProblem: The file cannot be used.
    """
    image = None if readable is None else readable.read()
    if image is None:
        made = _alone(np.zeros((1, 1)) if places is None else places)
    elif image.dimensions == 2:
        plane = _drawn(_eight_bits(image.pixels), _distances(image, (0, 1)), MARKED if marks or large else LONGEST)
        made = plane if places is None else overlaid(plane, places, *_limits(places, marks))
        made = marked(made, marks, (image.size[0], image.size[1])) if marks else made
    else:
        made = _marked_volume(image, places, marks) if marks else _volume(image, places)
    file = io.BytesIO()
    Pillow.fromarray(made).save(file, format="PNG", optimize=True)
    return file.getvalue()


def _volume(image: Image, places: NDArray[Any] | None) -> NDArray[np.uint8]:
    shown = _eight_bits(image.pixels)
    through = [0.5] * 3 if places is None else _peak(places)
    plain, marked = [], []
    for axis, share in enumerate(through):
        rest = tuple(other for other in range(3) if other != axis)
        cut: NDArray[np.uint8] = np.take(shown, int(share * image.size[axis]), axis=axis + 1)
        plane = _drawn(cut, _distances(image, rest))
        plain.append(plane)
        if places is not None:
            marked.append(overlaid(plane, _slice(places, axis, share), *limits(places)))
    top = _side_by_side(plain)
    if places is None:
        return top
    colour = np.repeat(top[..., None], 3, axis=2) if top.ndim == 2 else top
    return np.concatenate([colour, np.zeros_like(colour[:2]), _side_by_side(marked)])


def _marked_volume(image: Image, places: NDArray[Any] | None, marks: Sequence[Mark]) -> NDArray[np.uint8]:
    """Three planes through what is marked, with the map where there is one."""
    shown, planes = _eight_bits(image.pixels), []
    for axis, share in enumerate(middle(marks, image.size)):
        rest = tuple(other for other in range(3) if other != axis)
        place = int(share * image.size[axis])
        plane = _drawn(np.take(shown, place, axis=axis + 1), _distances(image, rest))
        if places is not None:
            plane = overlaid(plane, _slice(places, axis, share), *_limits(places, marks))
        planes.append(marked(plane, cut(marks, axis, place), (image.size[rest[0]], image.size[rest[1]])))
    return _side_by_side(planes)


def _alone(places: NDArray[Any]) -> NDArray[np.uint8]:
    """A map, or its three planes through the place that matters most, on black."""
    black = np.zeros((SQUARE, SQUARE), dtype=np.uint8)
    if places.ndim == 2:
        return overlaid(black, places, *limits(places))
    planes = [_slice(places, axis, share) for axis, share in enumerate(_peak(places))]
    return _side_by_side([overlaid(black, plane, *limits(places)) for plane in planes])


def _limits(places: NDArray[Any], marks: Sequence[Mark]) -> tuple[float, float]:
    """Those of a map; without its line where lines are drawn that mean something else."""
    largest, line = limits(places)
    return largest, largest if marks else line


def _slice(places: NDArray[Any], axis: int, share: float) -> NDArray[Any]:
    found: NDArray[Any] = np.take(places, int(share * places.shape[axis]), axis=axis)
    return found


def _peak(places: NDArray[Any]) -> list[float]:
    """Where the smoothed map is largest, as a share of each axis."""
    smooth = gaussian_filter(places.astype(np.float64), 1.0)
    found = np.unravel_index(int(smooth.argmax()), smooth.shape)
    return [(int(place) + 0.5) / length for place, length in zip(found, smooth.shape, strict=True)]


def _eight_bits(pixels: Pixels) -> NDArray[np.uint8]:
    """Values between the 0.5th and 99.5th percentile as 0 to 255; 8-bit colours as they are."""
    if pixels.dtype == np.uint8 and pixels.shape[0] == 3:
        return pixels
    finite = pixels[np.isfinite(pixels)].astype(np.float64)
    low, high = np.percentile(finite, [0.5, 99.5]).tolist() if finite.size else (0.0, 1.0)
    scaled = (np.nan_to_num(pixels.astype(np.float64), nan=low) - low) / max(high - low, 1e-12)
    return np.round(255.0 * np.clip(scaled, 0.0, 1.0)).astype(np.uint8)


def _distances(image: Image, axes: tuple[int, ...]) -> tuple[float, float]:
    if image.geometry is None:
        return 1.0, 1.0
    return image.geometry.spacing[axes[0]], image.geometry.spacing[axes[1]]


def _drawn(plane: NDArray[np.uint8], spacing: tuple[float, float], longest: int = LONGEST) -> NDArray[np.uint8]:
    """A plane (channels, rows, columns) as an array that Pillow draws, with this longest side."""
    extent = plane.shape[1] * spacing[0], plane.shape[2] * spacing[1]
    scale = longest / max(extent)
    size = max(1, round(extent[1] * scale)), max(1, round(extent[0] * scale))
    flat = plane[0] if plane.shape[0] == 1 else np.moveaxis(plane, 0, -1)
    # A few large pixels are shown as what they are; smoothing would invent detail.
    coarse = max(plane.shape[1:]) * 2 <= longest
    how = Pillow.Resampling.NEAREST if coarse else Pillow.Resampling.BICUBIC
    return np.asarray(Pillow.fromarray(np.ascontiguousarray(flat)).resize(size, how))


def _side_by_side(parts: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    height = max(part.shape[0] for part in parts)
    padded = [np.pad(part, [(0, height - part.shape[0]), (0, 2), *[(0, 0)] * (part.ndim - 2)]) for part in parts]
    return np.concatenate(padded, axis=1)[:, :-2]
