"""DenseNet: every layer sees all maps before it. The blocks are MONAI's."""

from dataclasses import dataclass
from typing import Self, cast, get_args

from torch import nn

from bedside.networks.convolutional.architecture import Architecture, Reduction
from bedside.networks.convolutional.declaration import Norm, Stem, is_large
from bedside.networks.convolutional.layers import MaxPool, MeanPool, convolution, normalisation
from bedside.networks.convolutional.staged import Staged
from bedside.networks.declaration import one_of, positive

DEPTHS = {121: (6, 12, 24, 16), 169: (6, 12, 32, 32), 201: (6, 12, 48, 32)}
"""Layers a block, by layers with weights."""

CHANNELS, GROWTH = 64, 32

LARGE_STEM = Reduction(7, 2, 3), Reduction(3, 2, 1)


@dataclass(frozen=True, kw_only=True)
class DenseNet(Architecture):
    """Blocks of layers that each add a few maps to all before (Huang et al., CVPR 2017).

    Attributes:
        layers: Of each block; as many blocks as there are numbers.
        stem: First layers; MONAI's own is "large" and leaves nothing of 28 pixels.
    """

    layers: tuple[int, ...] = DEPTHS[121]
    stem: Stem = "auto"

    def __post_init__(self) -> None:
        super().__post_init__()
        positive("layers", *self.layers)
        one_of("stem", self.stem, get_args(Stem))

    @classmethod
    def of_depth(cls, depth: int) -> Self:
        """The published network of 121, 169 or 201 layers; raises StudyError for another number."""
        one_of("depth", depth, tuple(DEPTHS))
        return cls(layers=DEPTHS[depth])

    @property
    def name(self) -> str:
        """As printed."""
        depth = next((depth for depth, layers in DEPTHS.items() if layers == self.layers), None)
        return f"DenseNet-{depth}" if depth else f"DenseNet of {'-'.join(map(str, self.layers))} layers"

    @property
    def details(self) -> str:
        """Half a sentence for the methods section."""
        return (
            f"{self.name} (Huang et al., 2017; MONAI) with {self.norm} normalisation, {self.stem} stem, "
            f"width {self.width:g}"
        )

    def reductions(self, side: int, dimensions: int) -> tuple[Reduction, ...]:
        """The stem and the transition in front of each later block."""
        stem = LARGE_STEM if is_large(self.stem, side, dimensions) else ()
        return (*stem, *(Reduction(2, 2, 0),) * (len(self.layers) - 1))

    def network(self, channels: int, size: tuple[int, ...]) -> Staged:
        """The network for images of this size."""
        # MONAI's import takes seconds that other networks do not need.
        from monai.networks.nets.densenet import DenseNet as Published  # noqa: PLC0415

        dimensions, first = len(size), self.channels(CHANNELS)
        published = Published(
            dimensions,
            channels,
            1,
            init_features=first,
            growth_rate=self.channels(GROWTH),
            block_config=self.layers,
        )
        stages: list[nn.Module] = []
        waiting: list[nn.Module] = []
        features = _normalised(published.features, self.norm, dimensions)
        for name, layer in features.named_children():
            if name == "conv0" and not is_large(self.stem, min(size), dimensions):
                waiting.append(convolution(dimensions, channels, first))
            elif name == "pool0":
                waiting += [MaxPool(3, 2, 1)] if is_large(self.stem, min(size), dimensions) else []
            else:
                if name.startswith("transition"):
                    layer.pool = MeanPool((2,) * dimensions)
                waiting.append(layer)
            if name.startswith("denseblock") and name != f"denseblock{len(self.layers)}":
                stages.append(nn.Sequential(*waiting))
                waiting = []
        last = nn.Sequential(*waiting, nn.ReLU())
        return Staged([*stages, last], cast("nn.Linear", published.class_layers.out).in_features)


def _normalised(published: nn.Module, norm: Norm, dimensions: int) -> nn.Module:
    """The network with each of its batch normalisations replaced where another is asked for."""
    if norm == "batch":
        return published
    for module in published.modules():
        for name, layer in module.named_children():
            if isinstance(layer, nn.BatchNorm2d | nn.BatchNorm3d):
                setattr(module, name, normalisation(norm, dimensions, layer.num_features))
    return published
