"""What convolutional networks are declared with: how maps are normalised, and the first layers."""

from typing import Literal, TypeAlias

Norm: TypeAlias = Literal["batch", "group"]
"""Normalised across a batch (faster to learn), or within each case (tiny batches, privacy accounting)."""

Stem: TypeAlias = Literal["auto", "small", "large"]
"""First layers: "small" keeps the size of the image, "large" makes it smaller at once, "auto" goes by the size."""

LARGE = {2: 64, 3: 32}
"""Shorter side, by dimensions, from which "auto" is "large"."""


def is_large(stem: Stem, side: int, dimensions: int) -> bool:
    """Whether an image of this shorter side gets the stem for large images."""
    return stem == "large" or (stem == "auto" and side >= LARGE[dimensions])
