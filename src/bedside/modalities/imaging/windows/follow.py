"""How maps of labels follow the images that augmentation moves."""

import torch
from torch import Tensor

from bedside.modalities.imaging.augment.warp import Warp
from bedside.networks.map_losses import IGNORED


def outlined(targets: Tensor, warp: Warp) -> Tensor:
    """Labels, shape (cases, 1, *size), moved with their images by the nearest pixel; 255 where nothing is known.

    What augmentation moves in from beyond a window repeats the border of the image; it is no anatomy, and its labels
    are left out of the loss. For `Geometric(follow=outlined)`.
    """
    moved = warp(targets, mode="nearest")
    if warp.grid is None:
        return moved
    beyond = (warp.grid.abs() > 1.0).any(dim=-1).unsqueeze(1)
    return torch.where(beyond, torch.full_like(moved, IGNORED), moved)
