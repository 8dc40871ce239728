"""Several looks at each case when the network predicts."""

from dataclasses import dataclass

from torch import Tensor

from bedside.errors import ModelError, StudyError
from bedside.modalities.imaging.batches import ImageTensors


@dataclass(frozen=True)
class Mirrored:
    """The image as it is, and mirrored along each axis by itself: only where anatomy allows it.

    Attributes:
        axes: Spatial axes, 0 is the first.

    Raises:
        StudyError: There are no axes, or one twice.
    """

    axes: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.axes or not set(self.axes) <= {0, 1, 2} or len(set(self.axes)) < len(self.axes):
            msg = f"mirrored views were declared along axes={self.axes}; different axes from 0 to 2 are allowed"
            raise StudyError(msg)

    @property
    def description(self) -> str:
        """Half a sentence for the methods section."""
        return f"as it is, and mirrored along axis {' and along axis '.join(str(axis + 1) for axis in self.axes)}"

    def __call__(self, batch: ImageTensors) -> list[ImageTensors]:
        """One batch a look.

        Raises:
            ModelError: The images have not the axes that were declared.
        """
        dimensions = batch.pixels.ndim - 2
        if max(self.axes) >= dimensions:
            msg = f"mirrored views along axes={self.axes} were given images of {dimensions} axes; declare smaller ones"
            raise ModelError(msg)
        return [batch, *(batch._replace(pixels=batch.pixels.flip(axis + 2)) for axis in self.axes)]

    def back(self, maps: Tensor, look: int) -> Tensor:
        """Maps that were made of one look, as they lie on the image.

        Args:
            maps: Shape (cases, channels, *size).
            look: Its position in what the call gives.
        """
        return maps if look == 0 else maps.flip(self.axes[look - 1] + 2)
