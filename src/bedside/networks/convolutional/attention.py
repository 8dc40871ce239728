"""Attention over channels and positions: options of the networks that have residual or plain stages."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor, cat, nn

from bedside.errors import StudyError
from bedside.networks.convolutional.layers import convolution
from bedside.networks.declaration import positive

NARROWEST = 4
"""Fewest units between the channels and their weights."""


@runtime_checkable
class Attention(Protocol):
    """An option of an architecture: a frozen dataclass that makes the layer for maps of so many channels."""

    @property
    def description(self) -> str:
        """As the methods section names it."""
        ...

    def layer(self, channels: int, dimensions: int) -> nn.Module:
        """A new layer: maps to maps of the same shape."""
        ...


@dataclass(frozen=True)
class SqueezeExcite:
    """Channels weighted by what the whole image shows (Hu et al., CVPR 2018).

    Attributes:
        reduction: Channels for one unit in between.
    """

    reduction: int = 16

    def __post_init__(self) -> None:
        positive("reduction", self.reduction)

    @property
    def description(self) -> str:
        """As the methods section names it."""
        return "squeeze-and-excitation attention"

    def layer(self, channels: int, dimensions: int) -> nn.Module:  # noqa: ARG002 - the same in both
        """A new layer."""
        return ChannelWeights(channels, max(NARROWEST, channels // self.reduction), largest=False)


@dataclass(frozen=True)
class CBAM:
    """Channels weighted by what the image shows, then positions (Woo et al., ECCV 2018).

    Attributes:
        reduction: Channels for one unit in between.
        kernel: Pixels that decide on a position, odd.
    """

    reduction: int = 16
    kernel: int = 7

    def __post_init__(self) -> None:
        positive("reduction", self.reduction)
        positive("kernel", self.kernel)
        if self.kernel % 2 == 0:
            msg = f"a network was declared with kernel: {self.kernel}; odd numbers are allowed: a middle is needed"
            raise StudyError(msg)

    @property
    def description(self) -> str:
        """As the methods section names it."""
        return "convolutional block attention"

    def layer(self, channels: int, dimensions: int) -> nn.Module:
        """A new layer."""
        between = max(NARROWEST, channels // self.reduction)
        return nn.Sequential(ChannelWeights(channels, between, largest=True), PositionWeights(self.kernel, dimensions))


class ChannelWeights(nn.Module):
    """A weight between 0 and 1 for each channel, from its mean and, where wished, its largest value."""

    def __init__(self, channels: int, between: int, *, largest: bool) -> None:
        """Make it.

        Args:
            channels: To weight.
            between: Units in between.
            largest: Whether the largest value of a channel counts beside its mean.
        """
        super().__init__()
        # Smooth units in between: of the few there are in a narrow network, rectified ones may all be dead.
        self.layers = nn.Sequential(nn.Linear(channels, between), nn.SiLU(), nn.Linear(between, channels))
        self.largest = largest

    def forward(self, maps: Float[Tensor, "cases channels *size"]) -> Float[Tensor, "cases channels *size"]:
        """Weighted maps."""
        flat = maps.flatten(2)
        weights: Tensor = self.layers(flat.mean(-1))
        if self.largest:
            weights = weights + self.layers(flat.amax(-1))
        return maps * weights.sigmoid().reshape(*weights.shape, *(1,) * (maps.ndim - 2))


class PositionWeights(nn.Module):
    """A weight between 0 and 1 for each position, from the mean and the largest of its channels nearby."""

    def __init__(self, kernel: int, dimensions: int) -> None:
        super().__init__()
        self.layer = convolution(dimensions, 2, 1, kernel)

    def forward(self, maps: Float[Tensor, "cases channels *size"]) -> Float[Tensor, "cases channels *size"]:
        """Weighted maps."""
        weights: Tensor = self.layer(cat([maps.mean(1, keepdim=True), maps.amax(1, keepdim=True)], dim=1))
        return maps * weights.sigmoid()
