"""Which places of the last map speak for the predicted class, by its gradient.

Grad-CAM: Selvaraju et al., ICCV 2017, equations 1 and 2. Grad-CAM++: Chattopadhay et al., WACV 2018, equation 19 with
the exponential of the score as output.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from bedside.explain.images.method import Found
from bedside.explain.images.score import SCORE, Batch, Scored

USABLE = 4
"""Positions along each axis from which a map tells one place from another."""

Weigh = Callable[[Tensor, Tensor], Tensor]
"""(map, gradient), both (cases, channels, positions), to the weight of each channel, (cases, channels, 1)."""


@dataclass(frozen=True)
class GradCam:
    """The last map that has places, its channels weighted.

    Attributes:
        name: snake_case.
        label: As printed.
        words: How channels are weighted, with its source.
        weigh: Does it.
    """

    name: str
    label: str
    words: str
    weigh: Weigh

    @property
    def description(self) -> str:
        """For the methods section."""
        return (
            f"{self.label} ({self.words}): channels of the network's last map of at least {USABLE} positions along "
            "each axis, weighted by the gradient of the score, summed, negative sums dropped, and enlarged to the "
            f"image. It tells places as coarsely as that map does. {SCORE}"
        )

    def attribute(self, network: Scored, batch: Batch, *, both_ways: bool) -> Found:
        """Maps of a batch; both ways, those for a higher and for a lower score together."""
        with torch.enable_grad():
            features = network.seen(batch.pixels.detach().requires_grad_())
            seen = usable(features.maps, batch.pixels.shape[2:])
            scores = network.score(features, batch.place, batch.sign)
            [gradient] = torch.autograd.grad(scores.sum(), seen)
        flat, slopes = seen.detach().flatten(2), gradient.flatten(2)
        found = self._positive(flat, slopes) + (self._positive(flat, -slopes) if both_ways else 0.0)
        return Found(enlarged(found.view(len(found), *seen.shape[2:]), batch.pixels.shape[2:]))

    def _positive(self, flat: Tensor, slopes: Tensor) -> Tensor:
        return torch.relu((self.weigh(flat, slopes) * flat).sum(dim=1))


def usable(maps: Sequence[Tensor], size: Sequence[int]) -> Tensor:
    """The coarsest map with `USABLE` positions along each axis (fewer where the image has fewer), or the finest."""
    for one in reversed(maps):
        if all(length >= min(USABLE, whole) for length, whole in zip(one.shape[2:], size, strict=True)):
            return one
    return maps[0]


def enlarged(maps: Float[Tensor, " cases *positions"], size: Sequence[int]) -> Float[Tensor, " cases *size"]:
    """Maps at the size of the images, by linear interpolation."""
    mode = "bilinear" if len(size) == 2 else "trilinear"
    return torch.nn.functional.interpolate(maps[:, None], size=tuple(size), mode=mode, align_corners=False)[:, 0]


def _mean_slope(flat: Tensor, slopes: Tensor) -> Tensor:
    del flat
    return slopes.mean(dim=2, keepdim=True)


def _higher_orders(flat: Tensor, slopes: Tensor) -> Tensor:
    square, cube = slopes.square(), slopes.pow(3)
    below = 2.0 * square + flat.sum(dim=2, keepdim=True) * cube
    share = torch.where(below != 0.0, square / torch.where(below != 0.0, below, torch.ones_like(below)), 0.0)
    return (share * torch.relu(slopes)).sum(dim=2, keepdim=True)


GRAD_CAM = GradCam("grad_cam", "Grad-CAM", "Selvaraju et al., 2017", _mean_slope)
GRAD_CAM_PLUS_PLUS = GradCam("grad_cam_plus_plus", "Grad-CAM++", "Chattopadhay et al., 2018", _higher_orders)
