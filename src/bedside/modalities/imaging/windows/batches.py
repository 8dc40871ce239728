"""Windows of the images of one partition as tensors."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor, device

from bedside.data.placement import Placement
from bedside.modalities.imaging.batches import ImageTensors
from bedside.modalities.imaging.image import Readable
from bedside.modalities.imaging.windows.preparation import Standing, WindowPreparation

Start = tuple[int, ...]
"""Where a window begins; negative where the image is thinner, and padded."""


class WindowBatches:
    """A partition of images of any size, prepared when they are first needed, seen in windows.

    As batches of whole cases, which pre-training takes, each image is represented by the window at its centre.

    Attributes:
        preparation: Fitted on development.
        predictors: Images in memory or in files.
        patch: Pixels of a window along each axis.
        batch: Windows a step that the plan has room for.
    """

    def __init__(self, preparation: WindowPreparation, predictors: Sequence[Readable]) -> None:
        self.preparation, self.predictors = preparation, predictors
        self.patch, self.batch = preparation.plan.patch, preparation.plan.batch
        self._keys: dict[int, bytes] = {}

    def __len__(self) -> int:
        return len(self.predictors)

    def size(self, place: int) -> tuple[int, ...]:
        """Pixels of a prepared image along each axis; raises FileProblem when it cannot be used."""
        return self._image(place).pixels.shape[1:]

    def placement(self, place: int) -> Placement:
        """Where a prepared image lies in the image as it was read; raises FileProblem when it cannot be used."""
        return self._image(place).placement

    def windows(self, places: Sequence[int], starts: Sequence[Start], where: device) -> ImageTensors:
        """Standardised windows on a device.

        Args:
            places: Of the images, one a window.
            starts: Of the windows.
            where: The device.

        Raises:
            FileProblem: An image cannot be used.
        """
        pixels = torch.empty(len(places), self.preparation.plan.image.channels, *self.patch)
        for row, place, start in zip(pixels.numpy(), places, starts, strict=True):
            image = self._image(place)
            low, high, centre, factor = self.preparation.moments(image).reshape(4, -1, *(1 for _ in self.patch))
            inside, shown = overlap(image.pixels.shape[1:], start, self.patch)
            if inside != tuple(slice(0, side) for side in self.patch):
                row[:] = image.darkest.reshape(-1, *(1 for _ in self.patch))
            row[(slice(None), *inside)] = image.pixels[(slice(None), *shown)]
            np.clip(row, low, high, out=row)
            np.subtract(row, centre, out=row)
            np.multiply(row, factor, out=row)
        return ImageTensors(pixels.to(where))

    def take(self, positions: Int64[Tensor, " cases"], where: device) -> ImageTensors:
        """The window at the centre of each of these images."""
        places = positions.tolist()
        starts = [tuple((n - side) // 2 for n, side in zip(self.size(k), self.patch, strict=True)) for k in places]
        return self.windows(places, starts, where)

    def _image(self, place: int) -> Standing:
        readable = self.predictors[place]
        if place not in self._keys:
            self._keys[place] = self.preparation.key(readable)
        return self.preparation.standing(readable, self._keys[place], place, len(self))


def overlap(size: tuple[int, ...], start: Start, patch: tuple[int, ...]) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """The part of a window that lies on an image, in the window and in the image."""
    inside = tuple(
        slice(max(0, -first), min(side, length - first)) for first, side, length in zip(start, patch, size, strict=True)
    )
    shown = tuple(slice(first + one.start, first + one.stop) for first, one in zip(start, inside, strict=True))
    return inside, shown
