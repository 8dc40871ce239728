"""Grey values made brighter, steeper, darker in the middle, noisier and more blurred, as other machines make them."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from bedside.modalities.imaging.augment.strength import within
from bedside.modalities.imaging.batches import ImageTensors

_LIMITS = {"brightness": 3.0, "contrast": 2.0, "gamma": 2.0, "noise": 3.0, "blur": 1.0}


@dataclass(frozen=True)
class Intensity:
    """Changes of standardised values, drawn for each case by itself.

    Attributes:
        brightness: At most so much is added, in standard deviations.
        contrast: At most so much steeper or flatter about the image's mean (0.2: 20 %).
        gamma: Values, brought to 0 to 1 by the image's range, are raised to a power from 1/(1 + gamma) to 1 + gamma.
        noise: Standard deviation of normal noise, at most.
        blur: Share, at most, of the image that is replaced by its average over 1-2-1 neighbours along each axis.

    Raises:
        StudyError: A strength is out of its range.
    """

    brightness: float = 0.0
    contrast: float = 0.0
    gamma: float = 0.0
    noise: float = 0.0
    blur: float = 0.0

    def __post_init__(self) -> None:
        within("intensity", {name: getattr(self, name) for name in _LIMITS}, _LIMITS)

    @property
    def description(self) -> str:
        """Part of a sentence for the methods section."""
        parts = [f"{name} by up to {getattr(self, name):g}" for name in _LIMITS if getattr(self, name)]
        return f"changed in {', '.join(parts)}" if parts else "changed in no intensity"

    def __call__(self, batch: ImageTensors, targets: Tensor) -> tuple[ImageTensors, Tensor]:
        """The batch with other values; targets are left."""
        pixels = batch.pixels
        if self.blur:
            pixels = torch.lerp(
                pixels, neighbourly(pixels), self.blur * torch.rand(_each(pixels), device=pixels.device)
            )
        if self.gamma:
            pixels = _bent(pixels, self.gamma)
        if self.contrast or self.brightness:
            steeper = (1.0 + self.contrast) ** _signed(pixels)
            centre = pixels.mean(dim=tuple(range(1, pixels.ndim)), keepdim=True)
            pixels = pixels * steeper + (centre * (1.0 - steeper) + self.brightness * _signed(pixels))
        if self.noise:
            spread = self.noise * torch.rand(_each(pixels), device=pixels.device)
            pixels = torch.addcmul(pixels, torch.randn_like(pixels), spread)
        return batch._replace(pixels=pixels), targets


def neighbourly(pixels: Float[Tensor, "cases channels *size"]) -> Float[Tensor, "cases channels *size"]:
    """Averages over 1-2-1 neighbours along each spatial axis, the border repeated."""
    for axis in range(2, pixels.ndim):
        length = pixels.shape[axis]
        before = torch.cat([pixels.narrow(axis, 0, 1), pixels.narrow(axis, 0, length - 1)], dim=axis)
        after = torch.cat([pixels.narrow(axis, 1, length - 1), pixels.narrow(axis, length - 1, 1)], dim=axis)
        pixels = torch.lerp(pixels, before.add_(after).mul_(0.5), 0.5)
    return pixels


def _bent(pixels: Float[Tensor, "cases channels *size"], strength: float) -> Float[Tensor, "cases channels *size"]:
    every = tuple(range(1, pixels.ndim))
    low, high = pixels.amin(dim=every, keepdim=True), pixels.amax(dim=every, keepdim=True)
    reach = (high - low).clamp_min(torch.finfo(pixels.dtype).tiny)
    power = (1.0 + strength) ** _signed(pixels)
    return torch.minimum(((pixels - low) / reach).clamp(0.0, 1.0).pow(power).mul_(reach).add_(low), high)


def _each(pixels: Tensor) -> tuple[int, ...]:
    return (len(pixels), *(1 for _ in pixels.shape[1:]))


def _signed(pixels: Tensor) -> Tensor:
    """Uniform from -1 to 1, one number a case."""
    return 2.0 * torch.rand(_each(pixels), device=pixels.device) - 1.0
