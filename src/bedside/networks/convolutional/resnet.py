"""ResNet: stages of residual blocks."""

from dataclasses import dataclass
from typing import Self, get_args

from torch import nn

from bedside.networks.convolutional.architecture import Architecture, Reduction
from bedside.networks.convolutional.attention import Attention
from bedside.networks.convolutional.declaration import Stem, is_large
from bedside.networks.convolutional.layers import MaxPool, unit
from bedside.networks.convolutional.residual import ResidualBlock
from bedside.networks.convolutional.staged import Staged
from bedside.networks.declaration import one_of, positive

DEPTHS = {
    10: ((1, 1, 1, 1), False),
    18: ((2, 2, 2, 2), False),
    34: ((3, 4, 6, 3), False),
    50: ((3, 4, 6, 3), True),
}
"""Blocks a stage and whether they are bottlenecks, by layers with weights."""

CHANNELS, EXPANSION = 64, 4

LARGE_STEM = Reduction(7, 2, 3), Reduction(3, 2, 1)


@dataclass(frozen=True, kw_only=True)
class ResNet(Architecture):
    """Stages of residual blocks, each but the first at half the size of the one before (He et al., CVPR 2016).

    Attributes:
        blocks: Of each stage; as many stages as there are numbers.
        bottleneck: Blocks of three convolutions, the outer ones 1 x 1, instead of two.
        stem: First layers.
        attention: On what each block adds.
    """

    blocks: tuple[int, ...] = DEPTHS[18][0]
    bottleneck: bool = False
    stem: Stem = "auto"
    attention: Attention | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        positive("blocks", *self.blocks)
        one_of("stem", self.stem, get_args(Stem))

    @classmethod
    def of_depth(cls, depth: int) -> Self:
        """The network of 10, 18, 34 or 50 layers; raises StudyError for another number."""
        one_of("depth", depth, tuple(DEPTHS))
        blocks, bottleneck = DEPTHS[depth]
        return cls(blocks=blocks, bottleneck=bottleneck)

    @property
    def name(self) -> str:
        """As printed."""
        known = (depth for depth, shape in DEPTHS.items() if shape == (self.blocks, self.bottleneck))
        depth = next(known, None)
        return f"ResNet-{depth}" if depth else f"ResNet of {'-'.join(map(str, self.blocks))} blocks"

    @property
    def details(self) -> str:
        """Half a sentence for the methods section."""
        attention = f", {self.attention.description}" if self.attention else ""
        return (
            f"{self.name} (He et al., 2016; shortcuts by means, 2019) with {self.norm} normalisation{attention}, "
            f"{self.stem} stem, width {self.width:g}"
        )

    def reductions(self, side: int, dimensions: int) -> tuple[Reduction, ...]:
        """The stem and the first block of each later stage."""
        stem = LARGE_STEM if is_large(self.stem, side, dimensions) else ()
        return (*stem, *(Reduction(),) * (len(self.blocks) - 1))

    def network(self, channels: int, size: tuple[int, ...]) -> Staged:
        """The network for images of this size."""
        dimensions = len(size)
        first = inputs = self.channels(CHANNELS)
        stem = first_layers(self, self.stem, channels, first, size)
        stages: list[nn.Module] = []
        for stage, count in enumerate(self.blocks):
            between = self.channels(CHANNELS * 2**stage)
            outputs = between * EXPANSION if self.bottleneck else between
            layers: list[nn.Module] = [stem] if stage == 0 else []
            for block in range(count):
                layers.append(
                    ResidualBlock(
                        self.norm,
                        dimensions,
                        inputs,
                        outputs,
                        strides=(2 if stage and block == 0 else 1,) * dimensions,
                        between=between if self.bottleneck else None,
                        attention=self.attention,
                    )
                )
                inputs = outputs
            stages.append(nn.Sequential(*layers))
        return Staged(stages, inputs)


def first_layers(
    architecture: Architecture, stem: Stem, channels: int, outputs: int, size: tuple[int, ...]
) -> nn.Sequential:
    """The layers in front of the first stage."""
    dimensions = len(size)
    if not is_large(stem, min(size), dimensions):
        return unit(architecture.norm, dimensions, channels, outputs)
    look, pool = LARGE_STEM
    return nn.Sequential(
        unit(architecture.norm, dimensions, channels, outputs, look.kernel, stride=look.stride),
        MaxPool(pool.kernel, pool.stride, pool.padding),
    )
