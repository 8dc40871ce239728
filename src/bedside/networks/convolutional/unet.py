"""The contracting half of a U-Net: from full resolution on, halved axis by axis as far as size and spacing allow."""

from dataclasses import dataclass, replace
from typing import NamedTuple

from torch import nn

from bedside.networks.convolutional.architecture import Architecture, Reduction
from bedside.networks.convolutional.attention import Attention
from bedside.networks.convolutional.declaration import Norm
from bedside.networks.convolutional.layers import unit
from bedside.networks.convolutional.residual import ResidualBlock
from bedside.networks.convolutional.staged import Staged
from bedside.networks.declaration import positive

CHANNELS = {2: 24, 3: 16}
"""Of the first stage at width 1, by dimensions."""

COARSEST = 4
"""Fewest positions along an axis that halving leaves."""

DEEPEST = 6
"""Most times that maps are halved."""

WIDEST = 16
"""Largest multiple of the first stage's channels."""

ALIKE = 2.0
"""Axes whose pixels are less than so many times as far apart as the nearest ones are treated alike."""


class Step(NamedTuple):
    """What one stage does along each axis.

    Attributes:
        strides: 1 or 2, at its entrance.
        kernel: 3, or 1 along axes whose pixels are much further apart than those of the others.
    """

    strides: tuple[int, ...]
    kernel: tuple[int, ...]


def steps(size: tuple[int, ...], spacing: tuple[float, ...] | None = None) -> tuple[Step, ...]:
    """One step a stage, the first at full resolution (Isensee et al., Nat Methods 2021, 18:203).

    The axes with the finest pixels are halved first, so that thick slices are kept until pixels are as far apart
    within them as across.

    Args:
        size: Pixels along each axis.
        spacing: Millimetres between them; None where they are equal.
    """
    apart = spacing or (1.0,) * len(size)
    found = [Step((1,) * len(size), _kernel(apart))]
    while len(found) <= DEEPEST:
        able = [length >= 2 * COARSEST for length in size]
        if not any(able) and len(found) == 1:  # what is small is halved once all the same
            able = [length >= 2 for length in size]
        if not any(able):
            break
        finest = min(distance for distance, one in zip(apart, able, strict=True) if one)
        halved = [one and distance < ALIKE * finest for distance, one in zip(apart, able, strict=True)]
        strides = tuple(2 if one else 1 for one in halved)
        size = tuple(-(-length // stride) for length, stride in zip(size, strides, strict=True))
        apart = tuple(distance * stride for distance, stride in zip(apart, strides, strict=True))
        found.append(Step(strides, _kernel(apart)))
    return tuple(found)


def _kernel(apart: tuple[float, ...]) -> tuple[int, ...]:
    return tuple(3 if distance < ALIKE * min(apart) else 1 for distance in apart)


@dataclass(frozen=True, kw_only=True)
class UNet(Architecture):
    """Stages of doubling width at halving size, the first at full resolution; `Decoded(UNet())` is the whole U-Net.

    Ronneberger et al., MICCAI 2015, with strided convolutions (Isensee et al., Nat Methods 2021).

    Attributes:
        norm: How maps are normalised; "group" because batches of windows are small.
        convolutions: A stage.
        residual: Whether pairs of convolutions stand beside the identity (He et al., CVPR 2016).
        attention: On what a residual pair adds.
        spacing: Millimetres between pixels along each axis; None where they are equal.
    """

    norm: Norm = "group"
    convolutions: int = 2
    residual: bool = False
    attention: Attention | None = None
    spacing: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        positive("convolutions", self.convolutions)
        if self.spacing is not None:
            positive("spacing", *self.spacing)

    @property
    def name(self) -> str:
        """As printed."""
        return "Residual U-Net" if self.residual else "U-Net"

    @property
    def details(self) -> str:
        """Half a sentence for the methods section."""
        attention = f", {self.attention.description}" if self.attention and self.residual else ""
        return (
            f"a {self.name} (Ronneberger et al., 2015) whose stages double in width and halve those axes that have the "
            f"finest pixels, from full resolution to at least {COARSEST} positions along each axis, with {self.norm} "
            f"normalisation{attention}, {self.convolutions} convolutions a stage, width {self.width:g}"
        )

    def spaced(self, spacing: tuple[float, ...] | None) -> "UNet":
        """The same for pixels so far apart, unless that was declared."""
        return self if self.spacing is not None else replace(self, spacing=spacing)

    def reductions(self, side: int, dimensions: int) -> tuple[Reduction, ...]:
        """One for each time that an axis of this length is halved; at least one."""
        return (Reduction(),) * max(1, len(steps((side,) * dimensions)) - 1)

    def network(self, channels: int, size: tuple[int, ...]) -> Staged:
        """The network for images of this size."""
        first, inputs, stages = self.channels(CHANNELS[len(size)]), channels, []
        for number, step in enumerate(steps(size, self.spacing)):
            outputs = first * min(WIDEST, 2**number)
            stages.append(self._stage(len(size), inputs, outputs, step))
            inputs = outputs
        return Staged(stages, inputs)

    def _stage(self, dimensions: int, inputs: int, outputs: int, step: Step) -> nn.Module:
        layers: list[nn.Module] = []
        if not self.residual:
            for number in range(self.convolutions):
                strides = step.strides if number == 0 else (1,) * dimensions
                layers.append(unit(self.norm, dimensions, inputs, outputs, step.kernel, stride=strides))
                inputs = outputs
            return nn.Sequential(*layers)
        strides = step.strides
        if max(strides) == 1:
            layers, inputs = [unit(self.norm, dimensions, inputs, outputs)], outputs
        for _ in range(max(1, self.convolutions // 2)):
            layers.append(
                ResidualBlock(self.norm, dimensions, inputs, outputs, strides=strides, attention=self.attention)
            )
            inputs, strides = outputs, (1,) * dimensions
        return nn.Sequential(*layers)
