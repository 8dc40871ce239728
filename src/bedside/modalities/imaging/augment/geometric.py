"""Images flipped, turned, scaled, moved, sheared and bent, all by one interpolation."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from bedside.errors import ModelError, StudyError
from bedside.modalities.imaging.augment.strength import within
from bedside.modalities.imaging.augment.warp import Warp
from bedside.modalities.imaging.batches import ImageTensors

_LIMITS = {"rotate": 180.0, "scale": 1.0, "shift": 0.5, "shear": 45.0, "elastic": 0.3}


@dataclass(frozen=True)
class Geometric:
    """Changes of place, drawn for each case by itself, in two and three dimensions.

    Attributes:
        flips: Spatial axes along which half of the cases are mirrored (0 is the first). Only where anatomy allows it:
            a mirrored chest has its heart on the wrong side.
        rotate: Degrees, at most, about the centre (about each axis of a volume).
        scale: At most so much larger or smaller (0.1: 10 %).
        shift: At most this share of the image along each axis.
        shear: Degrees, at most.
        elastic: Standard deviation of the shift of control points, as a share of their distance; interpolated
            between them (Simard, Steinkraus and Platt, ICDAR 2003).
        knots: Control points along each axis.
        spacing: Millimetres along each axis, so that what is turned keeps its form; None where they are equal.
        follow: Targets and the warp to targets, where targets are maps: `nearest` or another. None leaves them.

    Raises:
        StudyError: A strength is out of its range.
    """

    flips: tuple[int, ...] = ()
    rotate: float = 0.0
    scale: float = 0.0
    shift: float = 0.0
    shear: float = 0.0
    elastic: float = 0.0
    knots: int = 4
    spacing: tuple[float, ...] | None = None
    follow: Callable[[Tensor, Warp], Tensor] | None = None

    def __post_init__(self) -> None:
        within("geometry", {name: getattr(self, name) for name in _LIMITS}, _LIMITS)
        if not set(self.flips) <= {0, 1, 2} or len(set(self.flips)) < len(self.flips):
            msg = f"geometric augmentation was declared with flips={self.flips}; allowed are different axes from 0 to 2"
            raise StudyError(msg)
        if self.knots < 2:
            msg = f"geometric augmentation was declared with knots={self.knots}; at least 2 control points are needed"
            raise StudyError(msg)

    @property
    def description(self) -> str:
        """Part of a sentence for the methods section."""
        parts = [f"mirrored along axis {axis + 1} with probability .5" for axis in self.flips]
        parts += [f"turned by up to {self.rotate:g} degrees"] if self.rotate else []
        parts += [f"scaled by up to {self.scale:.0%}"] if self.scale else []
        parts += [f"moved by up to {self.shift:.0%}"] if self.shift else []
        parts += [f"sheared by up to {self.shear:g} degrees"] if self.shear else []
        parts += [f"bent at {self.knots} control points an axis (SD {self.elastic:g})"] if self.elastic else []
        if not parts:
            return "moved in no way"
        turns = self.rotate or self.shear
        parts += [f"in millimetres ({_times(self.spacing)} mm a pixel)"] if self.spacing and turns else []
        parts += [f"targets with their images ({_named(self.follow)})"] if self.follow is not None else []
        return ", ".join(parts)

    def __call__(self, batch: ImageTensors, targets: Tensor) -> tuple[ImageTensors, Tensor]:
        """The batch moved, and the targets with it where they are maps.

        Raises:
            ModelError: The images have not the axes that were declared.
        """
        warp = self.draw(batch.pixels)
        moved = batch._replace(pixels=warp(batch.pixels))
        return moved, targets if self.follow is None else self.follow(targets, warp)

    def draw(self, pixels: Float[Tensor, "cases channels *size"]) -> Warp:
        """A change of place for each case."""
        size = tuple(pixels.shape[2:])
        if len(size) not in {2, 3} or max(self.flips, default=0) >= len(size) or len(self.spacing or size) != len(size):
            msg = (
                f"geometric augmentation with flips={self.flips} and spacing={self.spacing} was given images of the "
                f"size {size}; declare axes and distances of as many dimensions"
            )
            raise ModelError(msg)
        cases, where = len(pixels), pixels.device
        flips = tuple((axis, torch.rand(cases, device=where) < 0.5) for axis in self.flips)
        grid = None
        if self.rotate or self.scale or self.shift or self.shear:
            grid = functional.affine_grid(self._affine(cases, size, where), [cases, 1, *size], align_corners=False)
        if self.elastic:
            grid = _still(cases, size, where) if grid is None else grid
            grid = grid + self._bends(cases, size, where)
        return Warp(flips, grid)

    def _affine(
        self, cases: int, size: tuple[int, ...], where: torch.device
    ) -> Float[Tensor, "cases dimensions columns"]:
        """Where new pixels lie in the old image, in the units and the order of axes of torch's grids."""
        dimensions = len(size)
        pairs = torch.triu_indices(dimensions, dimensions, 1, device=where)
        turn = torch.zeros(cases, dimensions, dimensions, device=where)
        turn[:, pairs[0], pairs[1]] = math.radians(self.rotate) * _signed((cases, pairs.shape[1]), where)
        turn = torch.linalg.matrix_exp(turn - turn.mT)
        slant = torch.eye(dimensions, device=where).repeat(cases, 1, 1)
        slant[:, pairs[0], pairs[1]] = (math.radians(self.shear) * _signed((cases, pairs.shape[1]), where)).tan()
        larger = torch.exp(math.log1p(self.scale) * _signed((cases, 1, 1), where))
        extent = torch.tensor([n * mm for n, mm in zip(size, self.spacing or (1.0,) * dimensions, strict=True)])
        extent = extent.to(where)
        # In millimetres from the centre a turn is a turn; in torch's units every side has the length 2.
        matrix = (turn @ slant / larger) * (extent / extent[:, None])
        moved = 2.0 * self.shift * _signed((cases, dimensions, 1), where)
        return torch.cat([matrix.flip(1, 2), moved.flip(1)], dim=2)

    def _bends(self, cases: int, size: tuple[int, ...], where: torch.device) -> Float[Tensor, "cases *size dimensions"]:
        dimensions = len(size)
        shifts = torch.randn(cases, dimensions, *(self.knots for _ in size), device=where)
        shifts *= self.elastic * 2.0 / (self.knots - 1)
        smooth = functional.interpolate(
            shifts, size, mode="bicubic" if dimensions == 2 else "trilinear", align_corners=True
        )
        return smooth.movedim(1, -1)


def nearest(targets: Tensor, warp: Warp) -> Tensor:
    """Maps of labels, shape (cases, channels, *size), moved with their images."""
    return warp(targets, mode="nearest")


def _times(spacing: tuple[float, ...]) -> str:
    return " x ".join(f"{one:g}" for one in spacing)


def _named(follow: Callable[[Tensor, Warp], Tensor]) -> str:
    """How targets follow, by the name of the function: an address would make no two descriptions alike."""
    return str(getattr(follow, "__name__", type(follow).__name__)).replace("_", " ").strip()


def _signed(shape: tuple[int, ...], where: torch.device) -> Tensor:
    """Uniform from -1 to 1."""
    return 2.0 * torch.rand(shape, device=where) - 1.0


def _still(cases: int, size: tuple[int, ...], where: torch.device) -> Float[Tensor, "cases *size dimensions"]:
    still = torch.eye(len(size), len(size) + 1, device=where).repeat(cases, 1, 1)
    return functional.affine_grid(still, [cases, 1, *size], align_corners=False)
