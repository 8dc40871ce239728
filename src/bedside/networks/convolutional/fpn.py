"""A feature pyramid: coarse maps brought back to a fine one, so that what is seen from afar is told in its place."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from bedside.errors import StudyError
from bedside.networks.convolutional.architecture import Architecture, Reduction
from bedside.networks.convolutional.compact import Compact
from bedside.networks.convolutional.layers import convolution, normalisation, unit
from bedside.networks.convolutional.staged import Staged
from bedside.networks.declaration import positive
from bedside.networks.features import Pyramid

CHANNELS = 48
"""Of every map at width 1."""


@dataclass(frozen=True, kw_only=True)
class FeaturePyramid(Architecture):
    """Stages of another network, and their maps merged from coarse to fine (Lin et al., CVPR 2017).

    All maps have the same channels, the finest is that of the first merged stage, and the summary is its mean.

    Attributes:
        backbone: The stages.
        merged: How many of the last stages are merged; None for all of them.

    Raises:
        StudyError: A spatial transformer stands in front, or a number is out of range.
    """

    backbone: Architecture = field(default_factory=Compact)
    merged: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.merged is not None:
            positive("merged", self.merged)
        if self.transformer is not None or self.backbone.transformer is not None:
            msg = (
                "a feature pyramid was declared behind a spatial transformer; its maps would not lie on the image: "
                "declare transformer=None"
            )
            raise StudyError(msg)

    @property
    def name(self) -> str:
        """As printed."""
        return f"{self.backbone.name} with a feature pyramid"

    @property
    def details(self) -> str:
        """Half a sentence for the methods section."""
        stages = f"its last {self.merged} stages" if self.merged else "its stages"
        return (
            f"{self.backbone.description}, the maps of {stages} merged from coarse to fine by a feature pyramid "
            f"(Lin et al., 2017) of {self.channels(CHANNELS)} channels"
        )

    def reductions(self, side: int, dimensions: int) -> tuple[Reduction, ...]:
        """Those of the backbone."""
        return self.backbone.reductions(side, dimensions)

    def network(self, channels: int, size: tuple[int, ...]) -> "Merged":
        """The network for images of this size."""
        backbone = self.backbone.build(channels, size)
        inputs = _widths(backbone, channels, size)
        merged = inputs[-min(self.merged or len(inputs), len(inputs)) :]
        return Merged(backbone, TopDown(self, len(size), merged, self.channels(CHANNELS)))

    def widened(self, factor: float) -> Self:
        """The same with every layer wider by this factor, the backbone's too."""
        return replace(self, width=self.width * factor, backbone=self.backbone.widened(factor))


class TopDown(nn.Module):
    """Maps of one width, each with what all coarser ones say."""

    def __init__(self, architecture: Architecture, dimensions: int, inputs: Sequence[int], width: int) -> None:
        """Make it.

        Args:
            architecture: Its normalisation.
            dimensions: 2 or 3.
            inputs: Channels of the maps, the finest first.
            width: Channels of the merged maps.
        """
        super().__init__()
        norm = architecture.norm
        self.width = width
        self.across = nn.ModuleList(
            nn.Sequential(convolution(dimensions, one, width, 1), normalisation(norm, dimensions, width))
            for one in inputs
        )
        self.smooth = nn.ModuleList(unit(norm, dimensions, width, width) for _ in inputs)

    def forward(self, maps: Sequence[Float[Tensor, "cases channels *size"]]) -> tuple[Tensor, ...]:
        """Merged maps, the finest first."""
        found: list[Tensor] = []
        for one, across, smooth in reversed(list(zip(maps, self.across, self.smooth, strict=True))):
            here = across(one)
            if found:
                here = here + functional.interpolate(found[-1], here.shape[2:], mode="nearest")
            found.append(smooth(here))
        return tuple(reversed(found))


class Merged(Staged):
    """Stages, then the merged maps of the last of them."""

    def __init__(self, backbone: Staged, top_down: TopDown) -> None:
        """Make it of the stages, and what merges their maps."""
        super().__init__([*backbone.stages, top_down], top_down.width)
        self.merged = len(top_down.across)

    def forward(self, images: Float[Tensor, "cases channels *size"]) -> Pyramid:
        """Merged maps from fine to coarse; the summary is the mean of the finest."""
        *stages, top_down = self.stages
        maps: list[Tensor] = []
        for stage in stages:
            maps.append(stage(maps[-1] if maps else images))
        merged: tuple[Tensor, ...] = top_down(maps[-self.merged :])
        return Pyramid(self.summary(merged[0].flatten(2).mean(-1)).unsqueeze(0), merged)


def _widths(backbone: Staged, channels: int, size: tuple[int, ...]) -> list[int]:
    """Channels of the backbone's maps, the finest first, as an empty image shows them."""
    training = backbone.training
    # Batch normalisation learns nothing from a look at nothing.
    with torch.no_grad():
        pyramid = backbone.eval()(torch.zeros(1, channels, *size))
    backbone.train(training)
    return [int(one.shape[1]) for one in pyramid.maps]
