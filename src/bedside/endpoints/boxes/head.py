"""The head of a network for boxes: at every position of a fine map, whether a thing has its centre there, and its box.

Centres are peaks of one map a kind (Zhou, Wang and Krähenbühl 2019, "Objects as points"), and every position near a
centre learns the box, not the centre alone (Liu et al., AAAI 2020, "Training-time-friendly network"). Of the detectors
without anchors this learns fastest from few images: many positions teach each box, one map serves all sizes, and
nothing has to be fitted to the sizes of the things beforehand.
"""

import math
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import torch
from jaxtyping import Bool, Float
from numpy.typing import NDArray
from torch import Tensor, nn

from bedside.endpoints.boxes.boxes import Boxes, Found, sides
from bedside.endpoints.boxes.peaks import boxes_at_peaks
from bedside.endpoints.boxes.target import BoxTarget
from bedside.endpoints.endpoint import Endpoint
from bedside.errors import ModelError
from bedside.networks.convolutional.layers import unit
from bedside.networks.features import Pyramid
from bedside.networks.head import Head

NONE = -1.0
"""Kind of a target that only fills a row."""

PRIOR = 0.02
"""Probability of a centre, at every position, before anything is learned (Lin et al., ICCV 2017)."""

SPREAD = 0.54 / 6.0
"""Standard deviation of a centre's peak, as a share of the box's sides (Liu et al.)."""

NEAR = math.exp(-4.5)
"""Height of a peak, three standard deviations from its centre, from which a position learns the box."""

BOX_WEIGHT = 5.0
"""Of the loss of boxes beside that of centres (Liu et al.)."""

_WIDEST = 6.0
"""Largest log ratio of a predicted distance to the mean one: exp(6) is beyond any image."""


class BoxHead(Head[Pyramid, Boxes, Found]):
    """Maps of centres and of distances to the starts and ends of boxes, on the finest map of a pyramid.

    A peak of height 1 lies at each centre, as wide as its box; a focal loss brings the maps to it. Distances are
    learned by the generalised overlap of boxes (Rezatofighi et al., CVPR 2019), every box counting alike.
    """

    size: Tensor
    reach: Tensor

    def __init__(self, endpoint: Endpoint[Any, Any], width: int, members: int) -> None:
        """Make a head.

        Args:
            endpoint: Its kinds of boxes and their dimensions.
            width: Channels of the finest map.
            members: 1: maps are not shared among several.

        Raises:
            ModelError: The endpoint is none of boxes, or there are several members.
        """
        super().__init__()
        if members != 1:
            msg = f"a head for boxes was given features of {members} members; use an encoder with one"
            raise ModelError(msg)
        target = endpoint.target
        if not isinstance(target, BoxTarget):
            msg = f"a head for boxes needs an endpoint of boxes, not a {endpoint.name} one"
            raise ModelError(msg)
        kinds, dimensions = len(target.kinds), target.dimensions
        self.kinds, self.dimensions = kinds, dimensions
        self.of_centres = _branch(dimensions, width, kinds, bias=math.log(PRIOR / (1.0 - PRIOR)))
        self.of_boxes = _branch(dimensions, width, 2 * dimensions, bias=0.0)
        # What all prepared images have in common travels with the weights: a box is decoded without its image.
        self.register_buffer("size", torch.zeros(dimensions))
        self.register_buffer("reach", torch.ones(dimensions))

    def adapt(self, outcomes: Sequence[Boxes]) -> None:
        """Learn the size of the prepared images and the mean size of boxes, where outcomes have been placed.

        Raises:
            ModelError: There is no box, or one of another kind or of other dimensions.
        """
        corners = [one.corners for one in outcomes if len(one)]
        most = max((int(one.kinds.max()) for one in outcomes if len(one)), default=-1)
        if most < 0 or most >= self.kinds or any(one.dimensions != self.dimensions for one in outcomes):
            msg = (
                f"a network for {self.kinds} kinds of boxes in {self.dimensions} dimensions cannot be fitted to "
                f"{len(outcomes)} development images: they hold {sum(map(len, outcomes))} boxes, of kinds up to number "
                f"{most}; give at least one box, kinds from 0 to {self.kinds - 1}, and as many axes"
            )
            raise ModelError(msg)
        lengths = np.log(sides(np.concatenate(corners)).astype(np.float64))
        self.reach.copy_(torch.from_numpy(np.exp(lengths.mean(axis=0)) / 2.0))
        found = {one.size if one.prepared else None for one in outcomes}
        size = found.pop() if len(found) == 1 else None
        if size is not None:
            self.size.copy_(torch.tensor(size))

    def targets(self, outcomes: Sequence[Boxes]) -> Float[Tensor, "cases most columns"]:
        """Corners and kind of every box, then of those set aside (`Aside.codes`); rows are filled up with NONE.

        Raises:
            ModelError: The boxes have not been placed on prepared images of one size.
        """
        size = tuple(int(length) for length in self.size.tolist())
        if 0 in size or any(not one.prepared or one.size != size for one in outcomes):
            msg = (
                "boxes were not placed on prepared images of one size, which the network must know; train it with "
                "Network(way=Framed(), ...)"
            )
            raise ModelError(msg)
        most = max(1, max((len(one) + _aside(one) for one in outcomes), default=1))
        table = torch.zeros(len(outcomes), most, 2 * self.dimensions + 1)
        table[..., -1] = NONE
        for row, one in enumerate(outcomes):
            table[row, : len(one), :-1] = torch.from_numpy(one.corners)
            table[row, : len(one), -1] = torch.from_numpy(one.kinds).float()
            if one.aside is not None:
                rest = slice(len(one), len(one) + len(one.aside))
                table[row, rest, :-1] = torch.from_numpy(one.aside.corners)
                table[row, rest, -1] = torch.from_numpy(one.aside.codes).float()
        return table

    def forward(self, features: Pyramid) -> Float[Tensor, "cases channels *map"]:
        """Log-odds of centres, one map a kind, then log ratios of distances to the mean one."""
        finest = features.maps[0]
        return torch.cat([self.of_centres(finest), self.of_boxes(finest)], dim=1)

    def loss(
        self, outputs: Float[Tensor, "cases channels *map"], targets: Float[Tensor, "cases most columns"]
    ) -> Float[Tensor, ""]:
        """Focal loss of centres and generalised overlap of boxes, both over the number of boxes."""
        corners, kinds = targets[..., :-1], targets[..., -1]
        places = self._places(outputs)
        peaks = self._peaks(corners, kinds, outputs.shape[2:])
        there = (kinds >= 0).sum().clamp(min=1)
        wanted = torch.stack([self._of_kind(peaks, kinds, kind) for kind in range(self.kinds)], dim=1)
        logits = outputs[:, : self.kinds].flatten(2)
        near, owner = torch.where(peaks >= NEAR, peaks, 0.0).max(dim=1)
        learning = [torch.where(owner == row, near, 0.0).sum(dim=1) for row in range(kinds.shape[1])]
        weight = near / torch.stack(learning, dim=1).clamp(min=1e-6).gather(1, owner)
        aims = corners.gather(1, owner[..., None].expand(-1, -1, corners.shape[-1]))
        lost = 1.0 - generalised_overlap(self._corners(outputs, places), aims)
        unjudged = self._aside(corners, kinds, places) if bool((kinds < NONE).any()) else None
        return focal(logits, wanted, unjudged) / there + BOX_WEIGHT * (weight * lost).sum() / there

    def decode(self, outputs: NDArray[np.float32]) -> list[Found]:
        """Peaks of the maps as boxes in pixels of the prepared images, repetitions of a kind left out."""
        size = tuple(int(length) for length in self.size.tolist())
        reach = np.tile(self.reach.cpu().numpy(), 2).reshape(-1, *(1 for _ in size))
        distances = np.exp(np.minimum(outputs[:, self.kinds :], _WIDEST)) * reach
        return [boxes_at_peaks(one[: self.kinds], far, size) for one, far in zip(outputs, distances, strict=True)]

    def _places(self, outputs: Tensor) -> Float[Tensor, "positions dimensions"]:
        """Where the positions of the map lie, in pixels: as `peaks.centres` has it."""
        axes = [
            (torch.arange(n, device=outputs.device) + 0.5) * (length / n) - 0.5
            for length, n in zip(self.size, outputs.shape[2:], strict=True)
        ]
        return torch.stack([one.flatten() for one in torch.meshgrid(*axes, indexing="ij")], dim=1)

    def _corners(self, outputs: Tensor, places: Tensor) -> Float[Tensor, "cases positions corners"]:
        """The box that every position tells."""
        raw = outputs[:, self.kinds :].flatten(2).mT.clamp(max=_WIDEST)
        far = torch.exp(raw) * self.reach.repeat(2)
        starts, ends = places - far[..., : self.dimensions], places + far[..., self.dimensions :]
        return torch.cat([starts, ends], dim=-1)

    def _peaks(self, corners: Tensor, kinds: Tensor, shape: Sequence[int]) -> Float[Tensor, "cases most positions"]:
        """The peak of every box, 1 at the position that holds its centre, 0 for rows of none."""
        peaks = (kinds >= 0).to(corners.dtype)[..., None]
        for axis in range(self.dimensions):
            n, step = shape[axis], self.size[axis] / shape[axis]
            start, end = corners[..., axis], corners[..., axis + self.dimensions]
            centre = (((start + end) / 2.0 + 0.5) / step).floor().clamp(0, n - 1)
            # A peak narrower than the map would leave its neighbours without a slope to climb.
            width = (SPREAD * (end - start) / step).clamp(min=1.0 / 3.0)
            along = torch.arange(n, device=corners.device) - centre[..., None]
            height = torch.exp(-0.5 * (along / width[..., None]) ** 2)
            peaks = (peaks[..., :, None] * height[..., None, :]).flatten(2)
        return peaks

    def _aside(self, corners: Tensor, kinds: Tensor, places: Tensor) -> Bool[Tensor, "cases kinds positions"]:
        """Positions in a box of each kind that was set aside: a centre there is neither right nor wrong."""
        starts, ends = corners[..., : self.dimensions], corners[..., self.dimensions :]
        inside = ((places >= starts[..., None, :]) & (places <= ends[..., None, :])).all(dim=-1)
        of = torch.where(kinds < NONE, ((-2.0 - kinds) / 2.0).floor(), NONE)
        each = [(inside & (of == kind)[..., None]).any(dim=1) for kind in range(self.kinds)]
        return torch.stack(each, dim=1)

    def _of_kind(self, peaks: Tensor, kinds: Tensor, kind: int) -> Float[Tensor, "cases positions"]:
        return torch.where((kinds == kind)[..., None], peaks, 0.0).amax(dim=1)


def _branch(dimensions: int, width: int, outputs: int, *, bias: float) -> nn.Sequential:
    """A look at the neighbours, and numbers that begin near a constant."""
    last = (nn.Conv2d if dimensions == 2 else nn.Conv3d)(width, outputs, 1)
    nn.init.normal_(last.weight, std=0.01)
    nn.init.constant_(cast("Tensor", last.bias), bias)
    return nn.Sequential(unit("batch", dimensions, width, width), last)


def focal(logits: Tensor, wanted: Tensor, unjudged: Tensor | None = None) -> Float[Tensor, ""]:
    """Sum of the focal losses of all positions, less near a centre (Law and Deng, ECCV 2018).

    Args:
        logits: Of any shape.
        wanted: The same shape; 1 at centres.
        unjudged: Where what is no centre is left out, the same shape; None for nowhere.
    """
    chance = torch.sigmoid(logits)
    at = wanted >= 1.0 - 1e-6
    hit = (1.0 - chance) ** 2 * nn.functional.logsigmoid(logits)
    miss = (1.0 - wanted) ** 4 * chance**2 * nn.functional.logsigmoid(-logits)
    if unjudged is not None:
        miss = torch.where(unjudged, 0.0, miss)
    return -torch.where(at, hit, miss).sum()


def _aside(one: Boxes) -> int:
    return 0 if one.aside is None else len(one.aside)


def generalised_overlap(ours: Tensor, others: Tensor) -> Tensor:
    """Intersection over union less the share of the enclosing box that is neither's, -1 to 1.

    Args:
        ours: Corners, shape (..., 2 * dimensions), ends beyond starts.
        others: The same shape; boxes without extent count as nothing.
    """
    half = ours.shape[-1] // 2
    shared = torch.minimum(ours[..., half:], others[..., half:]) - torch.maximum(ours[..., :half], others[..., :half])
    around = torch.maximum(ours[..., half:], others[..., half:]) - torch.minimum(ours[..., :half], others[..., :half])
    inside = shared.clamp(min=0.0).prod(dim=-1)
    volumes = [(one[..., half:] - one[..., :half]).clamp(min=0.0).prod(dim=-1) for one in (ours, others)]
    union = (volumes[0] + volumes[1] - inside).clamp(min=1e-6)
    whole = around.prod(dim=-1).clamp(min=1e-6)
    return inside / union - (whole - union) / whole
