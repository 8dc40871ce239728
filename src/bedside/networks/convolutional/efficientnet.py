"""EfficientNet: inverted bottlenecks whose width and depth grow together."""

import math
from dataclasses import dataclass
from typing import Self, get_args

import torch
from torch import Tensor, nn

from bedside.networks.convolutional.architecture import Architecture, Reduction
from bedside.networks.convolutional.attention import ChannelWeights
from bedside.networks.convolutional.declaration import Norm, Stem, is_large
from bedside.networks.convolutional.layers import convolution, normalisation
from bedside.networks.convolutional.staged import Staged
from bedside.networks.declaration import one_of, positive

SCALES = {0: (1.0, 1.0), 1: (1.0, 1.1), 2: (1.1, 1.2), 3: (1.2, 1.4), 4: (1.4, 1.8)}
"""Factors on width and depth of B0 to B4."""

STAGES = (
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)
"""Expansion, channels, blocks, stride and kernel of each stage of B0 (Tan and Le, table 1)."""

FIRST, LAST = 32, 1280
DROPPED = 0.2
"""Share of cases whose last block adds nothing while training; earlier blocks in proportion to their depth."""


@dataclass(frozen=True, kw_only=True)
class EfficientNet(Architecture):
    """Inverted bottlenecks with squeeze-and-excitation (Tan and Le, ICML 2019).

    Attributes:
        depth: Factor on the blocks of every stage.
        stem: First convolution: the original moves by 2.
    """

    depth: float = 1.0
    stem: Stem = "auto"

    def __post_init__(self) -> None:
        super().__post_init__()
        positive("depth", self.depth)
        one_of("stem", self.stem, get_args(Stem))

    @classmethod
    def scaled(cls, scale: int) -> Self:
        """B0 to B4; raises StudyError for another number."""
        one_of("scale", scale, tuple(SCALES))
        width, depth = SCALES[scale]
        return cls(width=width, depth=depth)

    @property
    def name(self) -> str:
        """As printed."""
        scale = next((scale for scale, factors in SCALES.items() if factors == (self.width, self.depth)), None)
        return f"EfficientNet-B{scale}" if scale is not None else f"EfficientNet of depth {self.depth:g}"

    @property
    def details(self) -> str:
        """Half a sentence for the methods section."""
        return f"{self.name} (Tan and Le, 2019) with {self.norm} normalisation, {self.stem} stem, width {self.width:g}"

    def reductions(self, side: int, dimensions: int) -> tuple[Reduction, ...]:
        """The stem and the first block of the stages that move by 2."""
        stem = (Reduction(),) if is_large(self.stem, side, dimensions) else ()
        return (*stem, *(Reduction(kernel, 2, kernel // 2) for _, _, _, stride, kernel in STAGES if stride == 2))

    def network(self, channels: int, size: tuple[int, ...]) -> Staged:
        """The network for images of this size."""
        dimensions, norm, inputs = len(size), self.norm, self.channels(FIRST)
        stride = 2 if is_large(self.stem, min(size), dimensions) else 1
        waiting: list[nn.Module] = [_smooth(norm, dimensions, channels, inputs, 3, stride)]
        counts = [math.ceil(count * self.depth) for _, _, count, _, _ in STAGES]
        stages: list[nn.Module] = []
        built = 0
        for (expansion, width, _, move, kernel), count in zip(STAGES, counts, strict=True):
            if move == 2:
                stages.append(nn.Sequential(*waiting))
                waiting = []
            outputs = self.channels(width)
            for block in range(count):
                waiting.append(
                    InvertedBlock(
                        norm,
                        dimensions,
                        inputs,
                        outputs,
                        expansion=expansion,
                        kernel=kernel,
                        stride=move if block == 0 else 1,
                        dropped=DROPPED * built / sum(counts),
                    )
                )
                inputs, built = outputs, built + 1
        last = self.channels(LAST)
        stages.append(nn.Sequential(*waiting, _smooth(norm, dimensions, inputs, last, 1, 1)))
        return Staged(stages, last)


class InvertedBlock(nn.Module):
    """Wider, a convolution within each channel, channels weighted, narrow again; beside the identity if that fits."""

    def __init__(
        self,
        norm: Norm,
        dimensions: int,
        inputs: int,
        outputs: int,
        *,
        expansion: int,
        kernel: int,
        stride: int,
        dropped: float,
    ) -> None:
        super().__init__()
        wide = inputs * expansion
        layers: list[nn.Module] = [_smooth(norm, dimensions, inputs, wide, 1, 1)] if expansion > 1 else []
        layers += [_smooth(norm, dimensions, wide, wide, kernel, stride, groups=wide)]
        layers += [ChannelWeights(wide, max(1, inputs // 4), largest=False)]
        layers += [convolution(dimensions, wide, outputs, 1), normalisation(norm, dimensions, outputs)]
        self.added = nn.Sequential(*layers)
        self.beside = inputs == outputs and stride == 1
        self.dropped = dropped

    def forward(self, maps: Tensor) -> Tensor:
        """Maps, smaller where the stride is 2."""
        added: Tensor = self.added(maps)
        if not self.beside:
            return added
        if self.training and self.dropped:
            # Stochastic depth, Huang et al., ECCV 2016.
            kept = torch.rand(len(maps), *(1,) * (maps.ndim - 1), device=maps.device) >= self.dropped
            added = added * kept / (1 - self.dropped)
        return maps + added


def _smooth(
    norm: Norm, dimensions: int, inputs: int, outputs: int, kernel: int, stride: int, *, groups: int = 1
) -> nn.Sequential:
    return nn.Sequential(
        convolution(dimensions, inputs, outputs, kernel, stride=stride, groups=groups),
        normalisation(norm, dimensions, outputs),
        nn.SiLU(),
    )
