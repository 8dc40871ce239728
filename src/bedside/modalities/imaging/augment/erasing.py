"""Boxes blotted out, so that no single place decides."""

from dataclasses import dataclass

import torch
from torch import Tensor

from bedside.errors import StudyError
from bedside.modalities.imaging.augment.box import box
from bedside.modalities.imaging.augment.strength import within
from bedside.modalities.imaging.batches import ImageTensors


@dataclass(frozen=True)
class Erasing:
    """In some cases a box is set to 0, the mean of standardised values (Zhong et al., AAAI 2020).

    Attributes:
        probability: That a case gets a box.
        share: Smallest and largest share of the image that the box covers.

    Raises:
        StudyError: A probability or share is out of its range.
    """

    probability: float = 0.25
    share: tuple[float, float] = (0.02, 0.2)

    def __post_init__(self) -> None:
        within("erasing", {"probability": self.probability}, {"probability": 1.0})
        if not 0.0 <= self.share[0] <= self.share[1] <= 1.0:
            msg = f"erasing was declared with share={self.share}; allowed are two rising numbers from 0 to 1"
            raise StudyError(msg)

    @property
    def description(self) -> str:
        """Part of a sentence for the methods section."""
        low, high = self.share
        return f"blotted out in a box of {low:.0%} to {high:.0%} with probability {self.probability:g}"

    def __call__(self, batch: ImageTensors, targets: Tensor) -> tuple[ImageTensors, Tensor]:
        """The batch with boxes; targets are left."""
        pixels = batch.pixels
        if not self.probability:
            return batch, targets
        cases, where = len(pixels), pixels.device
        low, high = self.share
        covered = low + (high - low) * torch.rand(cases, device=where)
        erased = box(covered, tuple(pixels.shape[2:]))
        erased &= (torch.rand(cases, device=where) < self.probability).reshape(-1, *(1 for _ in pixels.shape[2:]))
        return batch._replace(pixels=pixels.masked_fill(erased[:, None], 0.0)), targets
