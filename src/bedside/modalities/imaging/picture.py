"""A small PNG of an image for people: windowed, and for volumes the three middle slices side by side."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from bedside.modalities.imaging.image import Image, Pixels, Readable

LONGEST = 192
"""Pixels of the longest side of a picture, or of each slice of a volume."""


def picture(readable: Readable) -> bytes:
    """PNG of one image; pixels are drawn as far apart as they lie in the patient, where that is known.

    Raises:
        FileProblem: The file cannot be used.
    """
    image = readable.read()
    shown = _eight_bits(image.pixels)
    if image.dimensions == 2:
        made = _drawn(shown, _distances(image, (0, 1)))
    else:
        parts = []
        for axis in range(3):
            rest = tuple(other for other in range(3) if other != axis)
            parts.append(
                _drawn(np.asarray(np.take(shown, image.size[axis] // 2, axis=axis + 1)), _distances(image, rest))
            )
        made = _side_by_side(parts)
    file = io.BytesIO()
    Pillow.fromarray(made).save(file, format="PNG", optimize=True)
    return file.getvalue()


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


def _drawn(plane: NDArray[np.uint8], spacing: tuple[float, float]) -> NDArray[np.uint8]:
    """A plane (channels, rows, columns) as an array that Pillow draws, its longest side `LONGEST`."""
    extent = plane.shape[1] * spacing[0], plane.shape[2] * spacing[1]
    scale = LONGEST / max(extent)
    size = max(1, round(extent[1] * scale)), max(1, round(extent[0] * scale))
    flat = plane[0] if plane.shape[0] == 1 else np.moveaxis(plane, 0, -1)
    return np.asarray(Pillow.fromarray(np.ascontiguousarray(flat)).resize(size, Pillow.Resampling.BICUBIC))


def _side_by_side(parts: list[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    height = max(part.shape[0] for part in parts)
    padded = [np.pad(part, [(0, height - part.shape[0]), (0, 2), *[(0, 0)] * (part.ndim - 2)]) for part in parts]
    return np.concatenate(padded, axis=1)[:, :-2]
