"""AlexNet: five convolutions, the first ones wide."""

from dataclasses import dataclass
from typing import get_args

from torch import nn

from bedside.networks.convolutional.architecture import Architecture, Reduction
from bedside.networks.convolutional.declaration import Stem, is_large
from bedside.networks.convolutional.layers import MaxPool, unit
from bedside.networks.convolutional.staged import Staged
from bedside.networks.declaration import one_of

LARGE_STEM, SMALL_STEM = Reduction(11, 4, 2), Reduction(3, 1, 1)
POOL = Reduction(3, 2, 0)


@dataclass(frozen=True, kw_only=True)
class AlexNet(Architecture):
    """Five convolutions and three pools (Krizhevsky et al., NeurIPS 2012), one dense layer behind their means.

    The original's first convolution looks at 11 pixels and moves by 4; that for small images looks at 3 and moves
    by 1.

    Attributes:
        stem: First convolution.
    """

    stem: Stem = "auto"

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("stem", self.stem, get_args(Stem))

    @property
    def name(self) -> str:
        """As printed."""
        return "AlexNet"

    @property
    def details(self) -> str:
        """Half a sentence for the methods section."""
        return (
            f"AlexNet (Krizhevsky et al., 2012) with {self.norm} normalisation, its dense layers replaced by "
            f"one behind the mean over positions, {self.stem} stem, width {self.width:g}"
        )

    def reductions(self, side: int, dimensions: int) -> tuple[Reduction, ...]:
        """The stem and three pools."""
        return (LARGE_STEM if is_large(self.stem, side, dimensions) else SMALL_STEM), POOL, POOL, POOL

    def network(self, channels: int, size: tuple[int, ...]) -> Staged:
        """The network for images of this size."""
        dimensions, norm = len(size), self.norm
        first, second, third, fourth, dense = (self.channels(count) for count in (64, 192, 384, 256, 512))
        stem = self.reductions(min(size), dimensions)[0]
        pool = MaxPool(POOL.kernel, POOL.stride)
        stages = [
            unit(norm, dimensions, channels, first, stem.kernel, stride=stem.stride, padding=stem.padding),
            nn.Sequential(pool, unit(norm, dimensions, first, second, 5)),
            nn.Sequential(
                pool,
                unit(norm, dimensions, second, third),
                unit(norm, dimensions, third, fourth),
                unit(norm, dimensions, fourth, fourth),
            ),
            pool,
        ]
        return Staged(stages, dense, nn.Sequential(nn.Linear(fourth, dense), nn.ReLU(inplace=True)))
