"""What development images are like: what a plan of windows is chosen from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bedside.errors import FileProblem, ModelError
from bedside.modalities.imaging.cache import named
from bedside.modalities.imaging.image import Geometry, Image, Readable
from bedside.modalities.imaging.resample import oriented
from bedside.modalities.imaging.sampling import step

_SAMPLED = 1 << 16


@dataclass(frozen=True)
class Impression:
    """One image.

    Attributes:
        channels: 1 for grey, 3 for colour.
        size: Pixels along each axis.
        geometry: None where unknown.
        low: .5th percentile of its values.
        high: 99.5th.
        eight_bits: Whether its values are 8-bit numbers.
    """

    channels: int
    size: tuple[int, ...]
    geometry: Geometry | None
    low: float
    high: float
    eight_bits: bool

    @classmethod
    def of(cls, image: Image) -> "Impression":
        """Of a decoded image."""
        sampled = image.pixels.reshape(-1)[:: step(image.pixels.shape, _SAMPLED)].astype(np.float64)
        low, high = np.percentile(sampled, (0.5, 99.5)).tolist()
        return cls(image.channels, image.size, image.geometry, low, high, image.pixels.dtype == np.uint8)

    @property
    def codes(self) -> str:
        """Where the axes of a volume point, as letters; "" where the file does not say."""
        if self.geometry is None or self.geometry.affine is None:
            return ""
        from nibabel import orientations as ways  # noqa: PLC0415 - slow to import

        orientations: Any = ways  # its functions publish no types
        return "".join(orientations.aff2axcodes(self.geometry.affine))

    def turned(self, orientation: str) -> "Impression":
        """As if the volume had been turned."""
        bare = oriented(Image(np.broadcast_to(np.float32(0), (1, *self.size)), self.geometry), orientation)
        return Impression(self.channels, bare.size, bare.geometry, self.low, self.high, self.eight_bits)


def impressions(predictors: Sequence[Readable]) -> list[Impression]:
    """Each image in brief, decoded one at a time.

    Raises:
        ModelError: There are none, or some have two axes and some three.
        FileProblem: An image cannot be used.
    """
    found = []
    for place, readable in enumerate(predictors):
        try:
            found.append(Impression.of(readable.read()))
        except FileProblem as problem:
            raise named(problem, readable, place, len(predictors)) from problem
    if not found:
        msg = "a plan of windows was to be chosen from no development images; it needs at least one"
        raise ModelError(msg)
    axes = sorted({len(one.size) for one in found})
    if len(axes) > 1:
        msg = f"of {len(found)} development images some have {axes[0]} axes and some {axes[1]}; study them apart"
        raise ModelError(msg)
    return found
