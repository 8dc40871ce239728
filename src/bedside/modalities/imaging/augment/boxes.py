"""Boxes that move with their images: `Geometric(..., follow=Enclosing(plan.size))`.

Changes of grey values and colours leave targets alone, so that they need nothing of this.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from bedside.errors import ModelError, StudyError
from bedside.modalities.imaging.augment.warp import Warp

MOSTLY = 0.5
"""A box of which less than this share stays inside the image is left out."""

NONE = -1.0
"""Kind of a row that holds no box; lower ones are of boxes set aside, of which all that stays inside is kept."""

_STRAIGHT = 1e-3
"""A grid that departs from a plane by so large a share of the image is bent."""


@dataclass(frozen=True)
class Enclosing:
    """Each box becomes the one that encloses it after the change, cut at the borders of the image.

    Targets have the shape (cases, most, 2 * dimensions + 1): starts and ends in pixels, centres at whole numbers, and a
    kind, which is NONE where a row holds no box. Boxes that are mostly outside become such rows.

    Attributes:
        size: Pixels of the images along each axis.
        shape: What is turned and enclosed: the "box" with its corners, or the "ellipse" in it, which for round things
            is tighter: corners of a turned box hold nothing of a cell.

    Raises:
        StudyError: There is no such shape.
    """

    size: tuple[int, ...]
    shape: Literal["box", "ellipse"] = "box"

    def __post_init__(self) -> None:
        if self.shape not in ("box", "ellipse"):
            msg = f"boxes that follow their images were declared with shape={self.shape!r}; allowed: 'box', 'ellipse'"
            raise StudyError(msg)

    def __call__(self, targets: Float[Tensor, "cases most columns"], warp: Warp) -> Float[Tensor, "cases most columns"]:
        """The boxes after the change.

        Raises:
            ModelError: Images are bent: boxes would no longer fit what they enclosed; or are of another size.
        """
        half = targets.shape[-1] // 2
        if half != len(self.size) or (warp.grid is not None and tuple(warp.grid.shape[1:-1]) != self.size):
            told = (half,) if warp.grid is None else tuple(warp.grid.shape[1:-1])
            msg = f"boxes that follow images of {self.size} pixels were given others ({told}); declare the plan's size"
            raise ModelError(msg)
        size = torch.tensor(self.size, dtype=targets.dtype, device=targets.device)
        start, end = targets[..., :half], targets[..., half:-1]
        for axis, mirrored in warp.flips:
            chosen = mirrored[:, None, None] & (torch.arange(half, device=targets.device) == axis)
            start, end = torch.where(chosen, size - 1.0 - end, start), torch.where(chosen, size - 1.0 - start, end)
        if warp.grid is not None:
            start, end = self._turned(start, end, warp.grid, size)
        low, high = start.clamp(min=-0.5), torch.minimum(end, size - 0.5)
        left = (high - low).clamp(min=0.0).prod(dim=-1)
        kind = targets[..., -1]
        most = left >= MOSTLY * (end - start).prod(dim=-1)
        kept = (left > 0) & (((kind >= 0) & most) | (kind < NONE))
        moved = torch.cat([low, high, targets[..., -1:]], dim=-1)
        empty = torch.zeros_like(moved)
        empty[..., -1] = NONE
        return torch.where(kept[..., None], moved, empty)

    def _turned(self, start: Tensor, end: Tensor, grid: Tensor, size: Tensor) -> tuple[Tensor, Tensor]:
        """Starts and ends after the map of which the grid is the inverse."""
        matrix, offset = _plane(grid, size)
        inverse = torch.linalg.inv(matrix)
        centre = ((start + end) / 2.0 - offset[:, None]) @ inverse.mT
        reach = (end - start) / 2.0
        enclosed = self.shape == "ellipse"
        reach = (reach.square() @ inverse.square().mT).sqrt() if enclosed else reach @ inverse.abs().mT
        return centre - reach, centre + reach


def _plane(grid: Tensor, size: Tensor) -> tuple[Tensor, Tensor]:
    """The matrix and the offset, in pixels, by which new places lie at old ones; raises ModelError for a bent grid."""
    # Torch's last axis comes first, and its images reach from -1 to 1, border to border.
    places = ((grid.flip(-1) + 1.0) * size - 1.0) / 2.0
    lengths = [int(n) for n in grid.shape[1:-1]]

    def at(index: list[int]) -> Tensor:
        found = places
        for place in index:
            found = found[:, place]
        return found

    origin = at([0] * len(lengths))
    columns = []
    for axis, length in enumerate(lengths):
        there = at([length - 1 if axis == other else 0 for other in range(len(lengths))])
        columns.append((there - origin) / max(1, length - 1))
    matrix = torch.stack(columns, dim=-1)
    for known in ([n - 1 for n in lengths], [n // 2 for n in lengths]):
        expected = matrix @ torch.tensor(known, dtype=matrix.dtype, device=matrix.device) + origin
        if float(((at(known) - expected).abs() / size).max()) > _STRAIGHT:
            msg = "boxes cannot follow images that are bent; declare the geometric augmentation with elastic=0"
            raise ModelError(msg)
    return matrix, origin
