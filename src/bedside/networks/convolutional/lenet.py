"""LeNet-5: the first convolutional network to read handwriting."""

from dataclasses import dataclass

from torch import nn

from bedside.networks.convolutional.architecture import Architecture, Reduction
from bedside.networks.convolutional.layers import MaxPool, unit
from bedside.networks.convolutional.staged import Staged


@dataclass(frozen=True, kw_only=True)
class LeNet(Architecture):
    """Two convolutions with pooling, a third over what is left, one dense layer (LeCun et al., Proc. IEEE 1998).

    Rectified units, normalisation and the largest value in place of the original's squashing and means.
    """

    @property
    def name(self) -> str:
        """As printed."""
        return "LeNet-5"

    @property
    def details(self) -> str:
        """Half a sentence for the methods section."""
        return f"LeNet-5 (LeCun et al., 1998) with rectified units and {self.norm} normalisation, width {self.width:g}"

    def reductions(self, side: int, dimensions: int) -> tuple[Reduction, ...]:  # noqa: ARG002 - the same for all
        """Pool, convolution without margin, pool, convolution without margin."""
        pool, inner = Reduction(2, 2, 0), Reduction(5, 1, 0)
        return pool, inner, pool, inner

    def network(self, channels: int, size: tuple[int, ...]) -> Staged:
        """The network for images of this size."""
        dimensions, norm = len(size), self.norm
        first, second, third, dense = (self.channels(count) for count in (6, 16, 120, 84))
        stages = [
            unit(norm, dimensions, channels, first, 5),
            nn.Sequential(MaxPool(), unit(norm, dimensions, first, second, 5, padding=0)),
            nn.Sequential(MaxPool(), unit(norm, dimensions, second, third, 5, padding=0)),
        ]
        return Staged(stages, dense, nn.Sequential(nn.Linear(third, dense), nn.ReLU(inplace=True)))
