"""The default network: small, strong on small images, and as deep as the image is large."""

from dataclasses import dataclass

from torch import nn

from bedside.networks.convolutional.architecture import Architecture, Reduction
from bedside.networks.convolutional.attention import Attention
from bedside.networks.convolutional.layers import MaxPool, unit
from bedside.networks.convolutional.residual import ResidualConvolution
from bedside.networks.convolutional.staged import Staged
from bedside.networks.declaration import positive

CHANNELS = {2: 24, 3: 16}
"""Of the first stage at width 1, by dimensions."""

FINE = {2: 56, 3: 28}
"""Shortest axis that the stem halves, by dimensions; it does so twice at most."""

COARSE = 14
"""Shortest axis that a stage halves: the coarsest map has 7 to 13 positions along it."""

FEWEST = 2
"""Stages behind the stem, whatever the size."""

WIDEST = 8
"""Largest multiple of the first stage's channels."""


@dataclass(frozen=True, kw_only=True)
class Compact(Architecture):
    """Stages of doubling width at halving size until the map has 7 to 13 positions along each axis.

    A stage is a convolution and one beside the identity. Every axis is halved by its own length, so that a flat
    volume keeps its slices. It takes an image of any size.

    Attributes:
        convolutions: Residual ones a stage, behind the one that widens.
        attention: On what each of them adds.
    """

    convolutions: int = 1
    attention: Attention | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        positive("convolutions", self.convolutions)

    @property
    def name(self) -> str:
        """As printed."""
        return "Compact"

    @property
    def details(self) -> str:
        """Half a sentence for the methods section."""
        attention = f", {self.attention.description}" if self.attention else ""
        return (
            "a compact residual network whose stages double in width and halve in size until 7 to 13 positions are "
            f"left along each axis, with {self.norm} normalisation{attention}, "
            f"{self.convolutions + 1} convolutions a stage, all but its first beside the identity, width {self.width:g}"
        )

    def reductions(self, side: int, dimensions: int) -> tuple[Reduction, ...]:
        """One for each time that an axis of this length is halved."""
        stem, stages = _strides((side,) * dimensions)
        halved = [Reduction() for strides in stem if strides[0] > 1]
        return (*halved, *(Reduction(2, 2, 0) for strides in stages if strides[0] > 1))

    def network(self, channels: int, size: tuple[int, ...]) -> Staged:
        """The network for images of this size."""
        dimensions, first = len(size), self.channels(CHANNELS[len(size)])
        stem, halvings = _strides(size)
        inputs, layers = channels, []
        for strides in stem:
            layers.append(unit(self.norm, dimensions, inputs, first, stride=strides))
            inputs = first
        stages = [nn.Sequential(*layers, *self._deeper(dimensions, first))]
        for stage, strides in enumerate(halvings, start=1):
            outputs = first * min(WIDEST, 2**stage)
            wider = unit(self.norm, dimensions, inputs, outputs)
            pool = [MaxPool(strides, strides)] if max(strides) > 1 else []
            stages.append(nn.Sequential(*pool, wider, *self._deeper(dimensions, outputs)))
            inputs = outputs
        return Staged(stages, inputs)

    def _deeper(self, dimensions: int, channels: int) -> list[nn.Module]:
        return [ResidualConvolution(self.norm, dimensions, channels, self.attention) for _ in range(self.convolutions)]


def _strides(size: tuple[int, ...]) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
    """Strides of the stem's convolutions and of the stages behind it, along each axis."""
    stem: list[tuple[int, ...]] = []
    while not stem or (len(stem) < 2 and max(size) >= FINE[len(size)]):
        stem.append(tuple(2 if length >= FINE[len(size)] else 1 for length in size))
        size = tuple(-(-length // step) for length, step in zip(size, stem[-1], strict=True))
    stages: list[tuple[int, ...]] = []
    while len(stages) < FEWEST or max(size) >= COARSE:
        stages.append(tuple(2 if length >= COARSE else 1 for length in size))
        size = tuple(length // step for length, step in zip(size, stages[-1], strict=True))
    return stem, stages
