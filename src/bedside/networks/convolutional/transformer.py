"""The vision transformer: an image as a sequence of patches that attend to one another."""

import math
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor, nn, zeros
from torch.nn import functional

from bedside.errors import StudyError
from bedside.networks.convolutional.architecture import Architecture, Reduction
from bedside.networks.convolutional.staged import Staged
from bedside.networks.declaration import positive

HEAD = 64
"""Features of one head of attention."""

PATCHES, LARGEST, SMALLEST = 7, 16, 2
"""Patches along the shorter side that an automatic patch leaves at least, and its limits in pixels."""


@dataclass(frozen=True, kw_only=True)
class ViT(Architecture):
    """Patches as tokens, layers of self-attention, the mean of all tokens (Dosovitskiy et al., ICLR 2021).

    At width 1 and depth 12 it is the small model of Touvron et al., ICML 2021 ("tiny", three heads). Tokens are
    normalised by themselves, never across a batch, whatever `norm` says.

    Attributes:
        depth: Layers.
        heads: Of attention, 64 features each.
        patch: Pixels along each axis of a patch, at least 2; from the size of the image when None.
        maps: How many maps the pyramid holds, at even distances in depth; all have the size of the grid of patches.
    """

    depth: int = 12
    heads: int = 3
    patch: int | None = None
    maps: int = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        positive("depth, heads and maps", self.depth, self.heads, self.maps)
        if self.patch is not None and self.patch < SMALLEST:
            msg = f"patch of ViT is {self.patch} pixels; at least {SMALLEST} are needed"
            raise StudyError(msg)
        if self.maps > self.depth:
            msg = f"ViT of depth {self.depth} cannot give {self.maps} maps; ask for at most one a layer"
            raise StudyError(msg)

    @property
    def name(self) -> str:
        """As printed."""
        return f"ViT of depth {self.depth}"

    @property
    def details(self) -> str:
        """Half a sentence for the methods section."""
        patch = f"patches of {self.patch} pixels" if self.patch else "patches that follow the size of the image"
        return (
            f"a vision transformer (Dosovitskiy et al., 2021) of {self.depth} layers and {self._heads} heads on {patch}"
        )

    def reductions(self, side: int, dimensions: int) -> tuple[Reduction, ...]:  # noqa: ARG002 - the same in both
        """Two patches at least: one has nothing to attend to."""
        patch = self._patch(side)
        return Reduction(1, patch, 0), Reduction(2, 1, 0)

    def network(self, channels: int, size: tuple[int, ...]) -> Staged:
        """The network for images of this size."""
        patch, width = self._patch(min(size)), self._heads * HEAD
        grid = tuple(math.ceil(length / patch) for length in size)
        places = [round((k + 1) * self.depth / self.maps) for k in range(self.maps)]
        stages: list[nn.Module] = []
        waiting: list[nn.Module] = [Patches(channels, width, patch, grid)]
        for layer in range(1, self.depth + 1):
            waiting.append(TransformerLayer(width, self._heads))
            if layer == self.depth:
                waiting.append(nn.LayerNorm(width))
            if layer in places:
                stages.append(GridStage(waiting, grid))
                waiting = []
        return Staged(stages, width)

    @property
    def _heads(self) -> int:
        return max(1, round(self.heads * self.width))

    def _patch(self, side: int) -> int:
        if self.patch is not None:
            return self.patch
        fitting: int = 1 << (max(1, side // PATCHES).bit_length() - 1)
        return min(LARGEST, max(SMALLEST, fitting))


class Patches(nn.Module):
    """Patches as vectors with a learned position; an image that they do not fill is padded with zeros at its end."""

    def __init__(self, channels: int, width: int, patch: int, grid: tuple[int, ...]) -> None:
        super().__init__()
        kind = nn.Conv2d if len(grid) == 2 else nn.Conv3d
        self.patch = patch
        self.project = kind(channels, width, patch, patch)
        self.positions = nn.Parameter(zeros(1, width, *grid))
        nn.init.trunc_normal_(self.positions, std=0.02)

    def forward(self, images: Float[Tensor, "cases channels *size"]) -> Float[Tensor, "cases width *grid"]:
        """A vector a patch."""
        missing = [-length % self.patch for length in images.shape[2:]]
        if any(missing):
            images = functional.pad(images, [amount for length in reversed(missing) for amount in (0, length)])
        projected: Tensor = self.project(images)
        return projected + self.positions


class GridStage(nn.Module):
    """Layers on the tokens of a grid, maps in and maps out."""

    def __init__(self, layers: list[nn.Module], grid: tuple[int, ...]) -> None:
        super().__init__()
        self.patches = layers[0] if isinstance(layers[0], Patches) else nn.Identity()
        self.layers = nn.Sequential(*(layer for layer in layers if not isinstance(layer, Patches)))
        self.grid = grid

    def forward(self, maps: Tensor) -> Float[Tensor, "cases width *grid"]:
        """Maps of the size of the grid."""
        tokens: Tensor = self.layers(self.patches(maps).flatten(2).transpose(1, 2))
        lines = tokens.transpose(1, 2)
        return lines.reshape(*lines.shape[:2], *self.grid)


class TransformerLayer(nn.Module):
    """Self-attention and two dense layers, each added to what it was given, normalised first."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before_attention, self.before_dense = nn.LayerNorm(width), nn.LayerNorm(width)
        self.queries, self.attended = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.dense = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        for layer in (self.queries, self.attended, self.dense[0], self.dense[2]):
            nn.init.trunc_normal_(layer.weight, std=0.02)  # type: ignore[arg-type]
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def forward(self, tokens: Float[Tensor, "cases tokens width"]) -> Float[Tensor, "cases tokens width"]:
        """Tokens that have seen one another."""
        asked: Tensor = self.queries(self.before_attention(tokens))
        parts = asked.reshape(*asked.shape[:2], 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(parts[0], parts[1], parts[2])
        tokens = tokens + self.attended(mixed.transpose(1, 2).flatten(2))
        result: Tensor = tokens + self.dense(self.before_dense(tokens))
        return result
