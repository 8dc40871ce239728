"""VGG: stages of small convolutions, nothing else."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Self

from torch import nn

from bedside.networks.convolutional.architecture import Architecture, Reduction
from bedside.networks.convolutional.attention import Attention
from bedside.networks.convolutional.layers import MaxPool, unit
from bedside.networks.convolutional.staged import Staged
from bedside.networks.declaration import one_of, positive

DEPTHS = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
"""Convolutions a stage, by layers with weights (Simonyan and Zisserman, table 1)."""

CHANNELS = (64, 128, 256, 512)
"""Of the first stages; later ones have as many as the last."""


@dataclass(frozen=True, kw_only=True)
class VGG(Architecture):
    """Stages of 3 x 3 convolutions, each followed by a pool (Simonyan and Zisserman, ICLR 2015).

    The dense layers are replaced by the mean over positions: they held nine tenths of the weights.

    Attributes:
        convolutions: Of each stage; as many stages as there are numbers. A small image takes few of them.
        attention: At the end of each stage.
    """

    convolutions: tuple[int, ...] = DEPTHS[11]
    attention: Attention | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        positive("convolutions", *self.convolutions)

    @classmethod
    def of_depth(cls, depth: int) -> Self:
        """The published network of 11, 13, 16 or 19 layers; raises StudyError for another number."""
        one_of("depth", depth, tuple(DEPTHS))
        return cls(convolutions=DEPTHS[depth])

    @property
    def name(self) -> str:
        """As printed."""
        depth = next((depth for depth, convolutions in DEPTHS.items() if convolutions == self.convolutions), None)
        return f"VGG-{depth}" if depth else f"VGG of {'-'.join(map(str, self.convolutions))} convolutions"

    @property
    def details(self) -> str:
        """Half a sentence for the methods section."""
        attention = f" and {self.attention.description}" if self.attention else ""
        return (
            f"{self.name} (Simonyan and Zisserman, 2015) with {self.norm} normalisation{attention}, its dense layers "
            f"replaced by the mean over positions, width {self.width:g}"
        )

    def reductions(self, side: int, dimensions: int) -> tuple[Reduction, ...]:  # noqa: ARG002 - the same for all
        """A pool a stage."""
        return (Reduction(2, 2, 0),) * len(self.convolutions)

    def network(self, channels: int, size: tuple[int, ...]) -> Staged:
        """The network for images of this size."""
        dimensions = len(size)
        widths = [self.channels(CHANNELS[min(stage, len(CHANNELS) - 1)]) for stage in range(len(self.convolutions))]
        stages = []
        for stage, ((inputs, outputs), count) in enumerate(
            zip(pairwise([channels, *widths]), self.convolutions, strict=True)
        ):
            layers: list[nn.Module] = [MaxPool()] if stage else []
            layers += [unit(self.norm, dimensions, inputs if k == 0 else outputs, outputs) for k in range(count)]
            layers += [self.attention.layer(outputs, dimensions)] if self.attention else []
            stages.append(nn.Sequential(*layers))
        return Staged([*stages, MaxPool()], widths[-1])
