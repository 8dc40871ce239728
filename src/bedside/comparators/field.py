"""The field of view, where an image itself shows it: a bright disc on dark ground, as in photographs of the fundus."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from scipy import ndimage

from bedside.comparators.sight import Grey
from bedside.endpoints.mask.mask import Mask
from bedside.types import Booleans, Floats, Integers, Json

_BINS = 256
_AGREEMENT = 0.9
"""Dice with the judged regions of development from which the field is taken as told by the image."""


@dataclass(frozen=True)
class Field:
    """Which part of an image is looked at.

    No judged region is known of a new image. Where regions were judged in development and brightness tells them from
    their surroundings, the same rule is put to new images; else all of an image is looked at.

    Attributes:
        cut: Standardised brightness (mean of channels, smoothed) above which a pixel is in the field; None for all.
    """

    cut: float | None

    @classmethod
    def fit(cls, seen: Sequence[tuple[Grey, Mask]]) -> "Field":
        """The cut that misjudges fewest pixels of development, if the fields it gives agree with those judged."""
        regions = [(_brightness(pixels), mask.judged) for pixels, mask in seen if mask.judged is not None]
        if len(regions) < len(seen) or all(judged.all() for _, judged in regions):
            return cls(None)
        low, high = min(float(b.min()) for b, _ in regions), max(float(b.max()) for b, _ in regions)
        edges = np.linspace(low, high, _BINS + 1)
        inside: Integers = np.zeros(_BINS, dtype=np.int64)
        outside = inside.copy()
        for bright, judged in regions:
            inside += np.histogram(bright[judged], edges)[0]
            outside += np.histogram(bright[~judged], edges)[0]
        wrong = np.cumsum(inside) + outside.sum() - np.cumsum(outside)
        field = cls(float(edges[int(wrong.argmin()) + 1]))
        agreement: list[float] = []
        for (pixels, _), (_, judged) in zip(seen, regions, strict=True):
            found = field.of(pixels)
            agreement.append(2.0 * int((found & judged).sum()) / (int(found.sum()) + int(judged.sum())))
        return field if float(np.mean(agreement)) >= _AGREEMENT else cls(None)

    @property
    def words(self) -> str:
        """Where an image is looked at, for the record."""
        return "all of an image" if self.cut is None else "a bright field that the image shows"

    def of(self, pixels: Grey) -> Booleans:
        """The largest bright part with its holes filled, shape (*size); all where nothing is brighter than the cut.

        Args:
            pixels: Standardised, shape (channels, *size).
        """
        everywhere: Booleans = np.ones(pixels.shape[1:], dtype=np.bool_)
        if self.cut is None:
            return everywhere
        parts, count = ndimage.label(_brightness(pixels) > self.cut)
        if not count:
            return everywhere
        sizes = np.bincount(parts.ravel())
        sizes[0] = 0
        found: Booleans = ndimage.binary_fill_holes(parts == sizes.argmax())
        return found

    def filled(self, image: Grey, field: Booleans) -> Grey:
        """One channel whose pixels beyond the field repeat the nearest one within, so that its rim is no edge.

        Args:
            image: Shape (*size).
            field: Shape (*size).
        """
        if field.all():
            return image
        # The rim itself is half dark; it is replaced with what lies two pixels further in, where there is that much.
        inner = ndimage.binary_erosion(field, iterations=2, border_value=1)
        nearest = ndimage.distance_transform_edt(
            ~(inner if inner.any() else field), return_distances=False, return_indices=True
        )
        moved: Grey = image[tuple(nearest)]
        return moved

    def state(self) -> Json:
        """As JSON."""
        return {"cut": self.cut}

    @classmethod
    def from_state(cls, state: Json) -> "Field":
        """The inverse of `state`."""
        cut = cast("dict[str, float | None]", state)["cut"]
        return cls(None if cut is None else float(cut))


def _brightness(pixels: Grey) -> Floats:
    return np.asarray(ndimage.gaussian_filter(pixels.mean(axis=0), 1.0), dtype=np.float64)
