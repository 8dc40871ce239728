"""Images of one partition as tensors, taken a batch at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor, device, from_numpy

from bedside.modalities.imaging.cache import MEMORY_BYTES, Records, records
from bedside.modalities.imaging.image import Readable
from bedside.modalities.imaging.preparation import Preparation


class ImageTensors(NamedTuple):
    """Cases as tensors.

    Attributes:
        pixels: Standardised: mean about 0, spread about 1.
    """

    pixels: Float[Tensor, "cases channels *size"]


@dataclass(frozen=True, eq=False)
class ImageBatches:
    """A whole partition, decoded and shaped once, in memory or mapped from disk, standardised as it is taken.

    Attributes:
        records: The shaped images.
        scale: What they are standardised by, shape (4, cases or 1, channels or 1).
    """

    records: Records
    scale: Float[Tensor, "4 cases channels"]

    @classmethod
    def of(
        cls, preparation: Preparation, predictors: Sequence[Readable], *, memory_bytes: int = MEMORY_BYTES
    ) -> "ImageBatches":
        """The batches of a partition.

        Args:
            preparation: Fitted on development.
            predictors: Images in memory or in files.
            memory_bytes: What the partition may take in memory; a larger one is mapped from the cache folder.

        Raises:
            FileProblem: An image cannot be used.
            OutputProblem: The cache folder cannot be written.
        """
        images = records(preparation.plan, predictors, memory_bytes=memory_bytes)
        return cls(images, from_numpy(preparation.moments(images)))

    def __len__(self) -> int:
        return len(self.records)

    def take(self, positions: Int64[Tensor, " cases"], where: device) -> ImageTensors:
        """The cases at these positions, standardised where they will be used."""
        taken = from_numpy(self.records.take(positions.numpy())).to(where)
        scale = self.scale if self.scale.shape[1] == 1 else self.scale[:, positions]
        scale = scale.to(where).reshape(*scale.shape, *(1 for _ in taken.shape[2:]))
        low, high, centre, factor = scale
        pixels = torch.clamp(taken.float(), low, high).sub_(centre).mul_(factor)
        return ImageTensors(pixels)
