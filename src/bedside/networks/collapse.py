"""Whether features still tell cases apart: what learning without outcomes must not lose."""

from jaxtyping import Float
from torch import Tensor

NARROW = 0.01
"""Spread of features, relative to their size, below which they tell cases no longer apart."""


def spread(features: Float[Tensor, "cases width"]) -> float:
    """Root of the summed variances of features, relative to the root of their mean squared length."""
    size = features.square().sum(1).mean().sqrt()
    return float(features.var(0, unbiased=False).sum().sqrt() / size if size > 0 else size)
