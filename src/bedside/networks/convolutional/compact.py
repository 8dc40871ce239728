"""The default network: small, strong on small images, and as deep as the image is large."""

from dataclasses import dataclass

from torch import nn

from bedside.networks.convolutional.architecture import Architecture, Reduction
from bedside.networks.convolutional.attention import Attention
from bedside.networks.convolutional.declaration import positive
from bedside.networks.convolutional.layers import unit
from bedside.networks.convolutional.residual import ResidualBlock
from bedside.networks.convolutional.staged import Staged

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
    """Residual stages of doubling width, at halving size, until the map has 7 to 13 positions along each axis.

    Every axis is halved by its own length, so that a flat volume keeps its slices. It takes an image of any size.

    Attributes:
        blocks: Residual blocks a stage; the first stage is the stem alone.
        attention: On what each block adds.
    """

    blocks: int = 1
    attention: Attention | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        positive("blocks", self.blocks)

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
            f"left along each axis, with {self.norm} normalisation{attention}, {self.blocks} blocks a stage, "
            f"width {self.width:g}"
        )

    def reductions(self, side: int, dimensions: int) -> tuple[Reduction, ...]:
        """One for each time that an axis of this length is halved."""
        stem, stages = _strides((side,) * dimensions)
        return (Reduction(),) * sum(strides[0] > 1 for strides in (*stem, *stages))

    def network(self, channels: int, size: tuple[int, ...]) -> Staged:
        """The network for images of this size."""
        dimensions, first = len(size), self.channels(CHANNELS[len(size)])
        stem, halvings = _strides(size)
        inputs, layers = channels, []
        for strides in stem:
            layers.append(unit(self.norm, dimensions, inputs, first, stride=strides))
            inputs = first
        stages: list[nn.Module] = [nn.Sequential(*layers)]
        for stage, strides in enumerate(halvings, start=1):
            outputs = first * min(WIDEST, 2**stage)
            blocks = [
                ResidualBlock(
                    self.norm,
                    dimensions,
                    outputs if block else inputs,
                    outputs,
                    strides=(1,) * dimensions if block else strides,
                    attention=self.attention,
                )
                for block in range(self.blocks)
            ]
            stages.append(nn.Sequential(*blocks))
            inputs = outputs
        return Staged(stages, inputs)


def _strides(size: tuple[int, ...]) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
    """Strides of the stem's convolutions and of the stages behind it, along each axis."""
    stem: list[tuple[int, ...]] = []
    while not stem or (len(stem) < 2 and max(size) >= FINE[len(size)]):
        size = _halve(size, FINE[len(size)], stem)
    stages: list[tuple[int, ...]] = []
    while len(stages) < FEWEST or max(size) >= COARSE:
        size = _halve(size, COARSE, stages)
    return stem, stages


def _halve(size: tuple[int, ...], least: int, strides: list[tuple[int, ...]]) -> tuple[int, ...]:
    strides.append(tuple(2 if length >= least else 1 for length in size))
    return tuple((length + 1) // 2 if length >= least else length for length in size)
