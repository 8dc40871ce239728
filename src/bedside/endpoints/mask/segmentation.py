"""A predicted outline: how probable each structure is in each pixel, on the image's own grid."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bedside.data.placement import Placement
from bedside.endpoints.mask.mask import Pixels, sized
from bedside.errors import StatisticsError

WHOLE = 255
"""Probability 1 in the steps in which shares are kept."""

_SUM_TOLERANCE = 1e-3


@dataclass(frozen=True, eq=False)
class Segmentation:
    """Probabilities of structures; its array is never changed.

    A probability is kept in 255ths: a byte a pixel and structure, and no two decisions closer than 0.002 matter. What
    the structures leave of 255 is the share of the background.

    Attributes:
        shares: Probability of each structure in 255ths, shape (structures, *size).

    Raises:
        StatisticsError: Another type, or another number of axes.
    """

    shares: Pixels

    def __post_init__(self) -> None:
        if self.shares.dtype != np.uint8 or self.shares.ndim not in (3, 4) or not self.shares.size:
            msg = (
                f"shares are {self.shares.dtype} of shape {self.shares.shape}; allowed are uint8 of shape (structures, "
                "*size) with two or three axes of pixels, none of them empty"
            )
            raise StatisticsError(msg)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Segmentation) and np.array_equal(self.shares, other.shares)

    def __hash__(self) -> int:
        return hash(self.shares.shape)

    @classmethod
    def of(cls, probabilities: NDArray[np.floating]) -> "Segmentation":
        """Probabilities of the background and of every structure, to the nearest 255th.

        Args:
            probabilities: Shape (1 + structures, *size), background first, adding up to 1 in each pixel.

        Raises:
            StatisticsError: They are not finite, lie outside [0, 1], or do not add up to 1.
        """
        if probabilities.ndim not in (3, 4) or len(probabilities) < 2:
            msg = (
                f"probabilities have shape {probabilities.shape}; give the background and at least one structure, then "
                "two or three axes of pixels"
            )
            raise StatisticsError(msg)
        if not (np.isfinite(probabilities).all() and probabilities.min() >= 0.0 and probabilities.max() <= 1.0):
            msg = "probabilities of a mask are not all finite and between 0 and 1; check the model's output"
            raise StatisticsError(msg)
        off = float(np.abs(probabilities.sum(axis=0, dtype=np.float64) - 1.0).max())
        if off > _SUM_TOLERANCE:
            msg = f"probabilities of a pixel add up to 1 within {off:.2g} at worst; they must add up to 1"
            raise StatisticsError(msg)
        return cls(np.rint(probabilities[1:] * WHOLE).astype(np.uint8))

    @classmethod
    def drawn(cls, labels: Pixels, structures: int) -> "Segmentation":
        """An outline without doubt (an atlas, a second reader): every pixel wholly its label's.

        Args:
            labels: 0 for background, k for the k-th structure, shape (*size).
            structures: How many there are.

        Raises:
            StatisticsError: A label beyond the structures.
        """
        if labels.max() > structures:
            msg = f"a label is {int(labels.max())}; allowed are 0 (background) to {structures}"
            raise StatisticsError(msg)
        return cls(np.stack([np.where(labels == k + 1, np.uint8(WHOLE), np.uint8(0)) for k in range(structures)]))

    @property
    def structures(self) -> int:
        """How many structures there are."""
        return len(self.shares)

    @property
    def size(self) -> tuple[int, ...]:
        """Pixels along each axis."""
        return self.shares.shape[1:]

    @property
    def labels(self) -> Pixels:
        """The most probable of background (0) and structures (1, 2 ...), shape (*size).

        Of equals the background, then the structure named first. Of a single structure: where its probability is more
        than a half.
        """
        background = WHOLE - self.shares.sum(axis=0, dtype=np.int16)
        best = self.shares.argmax(axis=0).astype(np.uint8) + np.uint8(1)
        return np.where(self.shares.max(axis=0) > background, best, np.uint8(0))

    def returned(self, placement: Placement) -> "Segmentation":
        """The prediction on the image's own grid; background where the image was not prepared.

        Raises:
            StatisticsError: The placement is to a grid of another size.
        """
        if placement.after != self.size:
            msg = (
                f"the prediction has {sized(self.size)} pixels and the prepared image {sized(placement.after)}; return "
                "it by the placement of its own image"
            )
            raise StatisticsError(msg)
        values = placement.back(self.shares.astype(np.float32))
        return Segmentation(np.clip(np.rint(values), 0, WHOLE).astype(np.uint8))
