"""Boxes at random places of images."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor


def box(covered: Float[Tensor, " cases"], size: tuple[int, ...]) -> Bool[Tensor, "cases ..."]:
    """One box a case, inside the image, its sides in the image's proportions.

    Args:
        covered: Share of the image that each box covers, up to whole pixels.
        size: Of the images.
    """
    cases, where = len(covered), covered.device
    inside = torch.ones(cases, *(1 for _ in size), dtype=torch.bool, device=where)
    for axis, length in enumerate(size):
        side = (covered ** (1.0 / len(size)) * length).round()
        start = (torch.rand(cases, device=where) * (length - side + 1.0)).floor().clamp_max(length - side)
        places = torch.arange(length, device=where)
        along = (places >= start[:, None]) & (places < (start + side)[:, None])
        inside = inside & along.reshape(cases, *(length if other == axis else 1 for other in range(len(size))))
    return inside
