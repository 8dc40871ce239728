"""One change of place a case, as it was drawn: applied to images, and by the nearest pixel to maps of labels."""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True, eq=False)
class Warp:
    """Where every pixel of every case of a batch comes from.

    Attributes:
        flips: Spatial axes (0 is the first) with the cases that are mirrored along them; done first, and exactly.
        grid: Where each new pixel lies in the mirrored image, as torch's `grid_sample` has it (last axis first, -1 to 1
            from border to border); None where nothing but flips was drawn.
    """

    flips: tuple[tuple[int, Bool[Tensor, " cases"]], ...]
    grid: Float[Tensor, "cases *size dimensions"] | None

    def __call__(
        self, maps: Tensor, *, mode: Literal["bilinear", "nearest"] = "bilinear"
    ) -> Float[Tensor, "cases channels *size"]:
        """Images or maps, moved; what comes from outside repeats the border.

        Args:
            maps: Shape (cases, channels, *size) of the batch the warp was drawn for.
            mode: "nearest" for labels: no value arises that was not there.
        """
        for axis, mirrored in self.flips:
            chosen = mirrored.reshape(-1, *(1 for _ in maps.shape[1:]))
            maps = torch.where(chosen, maps.flip(axis + 2), maps)
        if self.grid is None:
            return maps
        values = maps if maps.is_floating_point() else maps.float()
        moved = functional.grid_sample(values, self.grid.to(values.dtype), mode, "border", align_corners=False)
        return moved.to(maps.dtype)
