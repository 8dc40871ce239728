"""A decoder over the maps of any network of stages: back to full resolution, with what finer maps still hold."""

import copy
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Protocol, Self, get_args, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, cat, nn
from torch.nn import functional

from bedside.errors import StudyError
from bedside.networks.convolutional.architecture import Architecture
from bedside.networks.convolutional.declaration import Norm
from bedside.networks.convolutional.layers import unit
from bedside.networks.convolutional.staged import Staged
from bedside.networks.declaration import one_of, positive, record
from bedside.networks.features import Pyramid
from bedside.types import Json

FINEST = {2: 24, 3: 16}
"""Channels at full resolution at width 1, by dimensions."""


@runtime_checkable
class Spaced(Protocol):
    """An architecture that goes by the distance between pixels."""

    def spaced(self, spacing: "tuple[float, ...] | None") -> Architecture:
        """The same for pixels so far apart."""
        ...


@dataclass(frozen=True)
class Decoded:
    """Any architecture with a decoder, as data: `Decoded(UNet())`, `Decoded(ResNet.of_depth(18))`.

    Each level takes the coarser one, narrowed and enlarged, and the encoder's map of its own size. Where the encoder
    begins at half or a quarter of the size, one light convolution a level of the image itself takes its place.

    Attributes:
        encoder: Of the maps.
        gates: Whether what comes from the encoder is weighted by what coarser maps show (Oktay et al., MIDL 2018).
        convolutions: A level.
        levels: How many of the finest levels are given out; while training each is compared with the outcome.
        norm: Of the decoder.

    Raises:
        StudyError: The encoder moves its images before it looks at them, or a number is out of range.
    """

    encoder: Architecture
    gates: bool = False
    convolutions: int = 1
    levels: int = 3
    norm: Norm = "group"

    def __post_init__(self) -> None:
        positive("convolutions", self.convolutions)
        positive("levels", self.levels)
        one_of("norm", self.norm, get_args(Norm))
        if self.encoder.transformer is not None:
            msg = (
                f"a decoder was declared over {self.encoder.name} behind a spatial transformer; its maps would not lie "
                "on the image: declare transformer=None"
            )
            raise StudyError(msg)

    @property
    def description(self) -> str:
        """Half a sentence for the methods section."""
        gates = " through attention gates (Oktay et al., 2018)" if self.gates else ""
        return (
            f"{self.encoder.description}, and a decoder up to full resolution with skip connections{gates}, "
            f"{self.convolutions} convolution{'s' if self.convolutions > 1 else ''} a level and {self.norm} "
            f"normalisation, the {self.levels} finest levels compared with the outcome while training"
        )

    def require(self, size: tuple[int, ...]) -> None:
        """Check that images of this size can be taken; raises StudyError."""
        self.encoder.require(size)

    def widened(self, factor: float) -> Self:
        """The same with every layer wider by this factor."""
        return replace(self, encoder=self.encoder.widened(factor))

    def spaced(self, spacing: tuple[float, ...] | None) -> Self:
        """The same for pixels so far apart, where the encoder goes by that."""
        return replace(self, encoder=self.encoder.spaced(spacing)) if isinstance(self.encoder, Spaced) else self

    def state(self) -> dict[str, Json]:
        """Its class and all its fields as JSON: equal states are equal networks."""
        return record(self)

    def build(self, channels: int, size: tuple[int, ...]) -> "DecodedNetwork":
        """A new network, its weights drawn from torch's generator.

        Args:
            channels: Of the images.
            size: Their pixels along each axis: two axes, or three. Other sizes can be given to the network as well.

        Raises:
            StudyError: The images are too small for it.
        """
        return DecodedNetwork(self, self.encoder.build(channels, size), channels, size)


class DecodedNetwork(nn.Module):
    """An encoder and its decoder.

    Attributes:
        width: Channels of every map that it gives.
    """

    def __init__(self, declared: Decoded, encoder: Staged, channels: int, size: tuple[int, ...]) -> None:
        """Make the decoder of an encoder for images of so many channels and this size."""
        super().__init__()
        encoder.summary = nn.Identity()
        self.encoder, self.levels, dimensions = encoder, declared.levels, len(size)
        self.width = declared.encoder.channels(FINEST[dimensions])
        given = _shapes(encoder, channels, size)
        entry, sizes = _entry(declared.norm, channels, size, given[0][1:], self.width)
        self.entry = nn.ModuleList(entry)
        skips = [*(self.width for _ in sizes), *(shape[0] for shape in given[:-1])]
        # A level has no more channels than one so deep in a plain U-Net has.
        inside = [min(max(count, self.width), self.width * 2**depth) for depth, count in enumerate(skips)]
        coarser = [*inside[1:], given[-1][0]]
        self.ups = nn.ModuleList(
            Level(declared, dimensions, below, skip, here)
            for below, skip, here in zip(coarser, skips, inside, strict=True)
        )
        outs = inside[: self.levels] or [given[-1][0]]
        self.projections = nn.ModuleList(
            nn.Identity() if count == self.width else Pointwise(count, self.width) for count in outs
        )

    @property
    def stages(self) -> tuple[nn.Module, ...]:
        """Those of the encoder, that next to the image first."""
        return tuple(self.encoder.stages)

    def forward(self, images: Float[Tensor, "cases channels *size"]) -> Pyramid:
        """The encoder's summary, and decoded maps of `width` channels, that of the image's own size first."""
        skips: list[Tensor] = []
        for layer in self.entry:
            skips.append(layer(skips[-1] if skips else images))
        summary, maps = self.encoder(images)
        skips += maps[:-1]
        here, decoded = maps[-1], []
        for depth in range(len(skips) - 1, -1, -1):
            here = self.ups[depth](here, skips[depth])
            decoded.append(here)
        found = (decoded[::-1] or [here])[: self.levels]
        return Pyramid(summary, tuple(layer(one) for layer, one in zip(self.projections, found, strict=True)))


class Level(nn.Module):
    """One step up: the coarser map narrowed, enlarged and joined to the encoder's."""

    def __init__(self, declared: Decoded, dimensions: int, below: int, skip: int, here: int) -> None:
        """Make it; `below`, `skip` and `here` are channels of the coarser map, of the encoder's and of the result."""
        super().__init__()
        self.narrow = Pointwise(below, here)
        self.gate = Gate(below, skip) if declared.gates else None
        counts = [here + skip, *(here for _ in range(declared.convolutions))]
        self.layers = nn.Sequential(*(unit(declared.norm, dimensions, one, two) for one, two in pairwise(counts)))

    def forward(self, below: Tensor, skip: Tensor) -> Tensor:
        """A map of the size of the encoder's."""
        if self.gate is not None:
            skip = self.gate(below, skip)
        joined: Tensor = self.layers(cat([enlarged(self.narrow(below), skip), skip], dim=1))
        return joined


class Pointwise(nn.Module):
    """A convolution of one pixel: a matrix product where channels lie last, several times faster than torch's own."""

    def __init__(self, inputs: int, outputs: int, *, bias: bool = False) -> None:
        super().__init__()
        self.layer = nn.Linear(inputs, outputs, bias=bias)
        nn.init.kaiming_normal_(self.layer.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, maps: Tensor) -> Tensor:
        """Maps of other channels."""
        weighted: Tensor = self.layer(maps.movedim(1, -1))
        return weighted.movedim(-1, 1)


class Gate(nn.Module):
    """A weight between 0 and 1 for each position of an encoder's map (Oktay et al., MIDL 2018)."""

    def __init__(self, below: int, skip: int) -> None:
        super().__init__()
        between = max(4, skip // 2)
        self.of_skip, self.of_below = (Pointwise(count, between) for count in (skip, below))
        self.weigh = Pointwise(between, 1, bias=True)

    def forward(self, below: Tensor, skip: Tensor) -> Tensor:
        """The map, weighted."""
        # Convolutions of one pixel may come before enlarging as well as after it, and are cheaper there.
        seen = self.of_skip(skip) + enlarged(self.of_below(below), skip)
        weights: Tensor = self.weigh(functional.relu(seen)).sigmoid()
        return skip * weights


def enlarged(maps: Tensor, like: Tensor) -> Tensor:
    """Maps on the grid of another one by the nearest position, which every device repeats bit for bit."""
    size = like.shape[2:]
    return maps if maps.shape[2:] == size else functional.interpolate(maps, size=size, mode="nearest")


def _shapes(encoder: Staged, channels: int, size: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Channels and size of each map, without computing any."""
    imagined = copy.deepcopy(encoder).to("meta").eval()
    with torch.no_grad():
        maps = imagined(torch.empty(1, channels, *size, device="meta")).maps
    return [tuple(one.shape[1:]) for one in maps]


def _entry(
    norm: Norm, channels: int, size: tuple[int, ...], first: tuple[int, ...], width: int
) -> tuple[list[nn.Module], list[tuple[int, ...]]]:
    """Light convolutions of the image at every size above that of the encoder's first map."""
    layers: list[nn.Module] = []
    sizes: list[tuple[int, ...]] = []
    strides = (1,) * len(size)
    while (not layers and size != first) or any(
        length > there and -(-length // 2) >= there for length, there in zip(size, first, strict=True)
    ):
        layers.append(unit(norm, len(size), width if layers else channels, width, stride=strides))
        sizes.append(size)
        strides = tuple(2 if -(-length // 2) >= there else 1 for length, there in zip(size, first, strict=True))
        size = tuple(-(-length // stride) for length, stride in zip(size, strides, strict=True))
    return layers, sizes
