"""Changes to training images that leave the diagnosis as it is, one after the other."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from torch import Tensor

from bedside.modalities.imaging.batches import ImageTensors


@runtime_checkable
class Augmentation(Protocol):
    """Changes a batch of images and, where they are maps, its targets; draws from torch's global generator only."""

    @property
    def description(self) -> str:
        """Part of a sentence for the methods section."""
        ...

    def __call__(self, batch: ImageTensors, targets: Tensor) -> tuple[ImageTensors, Tensor]:
        """The changed batch and targets, cases in order; the given ones are left as they are."""
        ...


@dataclass(frozen=True)
class Augmentations:
    """Several changes in a row.

    Attributes:
        parts: In the order in which they are applied.
    """

    parts: tuple[Augmentation, ...]

    @property
    def description(self) -> str:
        """The parts, separated by semicolons."""
        return "; ".join(part.description for part in self.parts)

    def __call__(self, batch: ImageTensors, targets: Tensor) -> tuple[ImageTensors, Tensor]:
        """The batch and targets after all parts."""
        for part in self.parts:
            batch, targets = part(batch, targets)
        return batch, targets
