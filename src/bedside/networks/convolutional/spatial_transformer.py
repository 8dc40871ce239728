"""The spatial transformer: a small network that moves, turns and scales an image before the next one sees it."""

from dataclasses import dataclass
from itertools import product

import torch
from jaxtyping import Float
from torch import Tensor, nn

from bedside.networks.convolutional.layers import convolution
from bedside.networks.declaration import positive

COARSE = 8
"""Longest axis of the maps from which the movement is read."""


@dataclass(frozen=True)
class SpatialTransformer:
    """An affine movement for each image, learned with the rest (Jaderberg et al., NeurIPS 2015).

    It starts by moving nothing. The maps of the network behind it lie in the moved image.

    Attributes:
        channels: Of the layers that find the movement.
    """

    channels: int = 16

    def __post_init__(self) -> None:
        positive("channels", self.channels)

    @property
    def description(self) -> str:
        """As the methods section names it."""
        return "a spatial transformer (Jaderberg et al., 2015)"

    def layer(self, channels: int, size: tuple[int, ...]) -> nn.Module:
        """A new layer: images of this size to images of this size."""
        return Moving(channels, size, self.channels)


class Moving(nn.Module):
    """Finds an affine movement for each image and samples the image there, linearly; edges continue outwards."""

    places: Tensor

    def __init__(self, channels: int, size: tuple[int, ...], between: int) -> None:
        super().__init__()
        dimensions = len(size)
        axes = [(2 * torch.arange(length) + 1) / length - 1 for length in size]
        grid = torch.stack([*torch.meshgrid(*axes, indexing="ij"), torch.ones(size)], dim=-1)
        self.register_buffer("places", grid.reshape(-1, dimensions + 1), persistent=False)
        layers: list[nn.Module] = []
        while max(size) > COARSE:
            layers += [convolution(dimensions, channels, between, stride=2), nn.ReLU(inplace=True)]
            channels, size = between, tuple((length + 1) // 2 for length in size)
        last = nn.Linear(channels * torch.Size(size).numel(), dimensions * (dimensions + 1))
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.find = nn.Sequential(*layers, nn.Flatten(), last)

    def movement(self, images: Float[Tensor, "cases channels *size"]) -> Float[Tensor, "cases axes columns"]:
        """From a place in the moved image to the place it shows, both from -1 to 1 along each axis."""
        dimensions = images.ndim - 2
        found: Tensor = self.find(images).unflatten(-1, (dimensions, dimensions + 1))
        return found + torch.eye(dimensions, dimensions + 1, device=images.device, dtype=found.dtype)

    def forward(self, images: Float[Tensor, "cases channels *size"]) -> Float[Tensor, "cases channels *size"]:
        """Moved images."""
        return sample(images, self.places @ self.movement(images).transpose(1, 2)).reshape(images.shape)


def sample(
    images: Float[Tensor, "cases channels *size"], places: Float[Tensor, "cases places axes"]
) -> Float[Tensor, "cases channels places"]:
    """Values at places given from -1 (outer edge of the first pixel) to 1, linear between pixels.

    As `torch.nn.functional.grid_sample` with border padding, but its gradient is the same from run to run on every
    device.
    """
    size = images.shape[2:]
    lengths = torch.tensor(size, device=places.device)
    exact = (((places + 1) * lengths - 1) / 2).maximum(torch.zeros_like(lengths)).minimum(lengths - 1)
    low = exact.detach().floor()
    beyond = exact - low
    flat = images.flatten(2)
    result = torch.zeros((*flat.shape[:2], places.shape[1]), dtype=flat.dtype, device=flat.device)
    for corner in product((0, 1), repeat=len(size)):
        index = torch.zeros(places.shape[:2], dtype=torch.int64, device=places.device)
        share = torch.ones(places.shape[:2], dtype=places.dtype, device=places.device)
        for axis, (step, length) in enumerate(zip(corner, size, strict=True)):
            index = index * length + (low[..., axis].long() + step).clamp(max=length - 1)
            share = share * (beyond[..., axis] if step else 1 - beyond[..., axis])
        result = result + flat.gather(2, index.unsqueeze(1).expand(-1, flat.shape[1], -1)) * share.unsqueeze(1)
    return result
