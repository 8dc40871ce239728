"""What is remembered of an image once it was decoded: digest, thumbnail and a few numbers."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from bedside.modalities.imaging.image import Image, Pixels, Readable
from bedside.modalities.imaging.sampling import step
from bedside.types import Floats

THUMBNAIL = {2: 16, 3: 8}
"""Pixels along each side of the thumbnail of an image and of a volume."""

_SAMPLED = 1 << 16
"""At most about this many values of an image make its percentiles."""


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Look:
    """An image in brief.

    Attributes:
        digest: 16 bytes, equal when type, size, values and geometry are equal; the same on every machine.
        thumbnail: Mean over channels on a grid of 16 x 16 or 8 x 8 x 8, mean 0 and length 1; zeros where constant.
        channels: 1 for grey, 3 for colour.
        size: Pixels along each spatial axis.
        spacing: Millimetres along each axis; None where unknown.
        low: 1st percentile of the values.
        median: Their median.
        high: 99th percentile.
    """

    digest: bytes
    thumbnail: NDArray[np.float32]
    channels: int
    size: tuple[int, ...]
    spacing: tuple[float, ...] | None
    low: float
    median: float
    high: float


_SEEN: "WeakKeyDictionary[Readable, Look]" = WeakKeyDictionary()
"""By object, for as long as it lives: an image is looked at for duplicates, near copies and its profile."""


def looks(readables: Sequence[Readable]) -> list[Look]:
    """Each image in brief, decoded at most once as long as its object lives.

    Raises:
        FileProblem: A file cannot be used.
    """
    return [_look(readable) for readable in readables]


def _look(readable: Readable) -> Look:
    try:
        known = _SEEN.get(readable)
    except TypeError:  # an object that cannot be referred to weakly is looked at anew
        return look_at(readable.read())
    if known is None:
        known = _SEEN[readable] = look_at(readable.read())
    return known


def look_at(image: Image) -> Look:
    """A decoded image in brief."""
    low, median, high = _percentiles(image.pixels)
    return Look(
        digest=digest_of(image),
        thumbnail=thumbnail(image),
        channels=image.channels,
        size=image.size,
        spacing=None if image.geometry is None else image.geometry.spacing,
        low=low,
        median=median,
        high=high,
    )


def digest_of(image: Image) -> bytes:
    """16 bytes of decoded content and geometry; files that decode to the same give the same, whatever their format."""
    little = image.pixels.dtype.newbyteorder("<")
    total = hashlib.blake2b(digest_size=16)
    total.update(f"{little.str} {image.pixels.shape} ".encode())
    total.update(np.ascontiguousarray(image.pixels, dtype=little).data)
    if image.geometry is not None:
        total.update(b"spacing" + _rounded(np.array(image.geometry.spacing)))
        if image.geometry.affine is not None:
            total.update(b"affine" + _rounded(image.geometry.affine))
    return total.digest()


def thumbnail(image: Image) -> NDArray[np.float32]:
    """The image averaged onto a small grid, flattened, its mean removed and its length made 1."""
    side = THUMBNAIL[image.dimensions]
    small: Floats = image.pixels.mean(axis=0, dtype=np.float64) if image.channels > 1 else image.pixels[0]
    for axis in range(image.dimensions):
        small = np.moveaxis(np.tensordot(_averaging(image.size[axis], side), small, axes=(1, axis)), 0, axis)
    flat = np.nan_to_num(small.ravel() - small.mean())
    length = float(np.linalg.norm(flat))
    spread = float(np.abs(small).max(initial=0.0))
    unit: Floats = flat / length if length > 1e-9 * max(spread, 1e-30) else np.zeros_like(flat)
    return unit.astype(np.float32)


def _averaging(size: int, side: int) -> Floats:
    """Weights of the mean over `side` equal parts of an axis, shape (side, size); rows sum to 1."""
    edges = np.linspace(0.0, size, side + 1)
    cells = np.arange(size)
    overlap = np.minimum(edges[1:, None], cells + 1) - np.maximum(edges[:-1, None], cells)
    weights: Floats = np.clip(overlap, 0.0, None) * (side / size)
    return weights


def _percentiles(pixels: Pixels) -> tuple[float, float, float]:
    sampled = pixels.reshape(-1)[:: step(pixels.shape, _SAMPLED)].astype(np.float64)
    sampled = sampled[np.isfinite(sampled)]
    if not sampled.size:
        return 0.0, 0.0, 0.0
    low, median, high = np.percentile(sampled, [1, 50, 99]).tolist()
    return low, median, high


def _rounded(numbers: Floats) -> bytes:
    """To a hundred-thousandth of a millimetre, so that the last bit of a product does not tell machines apart."""
    return (np.round(numbers * 1e5) + 0.0).astype("<f8").tobytes()
