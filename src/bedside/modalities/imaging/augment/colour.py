"""Colours turned, weakened and cast, as other lamps, cameras and stains make them."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from bedside.errors import ModelError
from bedside.modalities.imaging.augment.strength import within
from bedside.modalities.imaging.batches import ImageTensors

_LIMITS = {"hue": 180.0, "saturation": 1.0, "cast": 1.0}


@dataclass(frozen=True)
class ColourJitter:
    """One linear change of red, green and blue a case: standardised values are their own, grey is their mean.

    Attributes:
        hue: Degrees, at most, by which colours are turned about the grey axis.
        saturation: Colours are at most so much stronger or weaker (0.2: 20 %).
        cast: Each channel by itself is at most so much stronger or weaker.

    Raises:
        StudyError: A strength is out of its range.
    """

    hue: float = 0.0
    saturation: float = 0.0
    cast: float = 0.0

    def __post_init__(self) -> None:
        within("colour", {name: getattr(self, name) for name in _LIMITS}, _LIMITS)

    @property
    def description(self) -> str:
        """Part of a sentence for the methods section."""
        parts = [f"{name} by up to {getattr(self, name):g}" for name in _LIMITS if getattr(self, name)]
        return f"coloured in {', '.join(parts)}" if parts else "coloured in no way"

    def __call__(self, batch: ImageTensors, targets: Tensor) -> tuple[ImageTensors, Tensor]:
        """The batch in other colours; targets are left.

        Raises:
            ModelError: The images are not in colour.
        """
        pixels = batch.pixels
        if pixels.shape[1] != 3:
            msg = f"colours were to be changed in images of {pixels.shape[1]} channels; colour has 3"
            raise ModelError(msg)
        if not (self.hue or self.saturation or self.cast):
            return batch, targets
        changed = self._matrices(len(pixels), pixels.device) @ pixels.flatten(2)
        return batch._replace(pixels=changed.reshape(pixels.shape)), targets

    def _matrices(self, cases: int, where: torch.device) -> Tensor:
        angle, strength, gains = (2.0 * torch.rand(cases, count, 1, device=where) - 1.0 for count in (1, 1, 3))
        grey = torch.full((3, 3), 1.0 / 3.0, device=where)
        # Rodrigues' formula about the grey axis: what is parallel stays, what is across turns.
        across = torch.eye(3, device=where) - grey
        root = 1.0 / math.sqrt(3.0)
        cross = torch.tensor([[0.0, -root, root], [root, 0.0, -root], [-root, root, 0.0]], device=where)
        turned = torch.cos(math.radians(self.hue) * angle) * across + torch.sin(math.radians(self.hue) * angle) * cross
        return (1.0 + self.cast) ** gains * (grey + (1.0 + self.saturation) ** strength * turned)
